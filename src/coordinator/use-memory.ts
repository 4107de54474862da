import type { CoordinatorContext } from "./context.ts";
import type { MemoryHolder, MemoryOutcome, MemoryRequest } from "./protocol.ts";

/**
 * Reads or changes what the agent remembers. It is one synchronous step, so no two changes can come between each
 * other's reading and writing. An attempt may change it while it is the run's own, and not once the run was given to
 * another or has ended: what a cancelled attempt does later changes nothing.
 */
export function useMemory(context: CoordinatorContext, request: MemoryRequest): MemoryOutcome {
  const { memory, nowMs } = context;
  switch (request.kind) {
    case "get":
      return { ok: true, kind: "got", row: memory.get(request.key) };
    case "list": {
      // One more than asked, to know whether there is more.
      const rows = memory.list({ ...request, limit: request.limit + 1 });
      const page = rows.slice(0, request.limit);
      return { ok: true, kind: "page", page, nextAfter: rows.length > page.length ? (page.at(-1)?.key ?? null) : null };
    }
    case "put": {
      if (!holds(context, request.holder)) return { ok: true, kind: "lost" };
      const { key, valueJson, bytes, ifVersion, changeKey } = request;
      const row = { key, valueJson, bytes, runId: request.holder.runId };
      return { ok: true, ...memory.put(row, ifVersion, { changeKey, atMs: nowMs() }) };
    }
    case "delete": {
      const { key, ifVersion, changeKey, holder } = request;
      if (holder !== null && !holds(context, holder)) return { ok: true, kind: "lost" };
      return { ok: true, ...memory.remove(key, ifVersion, { changeKey, atMs: nowMs() }) };
    }
    case "clear":
      return { ok: true, ...memory.clear({ changeKey: request.changeKey, atMs: nowMs() }) };
    default:
      return request satisfies never;
  }
}

function holds({ knowledge }: CoordinatorContext, { runId, attempt, leaseKey }: MemoryHolder): boolean {
  const run = knowledge.get(runId);
  return run?.status === "running" && run.attempt === attempt && run.leaseKey === leaseKey && !run.handedOver;
}
