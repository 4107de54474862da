import { expect, test } from "vitest";
import * as z from "zod";
import { type AgentSpec, defineAgent } from "../../src/agents/define-agent.ts";
import { AGENTS, createRegistry } from "../../src/agents/registry.ts";

const spec: AgentSpec<z.ZodObject, z.ZodNull> = {
  name: "some-agent_1",
  displayName: "Some agent",
  description: "",
  category: "test",
  tags: [],
  input: z.object({}),
  output: z.null(),
  timeoutMs: 1_000,
  concurrency: 1,
  execute: async () => null,
};

test("an agent is enabled and without a role unless it says otherwise", () => {
  expect(defineAgent(spec)).toMatchObject({ enabled: true, role: null, framework: "code" });
  expect(defineAgent({ ...spec, enabled: false, role: "critic" })).toMatchObject({ enabled: false, role: "critic" });
});

test.for(["", "Echo", "-echo", "_echo", "e cho", "é", "a".repeat(65)])("no agent is named '%s'", (name) => {
  expect(() => defineAgent({ ...spec, name })).toThrow("agent name");
});

test.for(["runs", "costs"])("no agent takes the name of the route /api/agents/%s", (name) => {
  expect(() => defineAgent({ ...spec, name })).toThrow(`agent name "${name}" is reserved`);
});

test.for([0, -1, 1.5, Number.NaN, 14 * 60_000 + 1])("no agent has a timeoutMs of %d", (timeoutMs) => {
  expect(() => defineAgent({ ...spec, timeoutMs })).toThrow("timeoutMs");
});

test.for([0, 1_001, 2.5])("no agent has a concurrency of %d", (concurrency) => {
  expect(() => defineAgent({ ...spec, concurrency })).toThrow("concurrency");
});

test("two agents cannot share a name", () => {
  expect(() => createRegistry([defineAgent(spec), defineAgent(spec)])).toThrow("two agents have the same name");
});

test("the service's own agents are distinct and their schemas can be documented", () => {
  expect(createRegistry(AGENTS).code.size).toBe(AGENTS.length);
  for (const agent of AGENTS) expect(z.toJSONSchema(agent.input, { io: "input" })).toMatchObject({ type: "object" });
});
