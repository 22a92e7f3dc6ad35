// Uploads with progress: one request a file, large ones in parts.
"use strict";

const LARGE = 16 * 1024 * 1024;

async function sendParts(form, file, tell) {
  const given = [...new FormData(form)].filter(([, value]) => typeof value === "string");
  const options = { fields: Object.fromEntries(given), progress: tell.progress };
  try {
    const job = await billowUpload(form.dataset.function, file, options);
    return tell.done({ url: `/jobs/${job.id}` });
  } catch (problem) {
    return tell.failed(problem.message);
  }
}

function sendOne(form, file, tell) {
  return new Promise((resolve) => {
    const body = new FormData(form);
    body.delete("file");
    body.append("file", file);
    const request = new XMLHttpRequest();
    request.open("POST", form.action);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.onprogress = (event) => tell.progress(event.loaded / event.total);
    request.onload = () => {
      const answer = request.response ?? {};
      if (request.status < 300) resolve(tell.done(answer.jobs[0]));
      else resolve(tell.failed(answer.detail ?? `refused (${request.status})`));
    };
    request.onerror = () => resolve(tell.failed("the connection broke"));
    request.send(body);
  });
}

function uploadRow(list, file) {
  const row = document.createElement("li");
  const name = document.createElement("span");
  const bar = document.createElement("progress");
  const state = document.createElement("span");
  name.textContent = file.name;
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", `Upload of ${file.name}`);
  state.textContent = "waits";
  row.append(name, bar, state);
  list.append(row);
  return {
    progress(share) {
      bar.value = share;
      state.textContent = share < 1 ? `${Math.floor(share * 100)} %` : "storing";
    },
    done(job) {
      const link = document.createElement("a");
      link.href = job.url;
      link.textContent = file.name;
      name.replaceChildren(link);
      bar.value = 1;
      state.textContent = "accepted";
      return job;
    },
    failed(why) {
      state.textContent = why;
      state.className = "status failed";
      return null;
    },
  };
}

async function sendAll(form, files) {
  const section = document.createElement("section");
  const list = document.createElement("ul");
  section.className = "panel";
  list.className = "uploads";
  section.append(list);
  find("#uploads").prepend(section);
  const rows = files.map((file) => [file, uploadRow(list, file)]);
  const jobs = [];
  for (const [file, row] of rows) {
    const inParts = globalThis.billowUpload && file.size > LARGE;
    jobs.push(await (inParts ? sendParts : sendOne)(form, file, row));
  }
  if (files.length === 1 && jobs[0]) location.assign(jobs[0].url);
}

function offerUploads() {
  const form = find("#send-form");
  const input = find("#file");
  if (!form || !input) return;
  const drop = find("#drop");
  find(".drop-hint").hidden = false;
  for (const kind of ["dragenter", "dragover"]) {
    drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    event.preventDefault();
    input.files = event.dataTransfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = find("button", form);
    button.disabled = true;
    await sendAll(form, [...input.files]);
    button.disabled = false;
    input.value = "";
  });
}

offerUploads();
