// Dots: each job at the time it finished, the higher the longer it took.
"use strict";

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
