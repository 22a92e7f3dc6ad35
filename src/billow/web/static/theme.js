// Runs before the page is painted, so that a chosen theme does not flash.
(() => {
  "use strict";
  let chosen = null;
  try {
    chosen = localStorage.getItem("billow-theme");
  } catch {
    // Storage is switched off; the system's preference applies.
  }
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
