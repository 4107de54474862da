import * as z from "zod";

/** Anthropic's `message_start`, the first event of an answer. What follows from a cache counts as well. */
const MessageStart = z.object({
  type: z.literal("message_start"),
  message: z.object({
    usage: z.object({
      input_tokens: z.int(),
      cache_read_input_tokens: z.int().nullish(),
      cache_creation_input_tokens: z.int().nullish(),
    }),
  }),
});

/** What a provider's own event says, ahead of the answer's end, of the tokens that were sent. */
export function inputTokensOf(event: unknown): { inputTokens?: number } {
  const read = MessageStart.safeParse(event);
  if (!read.success) return {};
  const { input_tokens, cache_read_input_tokens, cache_creation_input_tokens } = read.data.message.usage;
  return { inputTokens: input_tokens + (cache_read_input_tokens ?? 0) + (cache_creation_input_tokens ?? 0) };
}
