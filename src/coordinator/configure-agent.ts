import { log } from "../log.ts";
import { writeAgentVersion } from "../store/agent-version-write.ts";
import type { CoordinatorContext } from "./context.ts";
import type { ConfigureOutcome, ConfigureRequest } from "./protocol.ts";

/**
 * Puts a new version of the agent in force, if the one before is the one that it was made from. On `configured` it is
 * durable, and no run begins with another from then on: it is this object that lets runs begin.
 */
export async function configureAgent(
  context: CoordinatorContext,
  request: ConfigureRequest,
): Promise<ConfigureOutcome> {
  const { agentName, db, knowledge, nowMs } = context;
  const changedAtMs = await writeAgentVersion(db, { ...request, agentName, changedAtMs: nowMs() });
  if (changedAtMs === null) {
    knowledge.doubt(); // somebody made a version past us, or the request is of an older one
    return { ok: true, kind: "conflict" };
  }
  const version = request.baseVersion + 1;
  knowledge.learnVersion(version);
  log.info(`agent.${request.change}`, { agent: agentName, version, by: request.changedBy });
  return { ok: true, kind: "configured", version, changedAtMs };
}
