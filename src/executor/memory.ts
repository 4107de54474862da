import type * as z from "zod";
import { MemoryConflictError, MemoryFullError, NonRetryableError } from "../agents/errors.ts";
import type { AgentMemory, MemoryEntry } from "../agents/memory.ts";
import { sleep } from "../clock.ts";
import { MAX_MEMORY_TRIES, MAX_MEMORY_VALUE_BYTES, MAX_PAGE_MEMORY } from "../contract/limits.ts";
import { MemoryKey, MemoryQuery } from "../contract/memory.ts";
import { callCoordinator } from "../coordinator/client.ts";
import type { MemoryHolder, MemoryOutcome, MemoryRequest } from "../coordinator/protocol.ts";
import { backoffMs } from "../core/backoff.ts";
import type { Env } from "../env.ts";
import { randomFraction, randomKey } from "../random.ts";
import { jsonOf } from "./bounded.ts";

/** For those who change the same value at once: they soon come one after another. */
const BACKOFF = { minDelayMs: 4, maxDelayMs: 500, factor: 2 };

type Answer = Extract<MemoryOutcome, { ok: true }>;

/**
 * The memory of the attempt's agent, which lives with its coordinator. Each change has a key of its own, so that the
 * repeat of one whose reply was lost changes nothing.
 */
export function createMemory(
  agentName: string,
  holder: MemoryHolder,
  env: Env,
  signal: () => AbortSignal,
): AgentMemory {
  async function ask<Kind extends Answer["kind"]>(request: MemoryRequest, ...kinds: Kind[]) {
    signal().throwIfAborted();
    const outcome = await callCoordinator(env.COORDINATOR, agentName, (coordinator) => coordinator.memory(request));
    if (!outcome.ok) throw new Error(`memory: ${outcome.problem.detail}`);
    if (outcome.kind === "lost") throw new Error("memory: the attempt is no longer the run's own");
    if (isOf(outcome, kinds)) return outcome;
    throw new Error(`a ${request.kind} of memory was answered as ${outcome.kind}`);
  }

  function write(key: string, value: unknown, ifVersion: number | null) {
    const { valueJson, bytes } = serialized(key, value);
    const change = { key, valueJson, bytes, ifVersion, changeKey: randomKey(), holder };
    return ask({ kind: "put", ...change }, "written", "conflict", "full");
  }

  async function get(key: string): Promise<MemoryEntry | null> {
    const { row } = await ask({ kind: "get", key: parsed(MemoryKey, key, "key") }, "got");
    return row === null ? null : entryOf(row);
  }

  return {
    get,
    async put(key, value, { ifVersion = null }: { ifVersion?: number | null } = {}) {
      const answer = await write(parsed(MemoryKey, key, "key"), value, ifVersion);
      if (answer.kind === "written") return { version: answer.version };
      throw answer.kind === "full" ? full(answer.reason) : conflict(key, ifVersion, answer.row?.version);
    },
    async update(key, change) {
      for (let tries = 1; tries <= MAX_MEMORY_TRIES; tries++) {
        const seen = await get(key);
        const value = await change(seen?.value);
        const answer = await write(key, value, seen?.version ?? 0);
        if (answer.kind === "written") return { value, version: answer.version };
        if (answer.kind === "full") throw full(answer.reason);
        await sleep(backoffMs(BACKOFF, tries, randomFraction()));
      }
      throw new MemoryConflictError(`memory: "${key}" was changed ${MAX_MEMORY_TRIES} times by others meanwhile`);
    },
    async delete(key, { ifVersion = null }: { ifVersion?: number | null } = {}) {
      const which = { key: parsed(MemoryKey, key, "key"), ifVersion };
      const answer = await ask({ kind: "delete", ...which, changeKey: randomKey(), holder }, "deleted", "conflict");
      if (answer.kind === "conflict") throw conflict(key, ifVersion, answer.row?.version);
      return answer.keys > 0;
    },
    async list({ prefix = "", after = "", limit = MAX_PAGE_MEMORY } = {}) {
      const query = parsed(MemoryQuery, { prefix, after, limit }, "list");
      const { page, nextAfter } = await ask({ kind: "list", prefix, afterKey: after, limit: query.limit }, "page");
      const entries = page.map(({ key, version, bytes, updatedAtMs }) => ({ key, version, bytes, updatedAtMs }));
      return { entries, nextAfter };
    },
  };
}

function isOf<Kind extends Answer["kind"]>(answer: Answer, kinds: Kind[]): answer is Extract<Answer, { kind: Kind }> {
  return kinds.some((kind) => kind === answer.kind);
}

function entryOf({ valueJson, version, updatedAtMs }: { valueJson: string; version: number; updatedAtMs: number }) {
  return { value: JSON.parse(valueJson) as unknown, version, updatedAtMs };
}

function serialized(key: string, value: unknown): { valueJson: string; bytes: number } {
  const json = jsonOf(value);
  if (!json.ok) throw new NonRetryableError(`memory: "${key}" is to hold what JSON cannot: ${json.reason}`);
  const { length } = new TextEncoder().encode(json.text);
  if (length <= MAX_MEMORY_VALUE_BYTES) {
    return { valueJson: json.text, bytes: length + new TextEncoder().encode(key).length };
  }
  throw new NonRetryableError(`memory: "${key}" is to hold ${length} bytes, and may hold ${MAX_MEMORY_VALUE_BYTES}`);
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const reasons = result.error.issues.map(({ path, message }) => [...path, message].join(" "));
  throw new NonRetryableError(`memory: the ${what} ${reasons.join("; ")}`);
}

function full(reason: string): MemoryFullError {
  return new MemoryFullError(`memory is full: ${reason}`);
}

function conflict(key: string, expected: number | null, found = 0): MemoryConflictError {
  const is = found === 0 ? "is not there" : `is of version ${found}`;
  return new MemoryConflictError(`memory: "${key}" was to be changed from version ${expected}, but ${is}`);
}
