import * as z from "zod";
import {
  MemoryDeleted,
  MemoryEntry,
  MemoryKey,
  type MemoryListing,
  MemoryPage,
  MemoryQuery,
} from "../contract/memory.ts";
import { AgentName } from "../contract/names.ts";
import { callCoordinator } from "../coordinator/client.ts";
import type { MemoryOutcome, MemoryRequest } from "../coordinator/protocol.ts";
import { randomKey } from "../random.ts";
import type { MemoryListing as MemoryRow } from "../store/memory.ts";
import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";
import { defineRoute } from "./route.ts";
import { instant } from "./run-view.ts";

const ofAgent = {
  path: "/api/agents/{name}/memory",
  tag: "Agents",
  pathParams: { schema: z.object({ name: AgentName }), absent: "agent_not_found" },
} as const;
const ofKey = {
  path: "/api/agents/{name}/memory/{key}",
  tag: "Agents",
  pathParams: { schema: z.object({ name: AgentName, key: MemoryKey }), absent: "memory_not_found" },
} as const;

const listMemory = defineRoute({
  ...ofAgent,
  method: "GET",
  summary: "List what an agent remembers between its runs",
  description: "Also of a retired one: what it remembers stays until it is deleted.",
  access: "viewer",
  query: MemoryQuery,
  answer: MemoryPage,
  problems: ["agent_not_found", "storage_unavailable", "coordinator_unavailable"],
  async handle({ path: { name }, query }, c) {
    return { body: await readMemoryPage(name, query, c) };
  },
});

const clearMemory = defineRoute({
  ...ofAgent,
  method: "DELETE",
  summary: "Have an agent forget everything",
  access: "admin",
  answer: MemoryDeleted,
  problems: ["agent_not_found", "storage_unavailable", "coordinator_unavailable"],
  async handle({ path: { name } }, c) {
    const outcome = await askOf(name, { kind: "clear", changeKey: randomKey() }, c);
    if (outcome.kind !== "deleted") throw unexpected(outcome);
    return { body: { agent: name, deleted: outcome.keys } };
  },
});

const getMemory = defineRoute({
  ...ofKey,
  method: "GET",
  summary: "Show one value that an agent remembers",
  access: "viewer",
  answer: MemoryEntry,
  problems: ["agent_not_found", "memory_not_found", "storage_unavailable", "coordinator_unavailable"],
  async handle({ path: { name, key } }, c) {
    return { body: await readMemoryEntry(name, key, c) };
  },
});

const deleteMemory = defineRoute({
  ...ofKey,
  method: "DELETE",
  summary: "Have an agent forget one value",
  access: "admin",
  answer: MemoryDeleted,
  problems: ["agent_not_found", "memory_not_found", "storage_unavailable", "coordinator_unavailable"],
  async handle({ path: { name, key } }, c) {
    const change = { key, ifVersion: null, changeKey: randomKey(), holder: null };
    const outcome = await askOf(name, { kind: "delete", ...change }, c);
    if (outcome.kind !== "deleted") throw unexpected(outcome);
    if (outcome.keys === 0) throw absent(name, key);
    return { body: { agent: name, deleted: outcome.keys } };
  },
});

export const memoryRoutes = [listMemory, clearMemory, getMemory, deleteMemory];

/** What an agent remembers, by key, without the values. */
export async function readMemoryPage(
  name: string,
  { prefix, after, limit }: z.output<typeof MemoryQuery>,
  c: AppContext,
): Promise<z.output<typeof MemoryPage>> {
  const outcome = await askOf(name, { kind: "list", prefix, afterKey: after, limit }, c);
  if (outcome.kind !== "page") throw unexpected(outcome);
  return { entries: outcome.page.map(listing), next_after: outcome.nextAfter };
}

/** One value that an agent remembers. Throws `memory_not_found`. */
export async function readMemoryEntry(name: string, key: string, c: AppContext): Promise<z.output<typeof MemoryEntry>> {
  const outcome = await askOf(name, { kind: "get", key }, c);
  if (outcome.kind !== "got") throw unexpected(outcome);
  if (outcome.row === null) throw absent(name, key);
  return { ...listing(outcome.row), value: JSON.parse(outcome.row.valueJson) as unknown };
}

/** Of the agent's coordinator, which has the memory: for a name that never was an agent's none is made. */
async function askOf(name: string, request: MemoryRequest, c: AppContext) {
  if ((await c.get("registry").current(c.env.DB, name)) === null) {
    throw new ProblemError({ code: "agent_not_found", detail: `There is no agent named "${name}".` });
  }
  const outcome = await callCoordinator(c.env.COORDINATOR, name, (coordinator) => coordinator.memory(request));
  if (!outcome.ok) throw new ProblemError(outcome.problem);
  return outcome;
}

function listing({ key, version, bytes, updatedAtMs, runId }: MemoryRow): MemoryListing {
  return { key, version, bytes, updated_at: instant(updatedAtMs), run_id: runId };
}

function unexpected({ kind }: Extract<MemoryOutcome, { ok: true }>): Error {
  return new Error(`a request to an agent's memory was answered as ${kind}`);
}

function absent(name: string, key: string): ProblemError {
  return new ProblemError({ code: "memory_not_found", detail: `Agent "${name}" remembers nothing as "${key}".` });
}
