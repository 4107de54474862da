import { withDeadline } from "../clock.ts";
import { RATE_COUNT_DEADLINE_MS } from "../contract/limits.ts";
import { describeError, log } from "../log.ts";

/** What an object that counts answers; null, and a warning, where it fails or is late: that refuses nobody. */
export async function askCounter<Answer>(
  call: () => Promise<Answer>,
  warning: { event: string; fields?: Record<string, string> },
): Promise<Answer | null> {
  try {
    const late = () => new Error(`no answer within ${RATE_COUNT_DEADLINE_MS} ms`);
    return await withDeadline(call(), RATE_COUNT_DEADLINE_MS, late);
  } catch (error) {
    log.warn(warning.event, { ...warning.fields, error: describeError(error) });
    return null;
  }
}
