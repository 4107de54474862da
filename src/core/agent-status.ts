import type { AgentStatus } from "../contract/agent.ts";
import type { RunStatus } from "../contract/run.ts";

export function agentStatus(agent: { enabled: boolean; live: boolean; lastStatus: RunStatus | null }): AgentStatus {
  if (!agent.enabled) return "disabled";
  if (agent.live) return "running";
  switch (agent.lastStatus) {
    case "failed":
    case "timed_out":
    case "interrupted":
      return "error";
    case null:
    case "queued":
    case "running":
    case "completed":
    case "cancelled":
      return "idle";
    default:
      return agent.lastStatus satisfies never;
  }
}
