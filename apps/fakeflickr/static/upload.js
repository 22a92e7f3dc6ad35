// Sends each chosen or dropped photo by itself, two at a time, and shows how far it is.
(() => {
  "use strict";
  const form = document.getElementById("upload");
  const files = document.getElementById("files");
  const drop = document.getElementById("drop");
  const queue = document.getElementById("queue");
  const said = document.getElementById("said");
  const AT_A_TIME = 2;
  const waiting = [];
  let running = 0;
  let kept = 0;

  const make = (name, more = {}) => Object.assign(document.createElement(name), more);

  function enter(file) {
    const row = make("li");
    const picture = make("img", { alt: "", width: 56, height: 56, src: URL.createObjectURL(file) });
    picture.addEventListener("error", () => { picture.style.visibility = "hidden"; });
    const text = make("span");
    const bar = make("progress", { max: 1, value: 0 });
    bar.setAttribute("aria-label", `Progress of ${file.name}`);
    text.append(make("b", { textContent: file.name }), bar);
    row.append(picture, text);
    queue.append(row);
    const fields = new FormData();
    fields.append("visibility", new FormData(form).get("visibility"));
    fields.append("tags", document.getElementById("tags").value);
    fields.append("photos", file);
    return { file, fields, text, bar };
  }

  function finish(item, words, link) {
    item.bar.remove();
    const line = link ? make("a", { href: link, textContent: words }) : make("span", { className: "bad", textContent: words });
    item.text.append(line);
    said.textContent = `${item.file.name}: ${words}`;
  }

  function settle(item, request) {
    const answer = request.response ?? {};
    if (request.status === 200) {
      kept += 1;
      finish(item, "Uploaded: say more about it", `/photos/${answer.ids[0]}/edit`);
    } else if (answer.photo) {
      finish(item, "You have this photo already: here it is", `/photos/${answer.photo}`);
    } else if (request.status === 401) {
      location.assign("/login?next=%2Fupload");
    } else {
      finish(item, answer.detail ?? "It could not be sent. Try again.");
    }
  }

  function send(item) {
    const request = new XMLHttpRequest();
    request.open("POST", form.dataset.to);
    request.responseType = "json";
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) item.bar.value = event.loaded / event.total;
    });
    request.upload.addEventListener("load", () => item.bar.removeAttribute("value"));
    request.addEventListener("loadend", () => {
      settle(item, request);
      running -= 1;
      next();
    });
    request.send(item.fields);
  }

  function next() {
    while (running < AT_A_TIME && waiting.length) {
      running += 1;
      send(waiting.shift());
    }
    document.getElementById("done").hidden = running > 0 || kept === 0;
  }

  function take(list) {
    for (const file of list) waiting.push(enter(file));
    next();
  }

  form.querySelector("button").closest("p").hidden = true;
  files.required = false;
  files.addEventListener("change", () => {
    take(files.files);
    files.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over-it");
    });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over-it"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    take(event.dataTransfer.files);
  });
  addEventListener("beforeunload", (event) => {
    if (running) event.preventDefault();
  });
})();
