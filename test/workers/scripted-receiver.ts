import { createHmac } from "node:crypto";
import { expect, vi } from "vitest";

export interface Received {
  url: string;
  init: RequestInit;
  headers: Headers;
  body: string;
}

type Answer = (init: RequestInit) => Response | Promise<Response>;

/** Takes the place of every receiver of webhooks: answers what it is told, one item a try, and then 204 for ever. */
export function scriptedReceiver(...answers: (number | Answer)[]) {
  const received: Received[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (url, init = {}) => {
    received.push({ url: String(url), init, headers: new Headers(init.headers), body: String(init.body) });
    const answer = answers.shift() ?? 204;
    return typeof answer === "number" ? new Response(null, { status: answer }) : answer(init);
  });
  return received;
}

/** Standard Webhooks 1.0.0, "Signature scheme", in a receiver's own words; the secret is that of vitest.config.ts. */
export function expectSigned({ headers, body }: Received): void {
  const id = headers.get("webhook-id");
  const timestamp = headers.get("webhook-timestamp");
  const key = Buffer.from("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "base64");
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  expect(headers.get("webhook-signature")).toBe(`v1,${mac}`);
  expect(id).toMatch(/^msg_[0-9a-f]{32}_(budget_)?\d+$/);
  expect(timestamp).toMatch(/^\d{10}$/);
}
