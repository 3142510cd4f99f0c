// What makes the pages nicer. Everything works without it.
"use strict";

const root = document.documentElement.dataset.root;

// Copy buttons: <button class="copy" data-copy="id" hidden> copies the text of the
// element with that id.
function offerCopying() {
  for (const button of document.querySelectorAll("button.copy[hidden]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  let done = true;
  try {
    await navigator.clipboard.writeText(source.textContent);
  } catch {
    // Without HTTPS there is no clipboard: select the text, and let the old way try.
    getSelection().selectAllChildren(source);
    done = document.execCommand("copy");
  }
  const label = button.dataset.label ??= button.textContent;
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  announce(done ? "Copied." : "The text is selected: press Ctrl+C.");
  setTimeout(() => { button.textContent = label; }, 2000);
}

// announce lets a screen reader say something.
function announce(text) {
  let place = document.getElementById("announcement");
  if (!place) {
    place = Object.assign(document.createElement("p"), { id: "announcement", className: "unseen" });
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  place.textContent = text;
}

// Times are told in full; how long ago that was is added.
function ago(seconds) {
  for (const [unit, size] of [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60]]) {
    const n = Math.floor(seconds / size);
    if (n >= 1) return n === 1 ? `1 ${unit} ago` : `${n} ${unit}s ago`;
  }
  return "just now";
}

function tellAges(within) {
  for (const time of within.querySelectorAll("time[data-age]")) {
    const seconds = (Date.now() - Date.parse(time.dateTime)) / 1000;
    if (seconds >= 0) time.title = time.textContent, time.textContent = ago(seconds);
  }
}

// How long ago sources last answered is what a page with an entity tag may not
// say: it is asked for.
async function tellFreshness() {
  if (document.hidden) return;
  try {
    const response = await fetch(root + "v1/catalog");
    if (!response.ok) return;
    const { catalog } = await response.json();
    const sources = catalog.sources.filter((s) => s.kind !== "listing"); // those are asked rarely, and matter to drift alone
    const ages = sources.map((s) => s.age_seconds).filter((age) => age !== undefined);
    for (const told of document.querySelectorAll("[data-source]")) {
      const source = sources.find((s) => s.name === told.dataset.source && s.age_seconds !== undefined);
      if (source) told.textContent = `(last answered ${Math.round(source.age_seconds)} s ago)`;
    }
    const [newest, oldest] = [Math.round(Math.min(...ages)), Math.round(Math.max(...ages))];
    for (const place of document.querySelectorAll(".freshness")) {
      if (ages.length > 0) place.textContent = `The last answers are ${newest < oldest ? `${newest} to ` : ""}${oldest} s old.`;
    }
  } catch { /* it was only to be nicer */ }
}

// Where the server was not ready, the page comes again by itself.
function tryAgain() {
  const retry = document.querySelector("[data-retry]");
  if (retry) setTimeout(() => location.reload(), Math.max(1, retry.dataset.retry) * 1000);
}

// The list: what is typed or chosen shows at once. The server draws it; the
// address is what it would be without this, so that going back works.
const filters = document.getElementById("filters");
let asking = new AbortController();
let typing = false; // what is typed in one go is one step of the history

function wantedAddress() {
  const address = new URL(filters.action);
  for (const [name, value] of new FormData(filters)) {
    if (value.trim()) address.searchParams.set(name, value.trim());
  }
  return address;
}

async function showList(address) {
  asking.abort();
  asking = new AbortController();
  const results = document.getElementById("results");
  try {
    const response = await fetch(address, { signal: asking.signal });
    if (!response.ok) throw new Error(response.statusText);
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    results.replaceWith(document.adoptNode(next.getElementById("results")));
    document.getElementById("summary").textContent = next.getElementById("summary").textContent;
  } catch (failure) {
    if (failure.name !== "AbortError") document.getElementById("summary").textContent = "The server does not answer now: this is what it said last.";
  }
}

function enhanceList() {
  if (!filters) return;
  for (const keys of filters.querySelectorAll(".keys")) keys.hidden = false;
  let pause;
  filters.addEventListener("input", (event) => {
    const typed = event.target.matches("input");
    const address = wantedAddress();
    if (typed && typing) history.replaceState(null, "", address);
    else history.pushState(null, "", address);
    typing = typed;
    clearTimeout(pause);
    pause = setTimeout(showList, typed ? 120 : 0, address);
  });
  filters.addEventListener("focusout", () => { typing = false; });
  filters.addEventListener("submit", (event) => {
    event.preventDefault();
    const address = wantedAddress();
    if (address.href !== location.href) history.pushState(null, "", address);
    clearTimeout(pause);
    showList(address);
  });
  addEventListener("popstate", () => {
    clearTimeout(pause);
    typing = false;
    const wanted = new URLSearchParams(location.search);
    for (const field of filters.querySelectorAll("input, select")) field.value = wanted.get(field.name) ?? "";
    showList(location.href);
  });
}

// The character itself, on whatever key it is: the key that goes down may give
// another one.
document.addEventListener("keypress", (event) => {
  const writing = event.target.closest("input, select, textarea, [contenteditable]");
  const search = document.getElementById("q");
  if (event.key === "/" && !writing && search && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    search.focus();
    search.select();
  }
});

offerCopying();
tellAges(document);
tellFreshness();
setInterval(tellFreshness, 15000);
tryAgain();
enhanceList();
