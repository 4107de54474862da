import type { ToolSet } from "ai";
import * as z from "zod";
import type { AgentMemory } from "../memory.ts";

const Input = z.object({
  action: z.enum(["get", "put", "delete", "list"]),
  key: z.string().default("").describe("Of get, put and delete; of list a prefix."),
  value: z.unknown().optional().describe("What put is to keep, in JSON."),
});

/** What the agent remembers from run to run. */
export function memoryTool(memory: AgentMemory): ToolSet[string] {
  return {
    description: "What you remember from one run to the next: JSON values by key. Get, put, delete, or list the keys.",
    inputSchema: Input,
    execute: async ({ action, key, value }: z.output<typeof Input>) => {
      switch (action) {
        case "get":
          return (await memory.get(key))?.value ?? null;
        case "put":
          return memory.put(key, value);
        case "delete":
          return { deleted: await memory.delete(key) };
        case "list":
          return (await memory.list({ prefix: key })).entries.map((entry) => entry.key);
        default:
          return action satisfies never;
      }
    },
  };
}
