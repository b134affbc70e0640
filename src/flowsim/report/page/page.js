"use strict";
const root = document.documentElement;
const language = document.getElementById("language");

function speak(code) {
  root.lang = code;
  for (const part of document.querySelectorAll("[data-en]")) {
    part.querySelector("title").textContent = part.dataset[code];
    if (part.hasAttribute("aria-label")) part.setAttribute("aria-label", part.dataset[code]);
  }
}
language.addEventListener("click", () => speak(root.lang === "en" ? "ru" : "en"));
if ((navigator.language || "").toLowerCase().startsWith("ru")) speak("ru");

for (const table of document.querySelectorAll("table.sorted")) {
  const body = table.tBodies[0];
  table.tHead.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const head = button.closest("th");
    const column = head.cellIndex;
    const falls = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", falls ? "descending" : "ascending");
    const numeric = head.dataset.kind === "number";
    const value = (row) => {
      const text = row.cells[column].dataset.value;
      if (!numeric) return text;
      const number = Number(text);
      return Number.isFinite(number) ? number : NaN;
    };
    const compare = (one, other) => {
      const [a, b] = [value(one), value(other)];
      if (!numeric) return (falls ? -1 : 1) * a.localeCompare(b);
      if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
      return falls ? b - a : a - b;
    };
    body.append(...[...body.rows].sort(compare));
  });
}

const policies = document.getElementById("policies");
if (policies) {
  const filter = document.getElementById("filter");
  const feasible = document.getElementById("feasible");
  const apply = () => {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of policies.tBodies[0].rows) {
      const text = row.cells[0].textContent.toLowerCase();
      const kept = words.every((word) => text.includes(word)) && (!feasible.checked || row.dataset.feasible === "1");
      row.hidden = !kept;
      shown += kept;
    }
    document.getElementById("shown").textContent = shown;
  };
  filter.addEventListener("input", apply);
  feasible.addEventListener("change", apply);
  filter.form.addEventListener("submit", (event) => event.preventDefault());
}

const drawing = document.getElementById("drawing");
if (drawing) {
  const whole = drawing.getAttribute("viewBox").split(" ").map(Number);
  let view = [...whole];
  let centre = [whole[2] / 2, whole[3] / 2];
  const show = () => drawing.setAttribute("viewBox", view.join(" "));
  const clamp = (value, low, high) => Math.max(low, Math.min(high, value));
  const place = (width, height, x, y) => {
    view = [clamp(x, 0, whole[2] - width), clamp(y, 0, whole[3] - height), width, height];
    show();
  };
  const zoom = (factor) => {
    const width = clamp(view[2] * factor, whole[2] / 12, whole[2]);
    const height = (width * whole[3]) / whole[2];
    place(width, height, centre[0] - width / 2, centre[1] - height / 2);
  };
  for (const button of document.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoom({ in: 0.6, out: 1 / 0.6, whole: Infinity }[button.dataset.zoom]));
  }
  let held = null;
  drawing.addEventListener("pointerdown", (event) => {
    held = { x: event.clientX, y: event.clientY, view: [...view] };
  });
  window.addEventListener("pointerup", () => { held = null; });
  drawing.addEventListener("pointermove", (event) => {
    if (!held || event.pointerType !== "mouse" || view[2] === whole[2]) return;
    const scale = view[2] / drawing.clientWidth;
    const [x, y] = [held.view[0] - (event.clientX - held.x) * scale, held.view[1] - (event.clientY - held.y) * scale];
    place(view[2], view[3], x, y);
    centre = [view[0] + view[2] / 2, view[1] + view[3] / 2];
  });
  const chosen = document.getElementById("chosen");
  const told = (part) => {
    if (part.dataset.en) {
      const line = document.createElement("p");
      for (const code of ["en", "ru"]) {
        const span = document.createElement("span");
        span.lang = code;
        span.textContent = part.dataset[code];
        line.append(span);
      }
      return [line];
    }
    const title = document.createElement("h3");
    title.textContent = part.dataset.label;
    const rows = document.querySelectorAll(`#checkpoints tr[data-place="${CSS.escape(part.dataset.place)}"]`);
    if (!rows.length) return [title];
    const box = document.createElement("div");
    box.className = "wide";
    const table = document.createElement("table");
    const head = document.querySelector("#checkpoints thead").cloneNode(true);
    for (const button of head.querySelectorAll("button")) button.replaceWith(...button.childNodes);
    const body = document.createElement("tbody");
    body.append(...[...rows].map((row) => row.cloneNode(true)));
    table.append(head, body);
    box.append(table);
    return [title, box];
  };
  const choose = (part) => {
    for (const other of drawing.querySelectorAll(".chosen")) other.classList.remove("chosen");
    part.classList.add("chosen");
    const box = part.getBBox();
    centre = [box.x + box.width / 2, box.y + box.height / 2];
    chosen.replaceChildren(...told(part));
  };
  const parts = ".spot[tabindex], .exit, .leg";
  drawing.addEventListener("click", (event) => {
    const part = event.target.closest(parts);
    if (part) choose(part);
  });
  drawing.addEventListener("keydown", (event) => {
    const part = event.target.closest(parts);
    if (part && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      choose(part);
    }
  });
}

const week = document.getElementById("week");
if (week) {
  const tracks = JSON.parse(week.textContent);
  const moving = document.getElementById("moving");
  const hour = document.getElementById("hour");
  const clock = document.getElementById("clock");
  const play = document.getElementById("play");
  const dots = tracks.map((track) => {
    const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
    dot.setAttribute("r", Math.min(10, 2.5 + Math.sqrt(track.kg) / 2).toFixed(1));
    moving.append(dot);
    return dot;
  });
  const where = (track, now) => {
    const last = track.hours.length - 1;
    const taken = track.fate === "seized" && now > track.hours[last];
    if (now < track.hours[0] || (now > track.hours[last] && !taken && track.fate !== "under way")) return null;
    let k = track.hours.findIndex((time) => time > now);
    if (k < 0) return track.at[last];
    k = Math.max(k, 1);
    const [from, to] = [track.hours[k - 1], track.hours[k]];
    const part = to > from ? (now - from) / (to - from) : 0;
    return track.at[k - 1].map((value, axis) => value + part * (track.at[k][axis] - value));
  };
  const show = () => {
    const now = Number(hour.value);
    tracks.forEach((track, number) => {
      const point = where(track, now);
      dots[number].setAttribute("visibility", point ? "visible" : "hidden");
      if (!point) return;
      dots[number].setAttribute("cx", point[0].toFixed(1));
      dots[number].setAttribute("cy", point[1].toFixed(1));
      const taken = track.fate === "seized" && now >= track.hours[track.hours.length - 1];
      dots[number].classList.toggle("seized", taken);
    });
    const time = new Date(Date.parse(`${clock.dataset.first}T00:00:00Z`) + now * 3600000);
    clock.textContent = time.toISOString().slice(0, 16).replace("T", " ");
  };
  let running = 0;
  const step = () => {
    hour.value = Number(hour.value) + 0.5;
    show();
    if (Number(hour.value) >= Number(hour.max)) toggle();
  };
  const toggle = () => {
    if (running) {
      clearInterval(running);
      running = 0;
    } else {
      if (Number(hour.value) >= Number(hour.max)) hour.value = 0;
      running = setInterval(step, 100);
    }
    play.setAttribute("aria-pressed", String(Boolean(running)));
  };
  play.addEventListener("click", toggle);
  hour.addEventListener("input", show);
  hour.form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
