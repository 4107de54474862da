import * as z from "zod";
import { MAX_AGENT_URL_CHARS, MAX_HAND_OVER_MS } from "./limits.ts";

const JsonSchema = z.record(z.string(), z.unknown());

/** What an `http` agent is made of: where its runs are sent, and what goes in and comes out. */
export const HttpConfig = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: "must be a whole http or https URL, like https://example.com/agent" })
      .max(MAX_AGENT_URL_CHARS)
      .meta({ description: "Each attempt is a signed POST to it.", example: "https://example.com/agent" }),
    completion_timeout_ms: z
      .int()
      .min(1_000)
      .max(MAX_HAND_OVER_MS)
      .default(MAX_HAND_OVER_MS)
      .meta({ description: "How long an attempt that is answered 202 may go on, from when it was sent." }),
    input_schema: JsonSchema.optional().meta({
      description: "JSON Schema, draft 2020-12, of `params`. Left out: every object.",
    }),
    output_schema: JsonSchema.optional().meta({
      description: "JSON Schema, draft 2020-12, of the output. Left out: all JSON.",
    }),
  })
  .meta({ id: "HttpConfig" });
export type HttpConfig = z.output<typeof HttpConfig>;
