import { type CronTrigger, type IntervalTrigger, type JobTrigger, WEEKDAYS } from "../../contract/job-trigger.ts";

const NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;

/** A trigger as a sentence for a person: "At 09:00 on Monday to Friday (America/New_York)". */
export function describeTrigger(trigger: JobTrigger): string {
  switch (trigger.type) {
    case "cron":
      return `${describeCron(trigger)} (${trigger.timezone})`;
    case "interval":
      return describeInterval(trigger);
    case "date":
      return `Once, at ${trigger.run_date.replace(/\.000Z$/, "Z")}`;
  }
}

/** The shapes that most jobs have; any other is shown as it is, for a wrong sentence would be worse. */
function describeCron({ expression, day_match }: CronTrigger): string {
  const verbatim = `By the cron expression ${expression}`;
  const parts = expression.toLowerCase().split(/\s+/);
  if (parts.length !== 5) return verbatim;
  const [minute = "", hour = "", day = "", month = "", weekday = ""] = parts;
  const time = describeTime(minute, hour);
  const days = describeDays(day, weekday);
  if (time === null || days === null || month !== "*" || (day !== "*" && weekday !== "*" && day_match !== "both")) {
    return verbatim;
  }
  return `${time}${days}`;
}

function describeTime(minute: string, hour: string): string | null {
  if (hour === "*" && minute === "*") return "Every minute";
  const step = /^\*\/(\d+)$/.exec(minute)?.[1];
  if (hour === "*" && step !== undefined && 60 % Number(step) === 0) return `Every ${step} minutes`;
  if (!/^\d+$/.test(minute)) return null;
  if (hour === "*") return `Every hour at minute ${minute}`;
  if (!/^\d+(,\d+)*$/.test(hour)) return null;
  return `At ${listed(hour.split(",").map((each) => `${each.padStart(2, "0")}:${minute.padStart(2, "0")}`))}`;
}

function describeDays(day: string, weekday: string): string | null {
  const dates = day === "*" ? "" : day === "l" ? " on the last day of the month" : describeDates(day);
  if (dates === null || weekday === "*") return dates;
  const range = /^([a-z]{3}|\d)-([a-z]{3}|\d)$/.exec(weekday);
  const names = (range === null ? weekday.split(",") : range.slice(1)).map(nameOf);
  if (names.some((name) => name === null)) return null;
  const text = range === null ? describeList(names as string[]) : names.join(" to ");
  return dates === "" ? ` on ${text}` : `${dates}, if it is ${text}`;
}

/** Days that follow one another, three or more, go by their first and last: a list of five is hard to take in. */
function describeList(names: readonly string[]): string {
  const runs: string[][] = [];
  for (const name of names) {
    const run = runs.at(-1);
    if (run !== undefined && isDayAfter(run.at(-1), name)) run.push(name);
    else runs.push([name]);
  }
  return listed(runs.flatMap((run) => (run.length < 3 ? run : [`${run[0]} to ${run.at(-1)}`])));
}

function isDayAfter(before: string | undefined, name: string): boolean {
  const days: readonly (string | undefined)[] = NAMES;
  return before !== undefined && days.indexOf(name) === (days.indexOf(before) + 1) % NAMES.length;
}

function describeDates(day: string): string | null {
  return /^\d+(,\d+)*$/.test(day) ? ` on day ${listed(day.split(","))} of the month` : null;
}

/** Crontab's numbers: Sunday is 0 and 7. */
function nameOf(day: string): string | null {
  const index = /^[0-7]$/.test(day) ? (Number(day) + 6) % 7 : (WEEKDAYS as readonly string[]).indexOf(day);
  return NAMES[index] ?? null;
}

function describeInterval(trigger: IntervalTrigger): string {
  const units = (["weeks", "days", "hours", "minutes", "seconds"] as const).flatMap((unit) => {
    const count = trigger[unit] ?? 0;
    return count === 0 ? [] : [count === 1 ? unit.slice(0, -1) : `${count} ${unit}`];
  });
  return `Every ${listed(units)}${trigger.start === undefined ? "" : `, from ${trigger.start.replace(/\.000Z$/, "Z")}`}`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
