// Uploads of large files in parts: with progress, checksums, and resumed after a reload.
//
// A form takes part by `data-upload="<function>"` and a file input called `file`. Without this
// script, or where the browser has no WebCrypto, the form is sent as it stands. While parts are on
// their way the form has a progress bar and a line of text that tells how far they are.
"use strict";

(() => {
  const TRIES = 6;
  const PARALLEL = 3;

  async function call(method, url, body) {
    const answer = await fetch(url, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    const problem = new Error(told.detail ?? `refused (${answer.status})`);
    problem.final = answer.status < 500 && answer.status !== 408 && answer.status !== 429;
    throw problem;
  }

  // Tries again what the network or an overloaded server spoiled; what was refused stays refused.
  async function persist(work) {
    for (let tried = 1; ; tried++) {
      try {
        return await work();
      } catch (problem) {
        if (problem.final || problem.name === "AbortError" || tried === TRIES) throw problem;
        const rest = Math.min(8000, 250 * 2 ** tried) * (0.75 + Math.random() / 2);
        await new Promise((resolve) => setTimeout(resolve, rest));
      }
    }
  }

  async function sha256(blob) {
    const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
    return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function put(url, headers, blob, progress, signal) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      const stop = () => request.abort();
      request.open("PUT", url);
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => progress(event.loaded);
      request.onload = () => {
        if (request.status < 300) return resolve(request.getResponseHeader("ETag"));
        const problem = new Error(`a part was refused (${request.status})`);
        // An address that expired while the machine slept is asked for anew.
        problem.final = request.status < 500 && ![403, 408, 429].includes(request.status);
        return reject(problem);
      };
      request.onerror = () => reject(new Error("the connection broke"));
      request.onabort = () => reject(new DOMException("stopped", "AbortError"));
      request.onloadend = () => signal?.removeEventListener("abort", stop);
      signal?.addEventListener("abort", stop);
      request.send(blob);
    });
  }

  // What tells that a file is the one whose upload broke off: browsers do not say where it lies.
  const mark = (name, file, fields) =>
    `billow-upload:${JSON.stringify([name, file.name, file.size, file.lastModified, fields])}`;

  const remember = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, id) => { try { localStorage.setItem(key, id); } catch { /* it is a convenience */ } },
    drop: (key) => { try { localStorage.removeItem(key); } catch { /* likewise */ } },
  };

  async function beginOrResume(name, file, fields) {
    const key = mark(name, file, fields);
    const id = remember.get(key);
    if (id) {
      try {
        const found = await persist(() => call("GET", `/api/v1/uploads/${id}`));
        if (found.completed === null) return { key, ...found };
      } catch (problem) {
        if (!problem.final) throw problem;
      }
    }
    const asked = { name: file.name, size: file.size, type: file.type || undefined, fields };
    const made = await persist(() => call("POST", `/api/v1/functions/${name}/uploads`, asked));
    remember.set(key, made.id);
    return { key, parts: [], ...made };
  }

  /**
   * Upload `file` for the function `name`; resolves to the job that it became.
   *
   * Options: `fields` (arguments as texts), `progress(share, resumed)`, `signal` (AbortSignal).
   * What was sent stays: the same call for the same file goes on where the last one stopped.
   */
  async function upload(name, file, { fields = {}, progress = () => {}, signal } = {}) {
    const plan = await beginOrResume(name, file, fields);
    const here = `/api/v1/uploads/${plan.id}`;
    const there = new Map(plan.parts.map((part) => [part.number, part]));
    const sent = new Array(plan.count).fill(0);
    const etags = new Array(plan.count);
    const tell = () => progress(file.size ? sent.reduce((a, b) => a + b, 0) / file.size : 1, there.size);

    async function sendPart(number) {
      const blob = file.slice((number - 1) * plan.part_size, number * plan.part_size);
      const digest = await sha256(blob);
      const held = there.get(number);
      if (held && held.sha256 === digest) etags[number - 1] = held.etag;
      else etags[number - 1] = await persist(async () => {
        const asked = { parts: [{ number, sha256: digest }] };
        const { addresses: [place] } = await call("POST", `${here}/addresses`, asked);
        const move = (bytes) => { sent[number - 1] = bytes; tell(); };
        return put(place.url, place.headers, blob, move, signal);
      });
      sent[number - 1] = blob.size;
      tell();
    }

    let next = 1;
    const one = async () => {
      while (next <= plan.count) {
        signal?.throwIfAborted();
        await sendPart(next++);
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, plan.count) }, one));
    const parts = etags.map((etag, index) => ({ number: index + 1, etag }));
    const { job } = await persist(() => call("POST", `${here}/complete`, { parts }));
    remember.drop(plan.key);
    return job;
  }

  function view(form) {
    const line = document.createElement("p");
    const bar = document.createElement("progress");
    const text = document.createElement("span");
    const stop = document.createElement("button");
    line.className = "upload-progress";
    bar.max = 1;
    bar.setAttribute("aria-label", "Upload");
    text.setAttribute("role", "status");
    stop.type = "button";
    stop.textContent = "Pause";
    line.append(bar, " ", text, " ", stop);
    form.after(line);
    return { line, bar, text, stop };
  }

  async function send(form, file) {
    const fields = {};
    for (const [name, value] of new FormData(form)) if (typeof value === "string") fields[name] = value;
    const shown = view(form);
    const stopping = new AbortController();
    shown.stop.addEventListener("click", () => stopping.abort());
    try {
      const job = await upload(form.dataset.upload, file, {
        fields,
        signal: stopping.signal,
        progress: (share, resumed) => {
          shown.bar.value = share;
          const kept = resumed ? ", going on where it stopped" : "";
          shown.text.textContent = share < 1 ? `${Math.floor(share * 100)} %${kept}` : "storing";
        },
      });
      shown.bar.value = 1;
      shown.text.textContent = "accepted";
      if (job) location.assign(form.dataset.after || `/jobs/${job.id}`);
    } catch (problem) {
      stopping.abort();
      const paused = problem.name === "AbortError";
      shown.text.textContent = paused ? "paused; send it again to go on" : problem.message;
      shown.text.className = paused ? "" : "status failed";
    }
    shown.stop.remove();
  }

  function offer(form) {
    const input = form.elements.file;
    form.addEventListener("submit", async (event) => {
      if (input.files.length !== 1) return;
      event.preventDefault();
      const button = form.querySelector("button:not([type=button]), input[type=submit]");
      for (const old of document.querySelectorAll(".upload-progress")) old.remove();
      if (button) button.disabled = true;
      await send(form, input.files[0]);
      if (button) button.disabled = false;
    });
  }

  if (!globalThis.crypto?.subtle) return;
  globalThis.billowUpload = upload;
  for (const form of document.querySelectorAll("form[data-upload]")) offer(form);
})();
