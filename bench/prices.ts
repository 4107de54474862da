import type { RunUse } from "./meter-reading.ts";
import { type Aim, figure, printNote, printTable, verdict } from "./table.ts";

/**
 * Cloudflare's list prices in US dollars, Workers Paid, past what the plan includes.
 * Source, read on 2026-11-23: developers.cloudflare.com/workers/platform/pricing,
 * /durable-objects/platform/pricing, /d1/platform/pricing, /queues/platform/pricing.
 */
const PRICES = {
  asOf: "2026-11-23",
  workerRequestsPerMillion: 0.3,
  workerCpuPerMillionMs: 0.02,
  objectRequestsPerMillion: 0.15,
  objectDurationPerMillionGbS: 12.5,
  rowsReadPerMillion: 0.001,
  rowsWrittenPerMillion: 1,
  queueOperationsPerMillion: 0.4,
  logEventsPerMillion: 0.6,
  logEventsIncludedPerMonth: 20_000_000,
};

/** An object is billed as if it held this much. */
const OBJECT_GB = 0.128;

/** What a local runtime cannot tell. Both are on the dear side. */
const ASSUMED = {
  /** Of the Worker: parsing, validation, the agent's own no work, two calls. */
  cpuMsPerRun: 5,
  /** Of the consumer that a message wakes. */
  cpuMsPerWake: 5,
  /** A commit each to a D1 that is 100 ms away; here it is on the same disk. */
  objectActiveMsPerRequest: 100,
};

/** A message is written, read and deleted. */
const OPERATIONS_PER_WAKE = 3;

/** What a million runs cost, from what one of them was seen to use. */
export function printPrices(what: string, uses: readonly { load: string; use: RunUse; aim?: Aim }[]): void {
  const rows = uses.map(({ load, use, aim }) => {
    const price = priceOfMillionRuns(use);
    const total = Object.values(price).reduce((sum, part) => sum + part, 0);
    const logs = use.logLines * PRICES.logEventsPerMillion;
    const parts = [...Object.values(price), total].map((dollars) => figure(dollars, 2));
    return [
      load,
      ...parts,
      aim === undefined ? "" : verdict(total, aim),
      `+ ${figure(logs, 2)} = ${figure(total + logs, 2)}`,
    ];
  });
  printTable(
    `Price of a million ${what}, in dollars, at Cloudflare's list prices of ${PRICES.asOf}, nothing included`,
    [
      { title: "load", align: "left" },
      { title: "Worker requests" },
      { title: "Worker CPU" },
      { title: "object requests" },
      { title: "object duration" },
      { title: "rows read" },
      { title: "rows written" },
      { title: "queue" },
      { title: "total" },
      { title: "", align: "left" },
      { title: "with Workers Logs" },
    ],
    rows,
  );
  printNote(
    `assumed, not measured: ${ASSUMED.cpuMsPerRun} ms of CPU per run and ${ASSUMED.cpuMsPerWake} ms per message, ${ASSUMED.objectActiveMsPerRequest} ms of active object per call, since a local D1 has no network before it;`,
  );
  printNote(
    `Workers Logs: the first ${figure(PRICES.logEventsIncludedPerMonth / 1e6, 0)} million events of a month are included, which is why they stand apart`,
  );
}

function priceOfMillionRuns(use: RunUse) {
  const gbS = (Math.max(use.objectActiveMs, use.objectRequests * ASSUMED.objectActiveMsPerRequest) / 1_000) * OBJECT_GB;
  return {
    workerRequests: PRICES.workerRequestsPerMillion,
    workerCpu: (ASSUMED.cpuMsPerRun + use.wakes * ASSUMED.cpuMsPerWake) * PRICES.workerCpuPerMillionMs,
    objectRequests: use.objectRequests * PRICES.objectRequestsPerMillion,
    objectDuration: gbS * PRICES.objectDurationPerMillionGbS,
    rowsRead: use.rowsRead * PRICES.rowsReadPerMillion,
    rowsWritten: use.rowsWritten * PRICES.rowsWrittenPerMillion,
    queue: use.wakes * OPERATIONS_PER_WAKE * PRICES.queueOperationsPerMillion,
  };
}
