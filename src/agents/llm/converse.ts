import type { LanguageModel, TextStreamPart, ToolSet } from "ai";
import { nowMs } from "../../clock.ts";
import type { LlmConfig } from "../../contract/llm-config.ts";
import type { ModelPrice } from "../../core/model-prices.ts";
import type { AgentContext } from "../define-agent.ts";
import type { Libraries } from "./load-libraries.ts";
import { modelError } from "./model-error.ts";
import { createModelUsage, type ModelUsage } from "./model-usage.ts";
import { mayRefuseSchema, outputOf } from "./structured-output.ts";
import { createTextEvents } from "./text-events.ts";
import { toolsOf } from "./tools.ts";

export interface Answer {
  text: string;
  finishReason: string;
  /** Of the last step, as far as its provider says. */
  outputTokens: number;
}

export interface Conversation {
  config: LlmConfig;
  system: string;
  prompt: string;
  model: LanguageModel;
  libraries: Libraries;
  /** What no message may hold. */
  key: string | null;
  prices: Readonly<Record<string, ModelPrice>>;
}

/**
 * Has a model answer a prompt, over as many steps as it uses tools, and at most `max_steps`. What it says and which
 * tools it uses are events of the run; what each step uses is counted as it ends, and of one that is cut off, guessed.
 */
export async function converse(conversation: Conversation, context: AgentContext): Promise<Answer> {
  const { config, key, libraries } = conversation;
  const { signal } = context;
  const usage = createModelUsage(config.model, context, conversation.prices);
  // At once, and not where the stream breaks: by then the attempt has been measured.
  signal.addEventListener("abort", usage.cutOff);
  try {
    const output = outputOf(config, libraries);
    const answer = await ask(conversation, { usage, output }, context).catch((error: unknown) => {
      if (output === null || !mayRefuseSchema(error, libraries) || usage.hasCounted()) throw error;
      context.log("the provider refused the output schema: the model is asked in words alone");
      return ask(conversation, { usage, output: null }, context);
    });
    signal.throwIfAborted();
    return whole(answer);
  } catch (error) {
    throw signal.aborted ? signal.reason : modelError(error, { key, nowMs: nowMs(), libraries });
  } finally {
    usage.cutOff();
    signal.removeEventListener("abort", usage.cutOff);
  }
}

function ask(
  { config, system, prompt, model, key, libraries }: Conversation,
  { usage, output }: { usage: ModelUsage; output: ReturnType<typeof outputOf> },
  context: AgentContext,
): Promise<Answer> {
  const { stream } = libraries.streamText({
    model,
    instructions: system,
    prompt,
    tools: toolsOf(config, context),
    stopWhen: libraries.stepCountIs(config.max_steps),
    abortSignal: context.signal,
    maxRetries: 0, // the run's own policy repeats
    onError: () => {}, // thrown by listen
    ...(config.temperature !== undefined && { temperature: config.temperature }),
    ...(config.max_tokens !== undefined && { maxOutputTokens: config.max_tokens }),
    ...output,
  });
  return listen(stream, { inputChars: system.length + prompt.length, usage, key, log: context.log });
}

/** What the last step said, once all have ended. Each step is sent what all before it said and were answered. */
async function listen(
  stream: AsyncIterable<TextStreamPart<ToolSet>>,
  told: { inputChars: number; usage: ModelUsage; key: string | null; log: AgentContext["log"] },
): Promise<Answer> {
  const { usage, log } = told;
  const events = createTextEvents(log, nowMs, told.key);
  const answer = { text: "", finishReason: "nothing", outputTokens: 0 };
  let { inputChars } = told;
  try {
    for await (const part of stream) {
      switch (part.type) {
        case "start-step":
          answer.text = ""; // what it said before it used a tool is in the events
          usage.stepStarts(inputChars);
          break;
        case "text-delta":
          answer.text += part.text;
          inputChars += part.text.length;
          usage.said(part.text.length);
          events.add(part.text);
          break;
        case "tool-call":
          events.flush();
          log(`tool ${part.toolName}`, { input: part.input });
          break;
        case "tool-result":
          inputChars += JSON.stringify(part.output)?.length ?? 0;
          log(`tool ${part.toolName} answered`, { output: part.output });
          break;
        case "tool-error":
          log(`tool ${part.toolName} failed`, { error: String(part.error) });
          break;
        case "finish-step":
          usage.stepEnds({ input: part.usage.inputTokens, output: part.usage.outputTokens });
          answer.finishReason = part.finishReason;
          answer.outputTokens = part.usage.outputTokens ?? 0;
          break;
        case "error":
          throw part.error;
        default:
          break;
      }
    }
    return answer;
  } finally {
    events.flush();
  }
}

const ENDS: ReadonlySet<string> = new Set(["stop", "length", "content-filter", "tool-calls"]);

/** A stream that ends without its end was cut: each library has its own words for that, and new ones. */
function whole(answer: Answer): Answer {
  if (!ENDS.has(answer.finishReason)) throw new Error(`The model's answer broke off (${answer.finishReason}).`);
  // What an empty stream is to a library that takes the end of any for an end.
  if (answer.text === "" && answer.finishReason === "stop" && answer.outputTokens === 0)
    throw new Error("The model's answer is empty.");
  return answer;
}
