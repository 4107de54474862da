import { nowMs } from "../clock.ts";
import { MAX_AUDIT_CHARS } from "../contract/limits.ts";
import { PROBLEM_STATUS } from "../contract/problems.ts";
import { redact } from "../core/redact.ts";
import { describeError, log } from "../log.ts";
import { closeAudit, openAudit } from "../store/audit.ts";
import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";

/** What was changed, as the record shows it. */
export interface Change {
  /** Null: there was none. */
  before: unknown;
  /** Null: there is none any more. */
  after: unknown;
}

/** For who makes a change: what it was. The record has the answer's body as what it became where nobody says. */
export function noteChange(c: AppContext, change: Change): void {
  c.set("change", change);
}

/**
 * Does what changes something on behalf of the caller, and records who, what and when before it is done, and before,
 * after and how it was answered once it is. Where the service dies in between the record stands without an outcome.
 * Throws what `act` does, and `storage_unavailable` where no record can be made: then nothing is done.
 */
export async function audited<Answer extends Response | { body: unknown; status?: number }>(
  action: string,
  c: AppContext,
  act: () => Promise<Answer>,
): Promise<Answer> {
  const caller = c.get("caller");
  if (caller === null) throw new Error(`${action} changes something for a caller that nobody asked for`);
  const { name, role } = caller;
  const opening = { atMs: nowMs(), caller: name, role, action, subject: c.req.path, requestId: c.get("requestId") };
  const id = await openAudit(c.env.DB, opening);
  try {
    const answer = await act();
    await close(id, answer.status ?? 200, answer instanceof Response ? null : answer.body, c);
    return answer;
  } catch (error) {
    await close(id, error instanceof ProblemError ? PROBLEM_STATUS[error.problem.code] : null, null, c);
    throw error;
  }
}

/** The change stands whether its outcome can be recorded or not, and so does its answer. */
async function close(id: number, status: number | null, body: unknown, c: AppContext): Promise<void> {
  const { before, after } = c.get("change") ?? { before: null, after: body };
  const outcome = { status, beforeJson: shown(before), afterJson: shown(after) };
  try {
    await closeAudit(c.env.DB, id, outcome);
  } catch (error) {
    log.warn("audit.outcome_not_recorded", { audit_id: id, status, error: describeError(error) });
  }
}

function shown(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  const json = JSON.stringify(redact(value));
  return json.length <= MAX_AUDIT_CHARS ? json : JSON.stringify({ cut: json.slice(0, MAX_AUDIT_CHARS) });
}
