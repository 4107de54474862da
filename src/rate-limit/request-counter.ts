import { DurableObject } from "cloudflare:workers";
import { nowMs } from "../clock.ts";
import { type Counted, countRequest, type RateWindow } from "../core/rate-limit.ts";
import type { Env } from "../env.ts";

/** Counts the requests of one caller, wherever they arrive, one after the other: so the count is exact. */
export class RequestCounter extends DurableObject<Env> {
  /** Stored, so that an object that was evicted does not begin its minute again. */
  async count(limit: number): Promise<Omit<Counted, "window">> {
    const { kv } = this.ctx.storage;
    const { window, ...counted } = countRequest(kv.get<RateWindow>("window") ?? null, limit, nowMs());
    if (counted.allowed) kv.put("window", window);
    return counted;
  }

  /** One that was counted does not count after all. */
  async giveBack(): Promise<void> {
    const { kv } = this.ctx.storage;
    const window = kv.get<RateWindow>("window");
    if (window !== undefined && window.used > 0) kv.put("window", { ...window, used: window.used - 1 });
  }
}
