/** What a client was promised: by which id it knows a run, and under which key it asked for it. */
export interface Load {
  acknowledged: Set<number>;
  /** Every id that was answered under each idempotency key. */
  byKey: Map<string, Set<number>>;
  refused(): number;
  start(connections: number): void;
  stop(): Promise<void>;
}

const CALL_DEADLINE_MS = 5_000;

/** Clients that each ask, wait for the answer, and ask again: sync and background runs, repeated keys, cancels. */
export function createLoad(origin: string): Load {
  const acknowledged = new Set<number>();
  const byKey = new Map<string, Set<number>>();
  let refused = 0;
  let calls = 0;
  let running = false;
  let clients: Promise<void>[] = [];

  async function client(number: number): Promise<void> {
    while (running) {
      const call = calls++;
      try {
        await act(call, number);
      } catch {
        refused++; // the server is dead or dying: that is the point
        await new Promise((wake) => setTimeout(wake, 20));
      }
    }
  }

  async function act(call: number, number: number): Promise<void> {
    const kind = call % 8;
    const sleepMs = [0, 0, 30, 300][call % 4] ?? 0;
    if (kind === 7) return cancelSomeRun(call);
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (kind >= 4) headers.Prefer = "respond-async";
    const key = kind === 2 || kind === 5 ? `key-${Math.floor(call / 24)}-${kind}` : null;
    if (key !== null) headers["Idempotency-Key"] = key;
    const params = key === null ? { call, number, sleep_ms: sleepMs } : { key };
    const response = await post("/api/agents/echo/run", headers, JSON.stringify({ params }));
    if (!response.ok) throw new Error(`${response.status}`);
    const { run_id } = (await response.json()) as { run_id: number };
    acknowledged.add(run_id);
    if (key !== null) byKey.set(key, (byKey.get(key) ?? new Set()).add(run_id));
  }

  async function cancelSomeRun(call: number): Promise<void> {
    const ids = [...acknowledged].slice(-40);
    const id = ids[call % Math.max(1, ids.length)];
    if (id !== undefined) await post(`/api/agents/runs/${id}/cancel`, {}, null);
  }

  function post(path: string, headers: Record<string, string>, body: string | null): Promise<Response> {
    return fetch(origin + path, { method: "POST", headers, body, signal: AbortSignal.timeout(CALL_DEADLINE_MS) });
  }

  return {
    acknowledged,
    byKey,
    refused: () => refused,
    start(connections) {
      running = true;
      clients = Array.from({ length: connections }, (_, number) => client(number));
    },
    async stop() {
      running = false;
      await Promise.all(clients);
    },
  };
}
