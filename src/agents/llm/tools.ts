import type { ToolSet } from "ai";
import * as z from "zod";
import { MAX_TOOL_RESULT_CHARS } from "../../contract/limits.ts";
import type { LlmConfig } from "../../contract/llm-config.ts";
import type { AgentContext } from "../define-agent.ts";
import { fetchPage } from "./fetch-page.ts";
import { memoryTool } from "./memory-tool.ts";

type ModelTool = LlmConfig["tools"][number];

/** What the agent lets its model do. `spent` is told what the runs that it asks for have cost. */
export function toolsOf(config: LlmConfig, context: AgentContext, spent: { childrenUsd: number }): ToolSet {
  const runAgent = async (name: string, params: Record<string, unknown>) => {
    const run = await context.runAgent(name, params);
    if (!run.ok) throw new Error(run.reason);
    spent.childrenUsd += run.costUsd;
    return { run_id: run.runId, status: run.status, error: run.error, output: bounded(run.output) };
  };
  const all: Record<ModelTool, ToolSet[string]> = {
    fetch_url: {
      description: "Fetches a web page by GET and gives its text.",
      inputSchema: z.object({ url: z.string().describe("A whole http or https URL.") }),
      execute: async ({ url }: { url: string }) => bounded(await fetchPage(url, context)),
    },
    scan: {
      description: "Scans web sites: status, speed, redirects, security headers, cookies, with a grade and findings.",
      inputSchema: z.object({ targets: z.array(z.string()).min(1).max(10).describe("Whole URLs.") }),
      execute: ({ targets }: { targets: string[] }) => runAgent("scanner", { targets }),
    },
    run_agent: {
      description: `Runs another agent of this service and gives its output.${allowed(config)}`,
      inputSchema: z.object({
        agent: z.string().describe("Its name."),
        params: z.record(z.string(), z.unknown()).describe("What the agent takes, as a JSON object.").default({}),
      }),
      execute: ({ agent, params }: { agent: string; params: Record<string, unknown> }) => {
        if (config.agents === undefined || config.agents.includes(agent)) return runAgent(agent, params);
        throw new Error(`only these may be run: ${config.agents.join(", ")}`);
      },
    },
    read_history: {
      description: "Gives the newest runs of this agent: status, error, when, how long, cost.",
      inputSchema: z.object({ limit: z.int().min(1).max(50).default(10) }),
      execute: async ({ limit }: { limit: number }) =>
        bounded(await context.history.runs({ agent: context.agentName, limit })),
    },
    memory: memoryTool(context.memory),
  };
  return Object.fromEntries(config.tools.map((name) => [name, all[name]]));
}

function allowed({ agents }: LlmConfig): string {
  return agents === undefined ? "" : ` One of: ${agents.join(", ")}.`;
}

/** The value, or, where it is long, the beginning of its JSON. */
function bounded(value: unknown): unknown {
  const json = JSON.stringify(value) ?? "null";
  return json.length <= MAX_TOOL_RESULT_CHARS ? value : `${json.slice(0, MAX_TOOL_RESULT_CHARS)} … [cut]`;
}
