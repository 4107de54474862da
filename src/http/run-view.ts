import * as z from "zod";
import type { RunAnswer, RunDetail, RunSummary } from "../contract/run.ts";
import type { RunEvent, RunEventRecord } from "../contract/run-event.ts";
import { ModelUsed, type RunListRecord, type RunRecord, type StoredRun } from "../contract/run-record.ts";
import type { RunWebhook } from "../contract/run-webhook.ts";
import { microusdToUsd } from "../core/money.ts";
import type { EventPage } from "../store/run-events.ts";
import type { RunWebhookRow } from "../store/webhook-deliveries.ts";

/** A run as the API shows it. Inside: epoch milliseconds and millionths of a dollar; here: ISO 8601 and dollars. */
export function runSummary(run: RunListRecord): RunSummary {
  return {
    id: run.id,
    agent_name: run.agent_name,
    framework: run.framework,
    agent_version: run.agent_version,
    status: run.status,
    trigger: run.trigger,
    replay_of: run.replay_of,
    job_id: run.job_id,
    nominal_at: instantOrNull(run.nominal_at),
    attempt: run.attempt,
    priority: run.priority,
    run_at: instantOrNull(run.available_at),
    output: run.output_data === null ? null : JSON.parse(run.output_data),
    output_truncated: run.output_truncated === 1,
    error: run.error,
    tokens_input: run.tokens_input,
    tokens_output: run.tokens_output,
    tokens_used: run.tokens_input + run.tokens_output,
    estimated_cost: microusdToUsd(run.cost_microusd),
    duration_ms: run.duration_ms,
    created_at: instant(run.created_at),
    started_at: instantOrNull(run.started_at),
    completed_at: instantOrNull(run.completed_at),
  };
}

/** `webhook`: what has become of the one that the run asked for, or null. */
export function runDetail(run: StoredRun, { events, more }: EventPage, webhook: RunWebhookRow | null): RunDetail {
  return {
    ...runSummary(run),
    models: modelsOf(run),
    input: JSON.parse(run.input_data),
    events: events.map(runEvent),
    events_next: more ? (events.at(-1)?.seq ?? null) : null,
    webhook: webhook === null ? null : runWebhook(webhook),
  };
}

/** By model, of all attempts. A cost that is not known of one attempt is not known of the run. */
function modelsOf({ model_usage }: StoredRun): RunDetail["models"] {
  const used = z.array(ModelUsed).parse(JSON.parse(model_usage ?? "[]"));
  return [...Map.groupBy(used, ({ model }) => model)].map(([model, attempts]) => {
    const total = (of: (attempt: ModelUsed) => number) => attempts.reduce((sum, attempt) => sum + of(attempt), 0);
    const known = attempts.every(({ costMicrousd }) => costMicrousd !== null);
    return {
      model,
      tokens_input: total(({ tokensInput }) => tokensInput),
      tokens_output: total(({ tokensOutput }) => tokensOutput),
      cost_usd: known ? microusdToUsd(total(({ costMicrousd }) => costMicrousd ?? 0)) : null,
    };
  });
}

export function runEvent({ seq, atMs, attempt, data }: RunEventRecord): RunEvent {
  const common = { seq, at: instant(atMs), attempt };
  if (data.type !== "attempt_ended") return { ...common, ...data };
  const { startedAtMs, retryAtMs, ...rest } = data;
  return {
    ...common,
    ...(startedAtMs === undefined ? {} : { started_at: instant(startedAtMs) }),
    ...rest,
    ...(retryAtMs === null ? {} : { retry_at: instant(retryAtMs) }),
  };
}

export function runWebhook(webhook: RunWebhookRow): RunWebhook {
  return { ...webhook, next_attempt_at: instantOrNull(webhook.next_attempt_at) };
}

export function runAnswer(run: RunRecord): RunAnswer {
  const { id, agent_name, status, duration_ms, output, output_truncated, error, ...rest } = runSummary(run);
  return {
    success: status === "completed",
    run_id: id,
    agent: agent_name,
    status,
    duration_ms,
    output,
    output_truncated,
    error,
    tokens_input: rest.tokens_input,
    tokens_output: rest.tokens_output,
    estimated_cost: rest.estimated_cost,
    attempt: rest.attempt,
    started_at: rest.started_at,
    completed_at: rest.completed_at,
    message: error ?? `Run ${id} of ${agent_name}: ${status}.`,
  };
}

export function instant(atMs: number): string {
  return new Date(atMs).toISOString();
}

export function instantOrNull(atMs: number | null): string | null {
  return atMs === null ? null : instant(atMs);
}
