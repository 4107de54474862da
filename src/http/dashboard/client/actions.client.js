// The dashboard's script: without it the pages read all the same. What changes something goes through the API.

const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

/** Calls the API as the page's viewer. Never throws: what goes wrong is an answer that is not `ok`. */
async function call(method, path, body, more = {}) {
  const headers = { Accept: "application/json", ...more };
  if (meta("csrf-token") !== "") headers["X-CSRF-Token"] = meta("csrf-token");
  if (body !== undefined) headers["Content-Type"] = "application/json";
  try {
    const sent = body === undefined ? undefined : JSON.stringify(body);
    const response = await fetch(path, { method, headers, body: sent });
    const text = await response.text();
    let answer = {};
    try {
      answer = JSON.parse(text);
    } catch {
      answer = { detail: `The service answered ${response.status}.` };
    }
    return { ok: response.ok, status: response.status, answer };
  } catch {
    return { ok: false, status: 0, answer: { detail: "The service does not answer. Try again in a moment." } };
  }
}

/** Says something to whoever looks and to whoever listens. */
function say(message, kind = "info") {
  const place = document.getElementById("notices");
  const notice = document.createElement("p");
  notice.className = `notice ${kind}`;
  notice.textContent = message;
  place.append(notice);
  setTimeout(() => notice.remove(), 8000);
}

/** Puts the answer's fields into a path like `/runs/{run_id}`. */
function fill(template, answer) {
  return template.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(answer[name] ?? "")));
}

async function act(button) {
  const question = button.dataset.confirm;
  if (question !== undefined && !confirm(question)) return;
  const [method, path] = button.dataset.action.split(" ");
  const body = button.dataset.body === undefined ? undefined : JSON.parse(button.dataset.body);
  button.setAttribute("aria-busy", "true");
  button.disabled = true;
  const headers = button.dataset.prefer === undefined ? {} : { Prefer: button.dataset.prefer };
  const { ok, answer } = await call(method, path, body, headers);
  button.removeAttribute("aria-busy");
  button.disabled = false;
  if (!ok) return say(answer.detail ?? "That did not work.", "bad");
  if (button.dataset.go !== undefined) return location.assign(fill(button.dataset.go, answer));
  if (button.dataset.said !== undefined) say(button.dataset.said, "good");
  await refresh();
}

/** Reads the page again and puts the new one in its place. One at a time: what is asked for meanwhile is done after. */
let refreshing = null;
let again = false;
let retry = 0;
function refresh() {
  again = true;
  refreshing ??= (async () => {
    while (again) {
      again = false;
      await readAgain();
    }
  })().finally(() => {
    refreshing = null;
  });
  return refreshing;
}

async function readAgain() {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } }).catch(() => null);
  if (response === null || response.status >= 500) {
    clearTimeout(retry);
    retry = setTimeout(refresh, 5000); // the page as it was is worth more than one that says what went wrong
    return;
  }
  if (response.redirected) return location.reload();
  const next = new DOMParser().parseFromString(await response.text(), "text/html").querySelector("main");
  const main = document.querySelector("main");
  if (next === null || main === null) return;
  const focused = document.activeElement?.id ?? ""; // before what is kept leaves the page, and the focus with it
  keepUnsent(main, next);
  keepShown(main, next);
  const open = new Set([...main.querySelectorAll("details[open][id]")].map(({ id }) => id));
  main.replaceWith(document.adoptNode(next));
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
  if (focused !== "") document.getElementById(focused)?.focus();
  enhance();
}

/** What somebody has written and not sent yet is in the new page as it was in the old one. */
function keepUnsent(main, next) {
  for (const form of main.querySelectorAll("form[data-unsent]")) {
    const kept = form.closest("details[id]") ?? form;
    if (kept.id !== "") next.querySelector(`#${CSS.escape(kept.id)}`)?.replaceWith(document.adoptNode(kept));
  }
}

/** What is shown once, like a new token, stays until somebody leaves the page: no page has it again. */
function keepShown(main, next) {
  for (const shown of main.querySelectorAll("[data-shown]"))
    next.querySelector(`#${CSS.escape(shown.id)}`)?.replaceWith(document.adoptNode(shown));
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("main form[data-send]");
  if (form !== null) form.dataset.unsent = "";
});

/** What has to be done to a page that has just come: by this part of the script, and by the others. */
const enhancements = [];
function enhance() {
  for (const enhancement of enhancements) enhancement();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-action]");
  if (button !== null) act(button);
});

// Instants come in UTC: say them in the viewer's timezone, and how long ago they are as it is now.
const UNITS = [
  ["day", 86400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
function tellTimes() {
  for (const place of document.querySelectorAll("[data-viewer-zone]")) place.textContent = `(${zone})`;
  for (const time of document.querySelectorAll("time[datetime]")) {
    const atMs = Date.parse(time.dateTime);
    if (Number.isNaN(atMs)) continue;
    time.title = `${absolute.format(atMs)} (${time.dateTime})`;
    if (time.dataset.absolute !== undefined) {
      time.textContent = absolute.format(atMs);
      continue;
    }
    const seconds = (atMs - Date.now()) / 1000;
    const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? UNITS[3];
    time.textContent = relative.format(Math.trunc(seconds / size), unit);
  }
}
enhancements.push(tellTimes);
setInterval(tellTimes, 10000);

// Runs that are chosen in a list.
function tellChosen() {
  const bar = document.querySelector("[data-bulk]");
  if (bar === null) return;
  const boxes = [...document.querySelectorAll("input[data-run]")];
  const ids = boxes.filter((box) => box.checked).map((box) => Number(box.dataset.run));
  bar.querySelector("[data-count]").textContent = ids.length === 1 ? "1 run chosen" : `${ids.length} runs chosen`;
  for (const button of bar.querySelectorAll("button")) button.disabled = ids.length === 0;
  const all = document.querySelector("input[data-all]");
  if (all !== null) {
    all.checked = ids.length > 0 && ids.length === boxes.length;
    all.indeterminate = ids.length > 0 && ids.length < boxes.length;
  }
  return ids;
}
enhancements.push(tellChosen);

document.addEventListener("change", (event) => {
  if (event.target.matches("input[data-all]")) {
    for (const box of document.querySelectorAll("input[data-run]")) box.checked = event.target.checked;
  }
  if (event.target.matches("input[data-run], input[data-all]")) tellChosen();
  if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
});

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-bulk-action]");
  if (button === null) return;
  const { ok, answer } = await call("POST", button.dataset.bulkAction, { ids: tellChosen() });
  if (!ok) return say(answer.detail, "bad");
  const refused = answer.refused.length === 0 ? "" : ` ${answer.refused.length} refused: ${answer.refused[0].reason}`;
  say(`${answer.done.length} done.${refused}`, answer.done.length === 0 ? "bad" : "good");
  await refresh();
});
