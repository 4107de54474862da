// Forms that send JSON, and show what is wrong where it is wrong.

class FieldProblem extends Error {}

/** The value of one field, or undefined: left out. */
function readField(field) {
  const text = field.type === "checkbox" ? "" : field.value;
  if (text.trim() === "" && field.dataset.empty !== undefined) return JSON.parse(field.dataset.empty);
  switch (field.dataset.kind) {
    case "boolean":
      return text === "" ? undefined : text === "true";
    case "checkbox":
      return field.checked;
    case "number":
      if (text.trim() === "") return undefined;
      if (!Number.isFinite(Number(text))) throw new FieldProblem("must be a number");
      return Number(text);
    case "lines": {
      const lines = text
        .split("\n")
        .map((line) => line.trim())
        .filter((line) => line !== "");
      return lines.length === 0 ? undefined : lines;
    }
    case "words": {
      const parts = text.split(/[\s,]+/).filter((part) => part !== "");
      return parts.length === 0 ? undefined : parts;
    }
    case "json":
      if (text.trim() === "") return undefined;
      try {
        return JSON.parse(text);
      } catch (error) {
        throw new FieldProblem(`is not JSON: ${error.message}`);
      }
    case "local": // of a timezone that another field names
      return text === "" ? undefined : `${text}:00`.slice(0, 19);
    case "instant":
      if (text === "") return undefined;
      return new Date(text).toISOString();
    default:
      return text === "" ? undefined : text;
  }
}

function put(target, path, value) {
  const names = path.split(".");
  const last = names.pop();
  let place = target;
  for (const name of names) place = place[name] ??= {};
  // Not by assignment: a field may be called __proto__.
  Object.defineProperty(place, last, { value, enumerable: true, configurable: true, writable: true });
}

function clearProblems(form) {
  form.querySelector("[data-problem]").textContent = "";
  for (const field of form.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
  for (const place of form.querySelectorAll(".field-problem")) place.textContent = "";
}

/** What was wrong with a field is not said of what is written there since. */
function clearProblem(field) {
  const form = field.closest("form[data-send]");
  if (form === null || !field.hasAttribute("aria-invalid")) return;
  field.removeAttribute("aria-invalid");
  document.getElementById(`${field.id}-problem`).textContent = "";
  if (form.querySelector("[aria-invalid]") === null) form.querySelector("[data-problem]").textContent = "";
}
for (const type of ["input", "change"]) document.addEventListener(type, ({ target }) => clearProblem(target));

function isShown(field) {
  return field.offsetParent !== null;
}

function showProblem(form, path, reason) {
  const raw = form.querySelector("details[data-raw][open] textarea");
  const fields = raw === null ? [...form.querySelectorAll("[data-path]")].filter(isShown) : [raw];
  const field =
    fields.find((each) => each.dataset.path === path) ??
    fields.find((each) => each.dataset.path !== "" && path.startsWith(`${each.dataset.path}.`)) ??
    fields.find((each) => each.dataset.path.startsWith(`${path}.`)) ??
    fields.find((each) => each.dataset.path === "");
  if (field === undefined) return false;
  const rest =
    !path.startsWith(field.dataset.path) || path === field.dataset.path
      ? ""
      : `${path.slice(field.dataset.path.length).replace(/^\./, "")}: `;
  field.setAttribute("aria-invalid", "true");
  const place = document.getElementById(`${field.id}-problem`);
  place.textContent = [place.textContent, `${rest}${reason}`].filter((text) => text !== "").join("; ");
  return true;
}

/** What the form says; null where a field cannot be read, which is then shown at it. `only`: these parts of it, quietly. */
function readForm(form, only) {
  const raw = form.querySelector("details[data-raw][open] textarea");
  const fields = raw === null ? [...form.querySelectorAll("[data-path]")] : [raw];
  const values = {};
  let readable = true;
  let whole;
  for (const field of fields) {
    if (field.disabled || (raw === null && field.closest("details[data-raw]") !== null)) continue;
    if (field.closest("[hidden]") !== null) continue;
    if (only !== undefined && !only.includes(field.dataset.path.split(".")[0])) continue;
    try {
      const value = readField(field);
      if (value === undefined || (value === "" && field.dataset.required !== undefined)) {
        if (field.dataset.required !== undefined) throw new FieldProblem(field.dataset.required);
        continue;
      }
      if (field === raw) whole = value;
      else if (field.dataset.path === "") Object.assign(values, value);
      else put(values, field.dataset.path, value);
    } catch (problem) {
      if (!(problem instanceof FieldProblem)) throw problem;
      readable = false;
      if (only === undefined) showProblem(form, field.dataset.path, problem.message);
    }
  }
  return readable ? (whole ?? values) : null;
}

/** The validator's words for a field that was left out are no words for whoever left it empty. */
function plainly(reason) {
  return /received undefined$/.test(reason) ? "This is needed." : reason;
}

function focusProblem(form) {
  const first = form.querySelector("[aria-invalid]");
  if (first !== null) first.focus();
}

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-send]");
  if (form === null) return;
  event.preventDefault();
  clearProblems(form);
  const values = readForm(form);
  if (values === null) return focusProblem(form);
  const [method, template] = form.dataset.send.split(" ");
  const path = fill(template, values);
  for (const [, name] of template.matchAll(/\{(\w+)\}/g)) delete values[name];
  const wrap = form.dataset.wrap;
  const button = form.querySelector("button[type=submit], button:not([type])");
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  const headers = form.dataset.prefer === undefined ? {} : { Prefer: form.dataset.prefer };
  const { ok, answer } = await call(method, path, wrap === undefined ? values : { [wrap]: values }, headers);
  button.disabled = false;
  button.removeAttribute("aria-busy");
  if (!ok) {
    const unplaced = (answer.errors ?? []).filter(({ field, reason }) => {
      const inner = wrap === undefined ? field : field.replace(new RegExp(`^${wrap}\\.?`), "");
      return !showProblem(form, inner, plainly(reason));
    });
    const told = answer.errors === undefined || unplaced.length > 0;
    form.querySelector("[data-problem]").textContent = told
      ? (answer.detail ?? "That did not work.")
      : "Some fields need another look.";
    return focusProblem(form);
  }
  delete form.dataset.unsent;
  if (form.dataset.shows !== undefined) {
    show(form.dataset.shows, answer);
    return refresh();
  }
  if (form.dataset.go !== undefined) return location.assign(fill(form.dataset.go, answer));
  say(form.dataset.said === "" ? answer.message : (form.dataset.said ?? "Saved."), "good");
  await refresh();
});

