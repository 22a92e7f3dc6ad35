// Draws all charts of the page, and keeps them up to date.
"use strict";

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
