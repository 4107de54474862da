import type { LanguageModel, TextStreamPart, ToolSet } from "ai";
import { MAX_TOOL_EVENT_CHARS } from "../../contract/limits.ts";
import type { LlmConfig } from "../../contract/llm-config.ts";
import type { ModelPrice } from "../../contract/model-price.ts";
import type { AgentContext } from "../define-agent.ts";
import { NonRetryableError } from "../errors.ts";
import { runErrorOf } from "./provider-error.ts";
import { inputTokensOf } from "./raw-usage.ts";
import { createStepUsage } from "./step-usage.ts";
import { createTextLog } from "./text-log.ts";

export interface Conversation {
  model: LanguageModel;
  price: ModelPrice | null;
  /** What the runs that it asked for have cost. */
  spent: { childrenUsd: number };
  /** Takes the key out of what a provider says. */
  hide(said: string): string;
  instructions: string;
  prompt: string;
  tools: ToolSet;
  context: AgentContext;
}

/**
 * Has the model answer, with as many rounds of tools as the agent allows, and answers its last text. What it says, does
 * and uses is recorded as it goes, so that it stands also where the attempt fails or is cancelled. Throws what the run
 * is to fail with.
 */
export async function converse(config: LlmConfig, conversation: Conversation): Promise<string> {
  const { context, hide } = conversation;
  const record = createRecord(config, conversation);
  const hangUp = new AbortController();
  // At once, and not when the stream gets round to it: the attempt is closed right after its signal aborts.
  const onAbort = () => record.breakOff();
  context.signal.addEventListener("abort", onAbort);
  try {
    const stream = await ask(config, conversation, AbortSignal.any([context.signal, hangUp.signal]));
    for await (const part of stream) record.take(part);
    context.signal.throwIfAborted();
    return record.lastText();
  } catch (error) {
    record.breakOff();
    context.signal.throwIfAborted();
    throw runErrorOf(error, hide);
  } finally {
    context.signal.removeEventListener("abort", onAbort);
    hangUp.abort();
  }
}

async function ask(config: LlmConfig, { model, instructions, prompt, tools }: Conversation, abortSignal: AbortSignal) {
  const { streamText, isStepCount, Output, jsonSchema } = await import("ai");
  const { temperature, max_tokens, max_steps, output_schema } = config;
  return streamText({
    model,
    prompt,
    tools,
    abortSignal,
    maxRetries: 0, // the run's own policy says when to try again
    toolCallConcurrency: 1,
    stopWhen: isStepCount(max_steps),
    includeRawChunks: true,
    onError: () => {}, // it would print the error, and is told of it by the stream too
    ...(instructions === "" ? {} : { instructions }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(max_tokens === undefined ? {} : { maxOutputTokens: max_tokens }),
    ...(output_schema === undefined ? {} : { output: Output.object({ schema: jsonSchema(output_schema) }) }),
  }).stream;
}

/** Takes the parts of a conversation as they come. Throws where it must not go on. */
function createRecord(config: LlmConfig, { price, spent, hide, instructions, prompt, context }: Conversation) {
  const usage = createStepUsage(config, price, context);
  const texts = createTextLog(context.log, hide);
  let step = 0;
  let text = "";
  let saidChars = instructions.length + prompt.length;
  let finish: { reason: string; raw: string | undefined } | null = null;

  function shown(value: unknown): string {
    const json = hide(typeof value === "string" ? value : (JSON.stringify(value) ?? "null"));
    saidChars += json.length;
    return json.length > MAX_TOOL_EVENT_CHARS ? `${json.slice(0, MAX_TOOL_EVENT_CHARS)} …` : json;
  }

  function take(part: TextStreamPart<ToolSet>): void {
    switch (part.type) {
      case "start-step":
        text = "";
        usage.startStep(++step, saidChars);
        break;
      case "raw":
        usage.hear(0, inputTokensOf(part.rawValue));
        break;
      case "text-delta":
        text += part.text;
        saidChars += part.text.length;
        usage.hear(part.text.length);
        texts.add(step, part.text);
        break;
      case "reasoning-delta":
      case "tool-input-delta":
        usage.hear(part.type === "reasoning-delta" ? part.text.length : part.delta.length);
        break;
      case "text-end":
        texts.flush();
        break;
      case "tool-call":
        texts.flush();
        context.log(`tool ${part.toolName}`, { step, input: shown(part.input) });
        break;
      case "tool-result":
        context.log(`tool ${part.toolName} answered`, { step, output: shown(part.output) });
        break;
      case "tool-error":
        context.log(`tool ${part.toolName} failed`, { step, error: shown(messageOf(part.error)) });
        break;
      case "finish-step":
        texts.flush();
        finish = { reason: part.finishReason, raw: part.rawFinishReason };
        usage.endStep(part.usage);
        refuseDear();
        break;
      case "error":
        throw part.error;
    }
  }

  function refuseDear(): void {
    const usd = usage.costUsd() + spent.childrenUsd;
    if (config.max_cost_usd === undefined || usd <= config.max_cost_usd) return;
    throw new NonRetryableError(
      `the attempt has cost $${usd.toFixed(6)}, more than its max_cost_usd of $${config.max_cost_usd}`,
    );
  }

  function lastText(): string {
    if (finish === null) throw new Error("it ended before the model had answered");
    const { reason, raw } = finish;
    if (reason === "tool-calls") {
      throw new NonRetryableError(`the model came to no end within its max_steps of ${config.max_steps}`);
    }
    if (reason === "content-filter") throw new NonRetryableError("the provider's content filter stopped the answer");
    if (reason === "error" || (reason === "other" && raw === undefined && config.provider !== "workers-ai")) {
      throw new Error("it ended without saying that it was complete");
    }
    if (reason === "length") context.log("the model was cut short by max_tokens: its answer is not complete");
    return hide(text);
  }

  function breakOff(): void {
    texts.flush();
    usage.breakOff();
  }

  return { take, lastText, breakOff };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
