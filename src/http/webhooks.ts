import * as z from "zod";
import { nowMs } from "../clock.ts";
import { RunId } from "../contract/names.ts";
import { RunWebhook } from "../contract/run-webhook.ts";
import { sendWebhookWake } from "../coordinator/wake.ts";
import { readRunWebhook, restartDelivery } from "../store/webhook-deliveries.ts";
import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";
import { defineRoute } from "./route.ts";
import { runWebhook } from "./run-view.ts";

const redeliverWebhook = defineRoute({
  method: "POST",
  path: "/api/agents/runs/{id}/webhook/redeliver",
  tag: "Runs",
  summary: "Send a run's webhook again",
  description: "Starts a delivery that has ended, well or badly, over again, with the same `webhook-id`.",
  access: "operator",
  pathParams: { schema: z.object({ id: RunId }), absent: "webhook_not_found" },
  answer: RunWebhook,
  answerStatuses: [202],
  problems: ["webhook_not_found", "webhook_pending"],
  async handle({ path }, c) {
    await found(path.id, c);
    if (!(await restartDelivery(c.env.DB, path.id, nowMs()))) {
      const detail = `The webhook of run ${path.id} is not through yet: it will be sent without being asked for.`;
      throw new ProblemError({ code: "webhook_pending", detail });
    }
    await sendWebhookWake(c.env.RUN_QUEUE, { kind: "run", id: path.id }, 0);
    return { status: 202, body: runWebhook(await found(path.id, c)) };
  },
});

export const webhookRoutes = [redeliverWebhook];

async function found(runId: number, c: AppContext) {
  const webhook = await readRunWebhook(c.env.DB, runId);
  if (webhook !== null) return webhook;
  throw new ProblemError({ code: "webhook_not_found", detail: `There is no run ${runId} that asked for a webhook.` });
}