/** An answer that is shown once, like a new token. */
function show(id, answer) {
  const place = document.getElementById(id);
  place.hidden = false;
  place.dataset.shown = "";
  for (const part of place.querySelectorAll("[data-field]"))
    part.textContent = String(answer[part.dataset.field] ?? "");
  place.focus();
}

// Parts of a form that only one choice asks for.
function tellParts() {
  for (const part of document.querySelectorAll("[data-when]")) {
    const [id, value] = part.dataset.when.split("=");
    part.hidden = document.getElementById(id).value !== value;
  }
}
enhancements.push(tellParts);

// What a schedule would do, as it is being written.
let previewed = "";
let timer = 0;
async function preview() {
  const place = document.querySelector("[data-preview]");
  if (place === null) return;
  const asked = JSON.stringify(readForm(place.closest("form"), ["trigger", "timezone", "active_hours"]) ?? {});
  if (asked === previewed) return;
  previewed = asked;
  const { ok, answer } = await call("POST", "/api/scheduler/preview?count=10", JSON.parse(asked));
  if (asked !== previewed) return; // a newer one has been asked for
  place.querySelector("[data-says]").textContent = ok ? answer.description : (answer.detail ?? "");
  const items = (ok ? answer.slots : []).map(({ at, local, mark, active }) => {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.dateTime = at;
    time.dataset.absolute = "";
    const note = document.createElement("span");
    note.className = "tag";
    note.textContent = active ? (MARKS[mark] ?? "") : "outside its active hours";
    item.className = active ? "" : "inactive";
    item.append(local, " · ", time, ...(note.textContent === "" ? [] : [" ", note]));
    return item;
  });
  place.querySelector("ol").replaceChildren(...items);
  tellTimes();
}
const MARKS = {
  gap_shifted: "the clock jumps over it: later",
  overlap_first: "the clock shows it twice: the first time",
  overlap_second: "the clock shows it twice: the second time",
};
function previewSoon(event) {
  if (event.target.closest("form")?.querySelector("[data-preview]") === null) return;
  tellParts();
  clearTimeout(timer);
  timer = setTimeout(preview, 300);
}
document.addEventListener("input", previewSoon);
enhancements.push(() => {
  previewed = "";
  for (const field of document.querySelectorAll("input[data-viewer-timezone]")) {
    if (field.value === "") field.value = zone;
  }
  preview();
});
