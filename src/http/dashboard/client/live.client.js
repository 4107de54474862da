// A run that goes on is followed by its events; a list by what happens in the service. Nothing polls.

const LOG_LINES_SHOWN = 1000;
let source = null;

function eventText(event) {
  switch (event.type) {
    case "log":
      return saidIn(event) ?? event.message;
    case "log_dropped":
      return `${event.count} more lines were past the limit and are not kept`;
    case "attempt_ended":
      return `attempt ${event.attempt} ended: ${event.end}${event.error === null ? "" : `: ${event.error}`}`;
    case "cancel_requested":
      return "asked to stop";
    default:
      return event.type;
  }
}

/** What a model said is read as a text. */
function saidIn({ message, data }) {
  return message === "text" && typeof data?.text === "string" ? data.text : null;
}

function appendEvent(list, event) {
  const item = document.createElement("li");
  item.className = `event ${event.type}`;
  const at = document.createElement("span");
  at.className = "event-at";
  const sinceMs = Date.parse(event.at) - Date.parse(list.dataset.start);
  at.textContent = `+${(Math.max(0, sinceMs) / 1000).toFixed(1)} s`;
  const text = document.createElement("span");
  text.className = "event-text";
  text.textContent = eventText(event);
  item.append(at, text);
  if (event.data !== undefined && saidIn(event) === null) {
    const data = document.createElement("code");
    data.textContent = JSON.stringify(event.data);
    text.append(" ", data);
  }
  list.append(item);
  while (list.children.length > LOG_LINES_SHOWN) list.firstElementChild.remove();
  list.scrollTop = list.scrollHeight;
}

function followRun() {
  const list = document.querySelector("[data-follow]");
  if (list === null) {
    source?.close();
    source = null;
    return;
  }
  if (source !== null) return;
  source = new EventSource(list.dataset.follow);
  const opened = source;
  for (const type of ["log", "log_dropped", "attempt_ended", "cancel_requested"]) {
    opened.addEventListener(type, (message) => {
      const now = document.querySelector("[data-follow]");
      if (now === null) return;
      document.getElementById("no-events")?.remove();
      appendEvent(now, JSON.parse(message.data));
      if (type === "attempt_ended") refresh();
    });
  }
  opened.addEventListener("end", async (message) => {
    opened.close();
    source = null;
    await refresh();
    say(JSON.parse(message.data).message, JSON.parse(message.data).success ? "good" : "bad");
  });
}
enhancements.push(followRun);

// How long a run has been going on.
setInterval(() => {
  const clock = document.querySelector("[data-since]");
  if (clock === null) return;
  clock.textContent = `${((Date.now() - Date.parse(clock.dataset.since)) / 1000).toFixed(1)} s`;
}, 100);

// What happens in the service, on a page that shows it: since the page was read. A burst of it is one look.
let stream = null;
let soon = 0;
let refreshedAt = 0;
let behind = false;
const APART_MS = 800;
function followService() {
  if (document.querySelector("[data-live]") === null || stream !== null) return;
  stream = new EventSource(`/api/stream?since=${encodeURIComponent(meta("read-at"))}`);
  for (const type of ["agent_status", "job_complete", "budget_warning", "change", "reset"])
    stream.addEventListener(type, refreshSoon);
}
function refreshSoon() {
  behind = true;
  if (soon !== 0) return;
  soon = setTimeout(
    () => {
      soon = 0;
      catchUp();
    },
    Math.max(50, refreshedAt + APART_MS - performance.now()),
  );
}
/** What somebody is choosing or writing is not taken from them: the page catches up when they have done. */
function catchUp() {
  const busy = document.querySelector(
    "main form:focus-within, main input[data-run]:checked, main details[id]:focus-within",
  );
  if (busy !== null || document.visibilityState !== "visible") return;
  behind = false;
  refreshedAt = performance.now();
  refresh();
}
for (const done of ["focusout", "change", "visibilitychange"])
  document.addEventListener(done, () => {
    if (behind) refreshSoon();
  });
enhancements.push(followService);

enhance();
