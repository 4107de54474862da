import * as z from "zod";
import { MAX_AGENT_NAME_CHARS, MAX_JOB_ID_CHARS } from "./limits.ts";

/** Names that an agent cannot have, because `/api/agents/<name>` means something else. */
export const RESERVED_AGENT_NAMES: ReadonlySet<string> = new Set(["runs", "costs"]);

export const AgentName = z
  .string()
  .regex(
    new RegExp(`^[a-z0-9][a-z0-9_-]{0,${MAX_AGENT_NAME_CHARS - 1}}$`),
    `must start with a lower-case letter or digit, go on with those, "_" or "-", and have at most ${MAX_AGENT_NAME_CHARS} characters`,
  )
  .meta({ example: "echo" });

export const RunId = z.coerce
  .number()
  .int()
  .positive()
  .meta({ description: "The run's id: the row id of its own INSERT.", example: 17 });

/** It stands in the request key of the job's runs, before a colon. */
export const JobId = z
  .string()
  .regex(
    new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${MAX_JOB_ID_CHARS - 1}}$`),
    `must start with a letter or digit, go on with those, ".", "_" or "-", and have at most ${MAX_JOB_ID_CHARS} characters`,
  )
  .meta({ example: "nightly-scan" });
