type Fields = Readonly<Record<string, unknown>>;

/** One JSON object a line, which Workers Logs indexes by field. `event` is `noun.verb`; a run's lines carry `run_id`. */
export const log = {
  info: (event: string, fields: Fields) => console.log(line("info", event, fields)),
  warn: (event: string, fields: Fields) => console.warn(line("warn", event, fields)),
  error: (event: string, fields: Fields) => console.error(line("error", event, fields)),
};

/** An error as a log may show it: with its stack and its cause, which no caller ever sees. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? "" : `\ncaused by ${describeError(error.cause)}`;
  return `${error.stack ?? `${error.name}: ${error.message}`}${cause}`;
}

function line(level: string, event: string, fields: Fields): string {
  return JSON.stringify({ level, event, ...fields });
}
