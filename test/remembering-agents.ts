import * as z from "zod";
import { defineAgent } from "../src/agents/define-agent.ts";
import type { AgentMemory } from "../src/agents/memory.ts";

const Step = z.object({
  do: z.enum(["get", "put", "add", "slow_add", "delete", "list", "wait"]),
  key: z.string().default("counter"),
  value: z.unknown().optional(),
  chars: z.int().optional(),
  ifVersion: z.int().optional(),
  ms: z.int().default(0),
});

async function perform(step: z.output<typeof Step>, memory: AgentMemory): Promise<unknown> {
  const { key, ifVersion } = step;
  const options = ifVersion === undefined ? {} : { ifVersion };
  switch (step.do) {
    case "get":
      return (await memory.get(key))?.value ?? null;
    case "put":
      return memory.put(key, step.chars === undefined ? step.value : "x".repeat(step.chars), options);
    case "add":
      return (await memory.update(key, (value) => Number(value ?? 0) + 1)).value;
    case "slow_add":
      return memory.update(key, async (value) => {
        await scheduler.wait(step.ms);
        return Number(value ?? 0) + 1;
      });
    case "delete":
      return memory.delete(key, options);
    case "list":
      return memory.list();
    case "wait":
      return scheduler.wait(step.ms);
    default:
      return step.do satisfies never;
  }
}

/** Does what its params say to its memory, and answers what each step gave. */
function rememberer(name: string) {
  return defineAgent({
    name,
    displayName: "A test's agent with a memory",
    description: "Does to its memory what it is told.",
    category: "test",
    tags: ["test"],
    input: z.object({ steps: z.array(Step) }),
    output: z.unknown(),
    timeoutMs: 30_000,
    concurrency: 200,
    async execute({ steps }, { memory }) {
      const answers: unknown[] = [];
      for (const step of steps) answers.push(await perform(step, memory));
      return answers;
    },
  });
}

export const REMEMBERING_AGENTS = [rememberer("rememberer"), rememberer("hoarder"), rememberer("witness")];
