// What all charts share. Their numbers stand in the page: as data of a figure, and as a table.
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
