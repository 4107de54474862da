import type { RunStatus } from "../../src/contract/run.ts";
import type { RetryPolicy } from "../../src/contract/run-policy.ts";
import { isOutside, type Step, stepOf, TOKENS_PER_ATTEMPT } from "./scripted-agent.ts";

/** What is known of a run from outside: what it was asked to do, and what befell it. */
export interface Story {
  mark: string;
  script: readonly Step[];
  retry: RetryPolicy;
  /** Somebody may have asked for it to be cancelled. */
  mayBeCancelled: boolean;
  /** Parts of the service may have failed, so that attempts were interrupted. */
  faulty: boolean;
  /** It may have waited for its turn for longer than it may. */
  mayOverstay: boolean;
}

export interface Ended {
  status: RunStatus;
  attempt: number;
  output_data: string | null;
  tokens_input: number;
}

/** Why a run could not have ended so, or nothing. Knows nothing of how the service works: only what it promises. */
export function impossible(story: Story, run: Ended): string[] {
  const complaints: string[] = [];
  if (run.attempt > story.retry.maxAttempts) complaints.push(`${run.attempt} attempts of ${story.retry.maxAttempts}`);
  for (let attempt = 1; attempt < run.attempt; attempt++) {
    if (!endsOf(story, attempt).some((end) => isRepeated(story, attempt, end))) {
      complaints.push(`attempt ${attempt} was repeated`);
    }
  }
  const allowed = endsOf(story, run.attempt).filter((end) => !isRepeated(story, run.attempt, end));
  if (story.mayBeCancelled) allowed.push("cancelled");
  if (story.mayOverstay) allowed.push("timed_out");
  if (!allowed.includes(run.status)) complaints.push(`it is ${run.status}, which none of ${allowed} is`);
  const output = run.status === "completed" ? JSON.stringify({ mark: story.mark, attempt: run.attempt }) : null;
  if (run.output_data !== output) complaints.push(`its output is ${run.output_data}, not ${output}`);
  const attempts = Array.from({ length: run.attempt }, (_, n) => stepOf(story.script, n + 1));
  const own = attempts.length * TOKENS_PER_ATTEMPT;
  // Who completes an attempt brings as much again. Where that comes before the attempt is handed over, its own is lost.
  const brought = attempts.filter((step) => isOutside(step) && step !== "outside_forgets").length * TOKENS_PER_ATTEMPT;
  const exact = !story.faulty && !story.mayBeCancelled && !story.mayOverstay;
  if (run.tokens_input > own + brought || (exact && run.tokens_input < own)) {
    complaints.push(`it used ${run.tokens_input} tokens in ${run.attempt} attempts of ${TOKENS_PER_ATTEMPT}`);
  }
  return complaints;
}

/** How an attempt may end. */
function endsOf(story: Story, attempt: number): RunStatus[] {
  const step = stepOf(story.script, attempt);
  const outside = isOutside(step);
  const completes = step === "complete" || step === "outside_completes";
  const forgotten = step === "hang" || step === "outside_forgets";
  const scripted: RunStatus = completes ? "completed" : forgotten ? "timed_out" : "failed";
  if (!story.faulty) return [scripted];
  return outside ? [scripted, "interrupted", "timed_out"] : [scripted, "interrupted"];
}

/** Unless it is cancelled, a run goes on after such an attempt, and after no other. */
function isRepeated(story: Story, attempt: number, end: RunStatus): boolean {
  const forGood = end === "failed" && stepOf(story.script, attempt) === "never";
  return attempt < story.retry.maxAttempts && !forGood && (story.retry.on as readonly RunStatus[]).includes(end);
}
