/**
 * What Cloudflare charges for a plain run, by its list prices (Workers Paid, past what the plan includes) as read on
 * `asOf` at developers.cloudflare.com: /workers/platform/pricing, /durable-objects/platform/pricing and
 * /d1/platform/pricing. A run is a Worker request, two calls of its coordinator and two transactions. An estimate: a
 * retry, an event, a heartbeat or a budget's limit costs more; runs that share transactions cost less.
 */
export const PLATFORM_PRICE = { asOf: "2026-11-23", microusdPerRun: microusdPerRun() };

/** Dollars a million are millionths of a dollar each. */
function microusdPerRun(): number {
  const workerRequest = 1 * 0.3;
  const workerCpu = 5 * 0.02; // ms, assumed
  const objectRequests = 2 * 0.15;
  const objectDuration = 0.2 * 0.128 * 12.5; // s active, assumed; GB; dollars a million GB-s
  const rowsWritten = 7 * 1; // measured by `npm run bench`
  const rowsRead = 10 * 0.001;
  const total = workerRequest + workerCpu + objectRequests + objectDuration + rowsWritten + rowsRead;
  return Math.round(total * 100) / 100;
}
