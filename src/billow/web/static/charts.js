// Draws the charts. Their numbers stand in the page, as data of a figure and as a table.
"use strict";

const charts = new Map();
const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);

function colour(token) {
  probe.style.color = `var(--${token})`;
  return getComputedStyle(probe).color;
}

function faded(rgb, share) {
  return rgb.replace(/^rgba?\(([^)]*)\)$/, (_, parts) => {
    const [r, g, b] = parts.split(/[ ,/]+/);
    return `rgba(${r}, ${g}, ${b}, ${share})`;
  });
}

function shortNumber(value) {
  if (Math.abs(value) >= 10000) return `${Math.round(value / 1000)}k`;
  return value === Math.round(value) ? String(value) : String(Math.round(value * 100) / 100);
}

function shortSpan(seconds) {
  if (seconds < 0.001) return `${Math.round(seconds * 1e6)} µs`;
  if (seconds < 1) return `${shortNumber(Math.round(seconds * 1e6) / 1000)} ms`;
  return seconds < 60 ? `${shortNumber(seconds)} s` : `${shortNumber(Math.round(seconds / 6) / 10)} min`;
}

// Round places on a compressed scale: from one to the next it is about three times as much.
function roundPlaces(u, axis, low, high) {
  if (low === 0 && high <= 1) return [0, 0.25, 0.5, 0.75, 1];
  const places = low === 0 ? [0] : [];
  for (let power = low === 0 ? 0 : -4; power < 7; power++) places.push(10 ** power, 3 * 10 ** power);
  return places.filter((place) => place >= low && place <= high);
}

function axes(yText, ySplits) {
  const shared = () => ({
    stroke: colour("muted"),
    font: "11px system-ui, sans-serif",
    ticks: { show: false },
    grid: { stroke: colour("line"), width: 1 },
  });
  const clock = (seconds) => new Date(seconds * 1000).toLocaleTimeString("en-GB");
  return [
    {
      ...shared(),
      grid: { show: false },
      space: 70,
      size: 26,
      values: (u, splits, axis, space, incr) =>
        splits.map((at) => (incr < 60 ? clock(at) : clock(at).slice(0, 5))),
    },
    {
      ...shared(),
      size: 46,
      gap: 4,
      space: 34,
      splits: ySplits,
      filter: (u, splits) => splits,
      values: (u, splits) => splits.map(yText),
    },
  ];
}

// ---- Lines over time

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
    points: { show: false },
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
        range: (u, low, high) => [0, Math.max(1, (high ?? 0) * 1.12)],
      },
    },
    series: [{}, ...drawn.map(seriesOf)],
    axes: axes(shortNumber, data.compressed ? roundPlaces : undefined),
    hooks: { setCursor: [(u) => readOut(figure, u.cursor.idx)] },
  };
}

