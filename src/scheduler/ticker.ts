import { DurableObject } from "cloudflare:workers";
import { AGENTS, createRegistry } from "../agents/registry.ts";
import { nowMs } from "../clock.ts";
import { FIRE_RETRY_MS, TICKER_MS, TICKER_SOON_MS } from "../contract/limits.ts";
import type { Env } from "../env.ts";
import { readNextDue, readWaiting } from "../store/job-fires.ts";
import { tellOn } from "../stream/client.ts";
import { tick } from "./tick.ts";

/**
 * The scheduler's second hand: one object whose alarm ticks at the instant the next job is due, and once a minute.
 * Nothing relies on it: what it leaves undone, the Cron Trigger's tick does within the minute.
 */
export class Ticker extends DurableObject<Env> {
  protected readonly registry = createRegistry(AGENTS);

  /** Has it tick at an instant, or earlier. */
  async arm(atMs: number): Promise<void> {
    const armedAtMs = await this.ctx.storage.getAlarm();
    if (armedAtMs === null || armedAtMs > atMs) await this.ctx.storage.setAlarm(atMs);
  }

  override async alarm(): Promise<void> {
    // First of all: the alarm is gone by now, and whatever fails below would be the last thing it did.
    await this.arm(nowMs() + TICKER_MS);
    const tell = tellOn(this.env.STREAM, (told) => this.ctx.waitUntil(told));
    const { passedOn } = await tick({ env: this.env, registry: this.registry, nowMs, tell }, "ticker");
    await this.arm(await this.#nextTickAtMs(passedOn));
  }

  async #nextTickAtMs(passedOn: number): Promise<number> {
    const [dueAtMs, waiting] = await Promise.all([readNextDue(this.env.DB), readWaiting(this.env.DB)]);
    const atMs = nowMs();
    const soonMs = passedOn > 0 ? FIRE_RETRY_MS : TICKER_SOON_MS; // others are at work on what is due
    const instants = [atMs + TICKER_MS];
    if (dueAtMs !== null) instants.push(dueAtMs > atMs || passedOn === 0 ? dueAtMs : atMs + soonMs);
    if (waiting.buffered) instants.push(atMs + soonMs);
    if (waiting.promised) instants.push(atMs + FIRE_RETRY_MS);
    return Math.min(...instants);
  }
}
