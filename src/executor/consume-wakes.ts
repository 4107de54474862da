import { type Found, isAgent, type Registry } from "../agents/registry.ts";
import { callCoordinator } from "../coordinator/client.ts";
import type { ClaimedRun, FinishRequest } from "../coordinator/protocol.ts";
import { toldBy, type Wake } from "../coordinator/wake.ts";
import type { Env } from "../env.ts";
import { describeError, log } from "../log.ts";
import { randomKey } from "../random.ts";
import { StorageError } from "../store/storage.ts";
import { deliverWebhooks } from "../webhooks/deliver-webhooks.ts";
import { childrenOf } from "./run-agent.ts";
import { runAttempt } from "./run-attempt.ts";

const RETRY_DELAY_S = 5;

/** What a queue consumer needs of its surroundings. */
interface Surroundings {
  env: Env;
  registry: Registry;
  /** Keeps the consumer alive after its batch is acknowledged: up to 15 minutes. */
  waitUntil(work: Promise<void>): void;
  /** Does what is due of some jobs. Safe to repeat. */
  workOnJobs(jobIds: readonly string[]): Promise<void>;
}

/**
 * Executes a run for each wake of the batch, all at once. A wake has done its work once its claim is answered: from
 * then on the lease answers for the run, so the batch is acknowledged without waiting for the runs. For a webhook its
 * row answers from the start, and a receiver that hangs holds up nobody.
 */
export async function consumeWakes(batch: MessageBatch<Wake>, surroundings: Surroundings): Promise<void> {
  const webhooks = batch.messages.flatMap(({ body }) => toldBy(body) ?? []);
  if (webhooks.length > 0) surroundings.waitUntil(deliverWebhooks(webhooks, surroundings.env));
  await Promise.all(batch.messages.map((message) => consume(message, surroundings)));
}

async function consume(message: Message<Wake>, surroundings: Surroundings): Promise<void> {
  const { body } = message;
  switch (body.kind) {
    case "webhook":
    case "budget_webhook":
      return message.ack();
    case "claim":
      return claim(message, body.agent, surroundings);
    case "jobs":
      return workOnJobs(message, body.jobIds, surroundings);
    default:
      return body satisfies never;
  }
}

/** Jobs that storage keeps us from are due still: the next tick finds them, and the message is not needed. */
async function workOnJobs(
  message: Message<Wake>,
  jobIds: readonly string[],
  surroundings: Surroundings,
): Promise<void> {
  message.ack();
  try {
    await surroundings.workOnJobs(jobIds);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.warn("jobs.put_off", { jobs: jobIds.length, error: describeError(error) });
  }
}

async function claim(
  message: Message<Wake>,
  agentName: string,
  { env, registry, waitUntil }: Surroundings,
): Promise<void> {
  const leaseKey = randomKey();
  const claimed = await callCoordinator(env.COORDINATOR, agentName, (coordinator) => coordinator.claim({ leaseKey }));
  if (!claimed.ok) return message.retry({ delaySeconds: RETRY_DELAY_S });
  message.ack();
  if (claimed.kind === "started") waitUntil(execute(agentName, claimed, env, registry));
}

async function execute(agentName: string, started: ClaimedRun, env: Env, registry: Registry): Promise<void> {
  const agent = await agentToExecute(agentName, started.agentVersion, env, registry);
  if (agent === "unknown") return; // the lease answers for the attempt
  if (!isAgent(agent)) return refuse(agentName, started, "There is no such agent any more.", env);
  const input = await agent.input.safeParseAsync(JSON.parse(started.inputJson));
  if (!input.success) return refuse(agentName, started, "The agent does not take these params any more.", env);
  const { serviceOrigin } = started;
  const runChild = childrenOf({ registry, env, serviceOrigin });
  await runAttempt({ agent, input: input.data, started, env, serviceOrigin, runChild });
}

/** As the coordinator has it in force: mostly it has been seen here before, and D1 is not asked. */
async function agentToExecute(name: string, version: number, env: Env, registry: Registry): Promise<Found | "unknown"> {
  try {
    return await registry.ofVersion(env.DB, name, version);
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    log.warn("agent.unknown", { agent: name, version, error: describeError(error) });
    return "unknown";
  }
}

/** What was accepted before a deploy or a change may be impossible after it. */
async function refuse(agentName: string, { runId, attempt }: ClaimedRun, error: string, env: Env): Promise<void> {
  const finished: FinishRequest = {
    runId,
    attempt,
    end: "failed",
    error,
    advice: { kind: "never" },
    result: NO_RESULT,
    events: [],
  };
  await callCoordinator(env.COORDINATOR, agentName, (coordinator) => coordinator.finish(finished));
}

const NO_RESULT: FinishRequest["result"] = {
  outputJson: null,
  outputTruncated: false,
  tokensInput: 0,
  tokensOutput: 0,
  costMicrousd: 0,
  durationMs: 0,
};
