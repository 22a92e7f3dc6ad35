// What a script adds to the pages; all of them work without it.
"use strict";

const find = (selector, within = document) => within.querySelector(selector);
const findAll = (selector, within = document) => [...within.querySelectorAll(selector)];

const memory = {
  get(key) {
    try { return localStorage.getItem(key); } catch { return null; }
  },
  set(key, value) {
    try { localStorage.setItem(key, value); } catch { /* storage is switched off */ }
  },
};

function coarse(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86400)} d`;
}

function ago(at) {
  const past = (Date.now() - at) / 1000;
  if (past < 0) return `in ${coarse(-past)}`;
  return past < 1 ? "just now" : `${coarse(past)} ago`;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tellTimes() {
  for (const element of findAll("time[data-ago]")) setText(element, ago(Date.parse(element.dateTime)));
  for (const element of findAll("[data-since]")) {
    setText(element, coarse(Math.max(0, (Date.now() - Date.parse(element.dataset.since)) / 1000)));
  }
}

function followLive() {
  const sign = find("#live-state");
  if (!find("#live") || !sign) return;
  const tell = (on) => {
    sign.hidden = false;
    sign.classList.toggle("off", !on);
    setText(sign, on ? "Live" : "Reconnecting…");
  };
  document.addEventListener("htmx:sse:after:connection", () => tell(true));
  document.addEventListener("htmx:sse:error", () => tell(false));
  document.addEventListener("htmx:error", () => tell(false));
  document.addEventListener("htmx:after:swap", () => {
    tellTimes();
    countTicks();
  });
}

function offerThemes() {
  const button = find("#theme");
  const names = { auto: "as the system", light: "light", dark: "dark" };
  const order = Object.keys(names);
  const present = () => document.documentElement.dataset.theme ?? "auto";
  const show = () => {
    button.setAttribute("aria-label", `Colours: ${names[present()]}`);
    button.title = `Colours: ${names[present()]}`;
    const use = find("use", button);
    use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#theme-${present()}`));
  };
  const turn = () => {
    const next = order[(order.indexOf(present()) + 1) % order.length];
    if (next === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    memory.set("billow-theme", next);
    show();
    document.dispatchEvent(new Event("billow:theme"));
  };
  button.hidden = false;
  button.addEventListener("click", turn);
  show();
  return turn;
}

function listenToKeys(turnTheme) {
  const help = find("#help");
  const opener = find("#help-open");
  const switched = find("#keys-on");
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());
  switched.checked = memory.get("billow-keys") !== "off";
  switched.addEventListener("change", () => memory.set("billow-keys", switched.checked ? "on" : "off"));
  let going = 0;
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    if (!switched.checked && event.key !== "?") return;
    const key = event.key;
    if (Date.now() - going < 1500) {
      going = 0;
      const link = find(`a[data-key="${CSS.escape(key)}"]`);
      if (link) link.click();
    } else if (key === "g") going = Date.now();
    else if (key === "?") help.showModal();
    else if (key === "t") turnTheme();
    else if (key === "/" && find("[data-search]")) {
      event.preventDefault();
      find("[data-search]").focus();
    }
  });
}

function countTicks() {
  const all = find("#all");
  if (!all) return;
  const boxes = findAll('#bulk input[name="id"]');
  const ticked = boxes.filter((box) => box.checked).length;
  all.hidden = boxes.length === 0;
  all.checked = ticked > 0 && ticked === boxes.length;
  all.indeterminate = ticked > 0 && ticked < boxes.length;
  const jobs = boxes.length === 1 ? "job" : "jobs";
  setText(find("#bulk-count"), ticked ? `${ticked} of ${boxes.length} selected` : `${boxes.length} ${jobs} on this page`);
}

function offerTicks() {
  document.addEventListener("change", (event) => {
    if (event.target.id === "all") {
      for (const box of findAll('#bulk input[name="id"]')) box.checked = event.target.checked;
    }
    if (event.target.closest("#bulk")) countTicks();
  });
  countTicks();
}

followLive();
listenToKeys(offerThemes());
offerTicks();
setInterval(tellTimes, 1000);

// On a phone the bar of pages may be wider than the screen.
for (const here of document.querySelectorAll('.side nav a[aria-current="page"]')) {
  const bar = here.closest("ul");
  bar.scrollLeft = here.offsetLeft - (bar.clientWidth - here.clientWidth) / 2;
}
