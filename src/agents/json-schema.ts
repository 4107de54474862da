import { type Schema, Validator } from "@cfworker/json-schema";
import * as z from "zod";
import type { FieldError } from "../contract/problems.ts";

type JsonSchema = Record<string, unknown>;

/**
 * A type of what a JSON Schema (draft 2020-12) allows, which documents itself as that schema. The validator
 * interprets: a Worker may not compile code.
 */
export function jsonSchemaType(schema: JsonSchema): z.ZodType {
  const validator = new Validator(schema as Schema, "2020-12", false);
  return z
    .unknown()
    .superRefine((value, context) => {
      for (const { path, message } of issuesOf(validator, value)) context.addIssue({ code: "custom", path, message });
    })
    .meta(schema);
}

/** Why a schema cannot be used, under the name of its field. It is tried: what it says is not otherwise checked. */
export function complaintsAboutSchema(schema: JsonSchema | undefined, field: string): FieldError[] {
  if (schema === undefined) return [];
  try {
    z.toJSONSchema(jsonSchemaType(schema));
    for (const value of TRIALS) new Validator(schema as Schema, "2020-12").validate(value);
    return [];
  } catch (error) {
    return [{ field, reason: `is no usable JSON Schema: ${error instanceof Error ? error.message : String(error)}` }];
  }
}

const TRIALS: readonly unknown[] = [null, true, 0, "", [], [null], {}];

/** The outermost first: what a part is refused for comes with what the whole is refused for, which says less. */
function issuesOf(validator: Validator, value: unknown): { path: string[]; message: string }[] {
  try {
    const { errors } = validator.validate(value);
    const deepest = errors.filter(({ keyword }) => !OF_PARTS.has(keyword));
    return deepest.map(({ instanceLocation, error }) => ({ path: pathOf(instanceLocation), message: error }));
  } catch (error) {
    // A $ref that leads nowhere is found only where it is followed.
    return [{ path: [], message: `its JSON Schema cannot be applied: ${String(error)}` }];
  }
}

/** Keywords that are broken only because a part of the value is, which has an error of its own. */
const OF_PARTS: ReadonlySet<string> = new Set(["properties", "items", "prefixItems", "additionalProperties", "$ref"]);

/** `#/a/b~1c` (RFC 6901) */
function pathOf(pointer: string): string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));
}
