// Arrows turn to the photos beside this one, e edits it.
(() => {
  "use strict";
  const keys = { ArrowLeft: "newer", ArrowRight: "older", e: "edit" };
  addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (event.target.closest("input, textarea, select, summary")) return;
    const link = document.getElementById(keys[event.key] ?? "");
    if (link) link.click();
  });
})();
