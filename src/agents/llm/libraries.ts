import { createAnthropic } from "@ai-sdk/anthropic";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, jsonSchema, Output, stepCountIs, streamText } from "ai";
import { createWorkersAI } from "workers-ai-provider";

/** What is used of the libraries that speak to models. This file is a module of its own: load it by load-libraries.ts. */
export const libraries = {
  APICallError,
  createAnthropic,
  createOpenAICompatible,
  createWorkersAI,
  jsonSchema,
  Output,
  stepCountIs,
  streamText,
};
