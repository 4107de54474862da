import * as z from "zod";
import { defineAgent } from "../define-agent.ts";
export const scanner = defineAgent({
  name: "scanner",
  displayName: "x",
  description: "",
  category: "x",
  tags: [],
  input: z.object({}),
  output: z.object({}),
  timeoutMs: 1000,
  concurrency: 1,
  async execute() {
    return {};
  },
});
