import type { Agent } from "../agents/define-agent.ts";
import { chooseWebhook } from "../webhooks/choose-webhook.ts";
import type { AppContext } from "./app-context.ts";
import { ProblemError } from "./problems.ts";

/** Where the end of a run is to be told, or null. `requested`: what its request says, if it says anything. */
export function webhookUrlOf(agent: Agent, requested: string | null | undefined, c: AppContext): string | null {
  const choice = chooseWebhook(requested, agent, c.env);
  if (choice.ok) return choice.url;
  throw new ProblemError(choice.problem, choice.errors === undefined ? {} : { errors: choice.errors });
}
