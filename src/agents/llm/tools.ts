import type { Tool } from "ai";
import * as z from "zod";
import { MAX_TOOL_RESULT_CHARS } from "../../contract/limits.ts";
import type { LlmConfig, LlmTool } from "../../contract/llm-config.ts";
import { refuseAddress } from "../../net/address-policy.ts";
import type { AgentContext } from "../define-agent.ts";
import { scanner } from "../scanner/scanner.ts";
import { fetchPage } from "./fetch-page.ts";

/** The tools that a model was given, under their names. What they answer is text or JSON of bounded size. */
export function toolsOf(
  { tools, run_agents }: Pick<LlmConfig, "tools" | "run_agents">,
  context: AgentContext,
): Record<string, Tool> {
  const all: Record<LlmTool, () => Tool> = {
    fetch_url: () => fetchUrl(context),
    scan: () => scan(context),
    run_agent: () => runAgent(run_agents, context),
    read_history: () => readHistory(context),
    memory: () => memory(context),
  };
  return Object.fromEntries(tools.map((name) => [name, all[name]()]));
}

function fetchUrl({ env, signal }: AgentContext): Tool {
  return tool({
    description: "Fetches a public web page and answers its status, title and text.",
    inputSchema: z.object({ url: z.string().describe("A whole http or https URL") }),
    execute: ({ url }) =>
      fetchPage(url, { refuse: env.SCANNER_ALLOW_PRIVATE === "true" ? () => null : refuseAddress, signal }),
  });
}

function scan(context: AgentContext): Tool {
  return tool({
    description: "Scans web sites: status, redirects, security headers, cookies, and a grade for each.",
    inputSchema: z.object({ targets: z.array(z.string()).min(1).max(5) }),
    async execute({ targets }) {
      const input = await scanner.input.safeParseAsync({ targets });
      if (!input.success) return { error: z.prettifyError(input.error) };
      return { report: cut(JSON.stringify(await scanner.execute(input.data, context))) };
    },
  });
}

/** `allowed`: the agents that it may run; undefined: any. Another one's name is no argument, and the model is told so. */
function runAgent(allowed: readonly string[] | undefined, context: AgentContext): Tool {
  return tool({
    description: "Runs another agent of this service, by its name, and answers its output.",
    inputSchema: z.object({
      agent: allowed === undefined ? z.string() : z.enum(allowed),
      params: z.record(z.string(), z.unknown()).optional(),
    }),
    async execute({ agent, params = {} }) {
      const run = await context.runAgent(agent, params);
      if (!run.ok) return { error: run.reason };
      const { runId: run_id, status, error, output } = run;
      return { run_id, status, error, output: cut(JSON.stringify(output)) };
    },
  });
}

function readHistory({ agentName, history }: AgentContext): Tool {
  return tool({
    description: "Answers the newest runs of this agent: status, error, when, how long, cost.",
    inputSchema: z.object({ limit: z.int().min(1).max(50).optional() }),
    execute: async ({ limit = 10 }) => ({ runs: await history.runs({ agent: agentName, limit }) }),
  });
}

function memory({ memory }: AgentContext): Tool {
  return tool({
    description: "Remembers JSON values by key from one run to the next: get, put, delete, or list the keys.",
    inputSchema: z.object({
      action: z.enum(["get", "put", "delete", "list"]),
      key: z.string().optional(),
      value: z.unknown().optional(),
    }),
    async execute({ action, key = "", value }) {
      switch (action) {
        case "get":
          return { value: (await memory.get(key))?.value ?? null };
        case "put":
          return memory.put(key, value ?? null);
        case "delete":
          return { deleted: await memory.delete(key) };
        case "list":
          return { keys: (await memory.list()).entries.map((entry) => entry.key) };
        default:
          return action satisfies never;
      }
    },
  });
}

function cut(text: string): string {
  return text.length <= MAX_TOOL_RESULT_CHARS ? text : `${text.slice(0, MAX_TOOL_RESULT_CHARS)} … (cut)`;
}

/** Has a tool take what its schema says. */
function tool<Input>(of: { description: string; inputSchema: z.ZodType<Input>; execute(input: Input): unknown }): Tool {
  return of as Tool;
}
