import { type CronFields, WEEKDAYS } from "../../contract/job-trigger.ts";

type Read = { ok: true; expression: string } | { ok: false; complaint: string };

/** From the coarsest to the finest, as APScheduler 3's CronTrigger orders them. */
const ORDER = ["month", "day", "day_of_week", "hour", "minute", "second"] as const;
const LEAST = { month: "1", day: "1", day_of_week: "*", hour: "0", minute: "0", second: "0" } as const;

/**
 * APScheduler's fields as a cron expression. Its rules: a field that is left out is `*` if a finer one is given and
 * otherwise its least value (`{hour: 9}` is 09:00:00); weekdays count from Monday = 0; `last` and `2nd tue` are days.
 */
export function expressionOfFields(fields: CronFields): Read {
  const given = ORDER.filter((name) => fields[name] !== undefined);
  const finest = ORDER.indexOf(given.at(-1) ?? "month");
  const text = (name: (typeof ORDER)[number]) =>
    String(fields[name] ?? (ORDER.indexOf(name) > finest ? LEAST[name] : "*")).toLowerCase();
  const weekdays = weekdaysOf(text("day_of_week"));
  if (weekdays === null) {
    return {
      ok: false,
      complaint: `day_of_week: expected e.g. mon-fri or 0-4 (Monday = 0), got ${text("day_of_week")}`,
    };
  }
  const days = daysOf(text("day"), weekdays);
  const seconds = text("second") === "0" ? [] : [text("second")];
  const parts = [...seconds, text("minute"), text("hour"), days.day, text("month"), days.weekday];
  return { ok: true, expression: parts.map((part) => part.replaceAll(" ", "")).join(" ") };
}

const NTH = { "1st": "1", "2nd": "2", "3rd": "3", "4th": "4", "5th": "5", last: "L" } as const;

/** `last` is croner's `L`; `3rd fri` and `last fri` are its `fri#3` and `fri#L`, which are a matter of weekdays. */
function daysOf(day: string, weekday: string): { day: string; weekday: string } {
  if (day === "last") return { day: "L", weekday };
  const [, nth, name] = /^(1st|2nd|3rd|4th|5th|last) +(mon|tue|wed|thu|fri|sat|sun)$/.exec(day) ?? [];
  if (nth === undefined || weekday !== "*") return { day, weekday };
  return { day: "*", weekday: `${name}#${NTH[nth as keyof typeof NTH]}` };
}

/** Written out by name, for numbers and steps mean other days in a crontab; null for what is none. */
function weekdaysOf(text: string): string | null {
  if (text === "*") return "*";
  const days = new Set<number>();
  for (const part of text.split(",")) {
    const [, whole, from, to, step] = /^(?:(\*)|(\w+)(?:-(\w+))?)(?:\/(\d+))?$/.exec(part.trim()) ?? [];
    const first = whole === undefined ? dayNumber(from) : 0;
    const last = whole !== undefined ? 6 : to === undefined ? first : dayNumber(to);
    const every = Number(step ?? 1);
    if (first === null || last === null || last < first || every < 1) return null;
    for (let day = first; day <= last; day += every) days.add(day);
  }
  return [...days]
    .sort((a, b) => a - b)
    .map((day) => WEEKDAYS[day])
    .join(",");
}

function dayNumber(text: string | undefined): number | null {
  if (text !== undefined && /^[0-6]$/.test(text)) return Number(text);
  const index = (WEEKDAYS as readonly string[]).indexOf(text ?? "");
  return index < 0 ? null : index;
}
