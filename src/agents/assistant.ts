import * as z from "zod";
import { defineAgent } from "./define-agent.ts";
import { NonRetryableError } from "./errors.ts";
import { runModel } from "./llm/llm-agent.ts";
import { serviceModel } from "./llm/service-model.ts";

/** An example of an agent in code that is a language model: which one is a matter of configuration. */
export const assistant = defineAgent({
  name: "assistant",
  displayName: "Assistant",
  description: "Answers a question with the language model of ASSISTANT_MODEL, and may read web pages to do so.",
  role: "A helpful assistant",
  category: "general",
  tags: ["model"],
  input: z.object({ prompt: z.string().min(1) }),
  output: z.object({ text: z.string(), finish_reason: z.string() }),
  timeoutMs: 300_000,
  concurrency: 10,
  async execute(input, context) {
    const { ASSISTANT_MODEL: model } = context.env;
    if (model === undefined || model === "") {
      throw new NonRetryableError(
        "ASSISTANT_MODEL is not set. Name a model, like gpt-4.1-mini, and set OPENAI_API_KEY.",
      );
    }
    const config = serviceModel(model, context.env, {
      system: "You are a helpful assistant. Be brief and exact. Use your tools where they help.",
      tools: ["fetch_url", "memory"],
    });
    return (await runModel(config, input, context)) as { text: string; finish_reason: string };
  },
});
