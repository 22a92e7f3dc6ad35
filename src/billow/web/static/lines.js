// Lines over time, and marks for what was decided.
"use strict";

// Stacked lines are drawn as sums, the topmost first, so that each covers what is below it.
function stacked(lines) {
  const order = lines.map((line, place) => ({ line, place, values: line.values }));
  const stack = order.filter(({ line }) => line.style === "stack");
  for (let i = 1; i < stack.length; i++) {
    const below = stack[i - 1].values;
    stack[i].values = stack[i].line.values.map((v, at) => (v === null ? below[at] : v + (below[at] ?? 0)));
  }
  return [...stack.reverse(), ...order.filter(({ line }) => line.style !== "stack")];
}

function alone(values) {
  const known = values.filter((value) => value !== null);
  return known.length > 0 && known.length < 8;
}

function seriesOf({ line }) {
  const stroke = colour(`tone-${line.tone}`);
  const stack = line.style === "stack";
  return {
    label: line.label,
    stroke,
    width: stack ? 0 : line.style === "dashed" ? 1.5 : 2,
    dash: line.style === "dashed" ? [5, 4] : undefined,
    fill: stack ? stroke : line.style === "area" ? faded(stroke, 0.16) : undefined,
    paths: stack || line.tone === "wanted" ? uPlot.paths.stepped({ align: 1 }) : undefined,
    // A value without neighbours would make no line.
    points: { show: (u, place) => alone(u.data[place]), size: 5, fill: stroke },
  };
}

function timesOf(data) {
  return Array.from({ length: data.size }, (_, i) => data.since + i * data.step);
}

function lineOptions(figure, plot, data, drawn) {
  return {
    width: plot.clientWidth,
    height: plot.clientHeight,
    padding: [14, 10, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: "time", setSeries: false }, y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: true, range: () => [data.since, data.since + (data.size - 1) * data.step] },
      y: {
        distr: data.compressed ? 4 : 1,
        asinh: 1,
        range: (u, low, high) => [0, Math.max(data.least, (high ?? 0) * 1.12) || 1],
      },
    },
    series: [{}, ...drawn.map(seriesOf)],
    axes: axes(shortNumber, data.compressed ? roundPlaces : undefined),
    hooks: { setCursor: [(u) => readOut(figure, u.cursor.idx)] },
  };
}

function lastOf(values) {
  return values.slice(-5).findLast((value) => value !== null);
}

function readOut(figure, place) {
  const data = charts.get(figure.id)?.data;
  if (!data) return;
  for (const cell of figure.querySelectorAll("[data-line]")) {
    const { values } = data.lines[Number(cell.dataset.line)];
    const value = place === null || place === undefined ? lastOf(values) : values[place];
    cell.textContent = value === null || value === undefined ? "–" : shortNumber(value);
  }
}

function drawLines(figure) {
  const data = JSON.parse(figure.dataset.chart);
  const plot = figure.querySelector(".plot");
  const drawn = stacked(data.lines);
  const columns = [timesOf(data), ...drawn.map(({ values }) => values)];
  let chart = charts.get(figure.id);
  if (chart) {
    Object.assign(chart.data, data);
    chart.u.setData(columns);
  } else {
    const held = { ...data };
    chart = { data: held, u: new uPlot(lineOptions(figure, plot, held, drawn), columns, plot) };
    charts.set(figure.id, chart);
  }
  placeMarks(chart.u, data.marks);
  readOut(figure, chart.u.cursor.idx);
}

const SHAPES = { out: "M8 3.5 13.2 12H2.800z", in: "M8 12.500 2.800 4h10.400z", bad: "M8 1.700 14.300 8 8 14.300 1.700 8z" };

function markButton(mark) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = `mark ${mark.tone}`;
  const at = new Date(mark.at * 1000).toLocaleTimeString("en-GB");
  button.setAttribute("aria-label", `${at}. ${mark.text}`);
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawing.setAttribute("viewBox", "0 0 16 16");
  drawing.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[mark.tone] ?? "M8 5.500a2.500 2.500 0 1 0 .01 0");
  path.setAttribute("fill", "currentColor");
  drawing.append(path);
  button.append(drawing);
  return button;
}

function placeMarks(u, marks) {
  const known = new Map([...u.over.querySelectorAll(".mark")].map((button) => [button.dataset.key, button]));
  for (const mark of marks) {
    const key = `${mark.at} ${mark.text}`;
    const left = u.valToPos(mark.at, "x");
    if (left < 0 || left > u.over.clientWidth) continue;
    const button = known.get(key) ?? markButton(mark);
    if (!known.delete(key)) {
      button.dataset.key = key;
      tipOn(u.over, button);
      u.over.append(button);
    }
    button.style.left = `${left}px`;
    button.style.setProperty("--drop", `${u.over.clientHeight - 14}px`);
  }
  for (const gone of known.values()) gone.remove();
}

function tipOn(over, button) {
  let tip = null;
  const show = () => {
    if (tip) return;
    tip = document.createElement("div");
    tip.className = "mark-tip";
    tip.textContent = button.getAttribute("aria-label");
    over.append(tip);
    const left = Number.parseFloat(button.style.left);
    tip.style.left = `${Math.min(Math.max(0, left - tip.clientWidth / 2), over.clientWidth - tip.clientWidth)}px`;
  };
  const hide = () => {
    tip?.remove();
    tip = null;
  };
  for (const kind of ["mouseenter", "focus"]) button.addEventListener(kind, show);
  for (const kind of ["mouseleave", "blur"]) button.addEventListener(kind, hide);
}
