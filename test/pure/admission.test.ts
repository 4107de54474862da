import { expect, test } from "vitest";
import { refuseAdmission } from "../../src/core/admission.ts";

const limits = { concurrency: 3, maxPendingWrites: 10, retryAfterS: 5 };

test.for([
  { active: 0, pendingWrites: 0, code: undefined },
  { active: 2, pendingWrites: 9, code: undefined },
  { active: 3, pendingWrites: 0, code: "agent_at_limit" },
  { active: 4, pendingWrites: 0, code: "agent_at_limit" },
  { active: 2, pendingWrites: 10, code: "overloaded" },
  { active: 3, pendingWrites: 10, code: "agent_at_limit" },
])("with $active running and $pendingWrites writes waiting: $code", ({ code, ...load }) => {
  expect(refuseAdmission(load, limits)?.code).toBe(code);
});

test("a refusal says when to come back", () => {
  expect(refuseAdmission({ active: 3, pendingWrites: 0 }, limits)?.retryAfterS).toBe(5);
});