function readOut(figure, place) {
  const data = charts.get(figure.id)?.data;
  if (!data) return;
  for (const cell of figure.querySelectorAll("[data-line]")) {
    const { values } = data.lines[Number(cell.dataset.line)];
    const value = values[place ?? values.length - 1];
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

// ---- Marks: what was decided, at its moment

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

// ---- Dots: each job at its finish

const OUTCOMES = { completed: "ok", failed: "bad", cancelled: "plain" };

function drawDot(context, status, x, y, size) {
  context.beginPath();
  if (status === "failed") {
    context.moveTo(x, y - size * 1.3);
    context.lineTo(x + size * 1.3, y);
    context.lineTo(x, y + size * 1.3);
    context.lineTo(x - size * 1.3, y);
    context.closePath();
    context.fill();
  } else if (status === "cancelled") {
    context.moveTo(x - size, y + size);
    context.lineTo(x + size, y - size);
    context.stroke();
  } else {
    context.arc(x, y, size, 0, 2 * Math.PI);
    context.fill();
  }
}

function drawDots(u, held) {
  const { ctx: context } = u;
  const size = 3.2 * devicePixelRatio;
  context.save();
  context.lineWidth = 2 * devicePixelRatio;
  for (const dot of held.dots) {
    const tone = colour(`tone-${OUTCOMES[dot.status] ?? "plain"}`);
    context.fillStyle = faded(tone, 0.75);
    context.strokeStyle = tone;
    drawDot(context, dot.status, u.valToPos(dot.x, "x", true), u.valToPos(Math.max(dot.y, 0.0005), "y", true), size);
  }
  context.restore();
}

function spread(dots, key, share) {
  const values = dots.map((dot) => dot[key]);
  const [low, high] = values.length ? [Math.min(...values), Math.max(...values)] : [0, 1];
  const pad = Math.max((high - low) * share, 1);
  return [low - pad, high + pad];
}

function dotOptions(plot, held) {
  return {
    width: plot.clientWidth,
    height: plot.clientHeight,
    padding: [14, 14, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { show: false }, x: false, y: false },
    scales: {
      x: { time: true, range: () => (held.dots.length ? spread(held.dots, "x", 0.03) : [Date.now() / 1000 - 300, Date.now() / 1000]) },
      y: { distr: 3, range: () => heights(held.dots) },
    },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: axes(shortSpan, roundPlaces),
    hooks: { draw: [(u) => drawDots(u, held)] },
  };
}

// From the round place below the shortest to the one above the longest.
function heights(dots) {
  const values = dots.map((dot) => Math.max(dot.y, 0.0005));
  if (!values.length) return [0.01, 10];
  const places = roundPlaces(null, 1, 1e-4, 1e7);
  const low = places.findLast((place) => place <= Math.min(...values)) ?? places[0];
  return [low, places.find((place) => place > Math.max(...values)) ?? places.at(-1)];
}

function columnsOf(dots) {
  const sorted = [...dots].sort((a, b) => a.x - b.x);
  return [sorted.map((dot) => dot.x), sorted.map((dot) => Math.max(dot.y, 0.0005))];
}

function openNearest(u, held) {
  const near = (dot) => Math.hypot(u.valToPos(dot.x, "x") - u.cursor.left, u.valToPos(dot.y, "y") - u.cursor.top);
  const nearest = held.dots.reduce((best, dot) => (best && near(best) <= near(dot) ? best : dot), null);
  if (nearest && near(nearest) < 14) location.assign(`/jobs/${nearest.id}`);
}

function drawPlot(figure) {
  const plot = figure.querySelector(".plot");
  const dots = JSON.parse(figure.dataset.dots);
  let chart = charts.get(figure.id);
  if (chart) {
    chart.data.dots = dots;
    chart.u.setData(columnsOf(dots));
    return;
  }
  const held = { dots };
  chart = { data: held, u: new uPlot(dotOptions(plot, held), columnsOf(dots), plot) };
  chart.u.over.addEventListener("click", () => openNearest(chart.u, held));
  charts.set(figure.id, chart);
}

// ---- All of them, kept up to date

function drawAll() {
  for (const figure of document.querySelectorAll("figure[data-chart]")) drawLines(figure);
  for (const figure of document.querySelectorAll("figure[data-dots]")) drawPlot(figure);
}

function drawAnew() {
  for (const { u } of charts.values()) u.destroy();
  charts.clear();
  drawAll();
}

let fitted = 0;

function fit([{ contentRect }]) {
  if (contentRect.width === fitted) return;
  fitted = contentRect.width;
  for (const { u } of charts.values()) {
    const plot = u.root.parentElement;
    u.setSize({ width: plot.clientWidth, height: plot.clientHeight });
  }
  drawAll();
}

document.addEventListener("htmx:after:swap", drawAll);
document.addEventListener("billow:theme", drawAnew);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAnew);
new ResizeObserver(fit).observe(document.querySelector("main"));
drawAll();
