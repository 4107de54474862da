import { expect, test } from "vitest";
import { redact } from "../../src/core/redact.ts";

test.for([
  { given: { api_key: "k", apiKey: "k", "x-api-key": "k" } },
  { given: { token: "t", completion_token: "t", Authorization: "Bearer t" } },
  { given: { password: { inner: "p" } } },
])("nothing is kept of what its name says is secret: $given", ({ given }) => {
  for (const value of Object.values(redact(given) as object)) expect(value).toBe("(hidden)");
});

test.for([
  { given: { tokens_input: 5, tokens_used: 7, max_tokens: 100, name: "token" } },
  { given: { api_key: null, list: [1, "two", { three: true }], none: null } },
  { given: "https://example.com/hook#part" },
  { given: "a whole sentence, with ar_short in it" },
])("what is no secret is kept as it is: $given", ({ given }) => {
  expect(redact(given)).toEqual(given);
});

test("a token is not kept wherever in a text it stands", () => {
  const token = `ar_${"A".repeat(43)}`;
  expect(redact([`use ${token}, please`])).toEqual(["use ar_(hidden), please"]);
  expect(redact({ note: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD" })).toEqual({ note: "whsec_(hidden)" });
});

test("a URL is kept without its user and its query", () => {
  expect(redact("POST https://user:pass@example.com/a?key=1#x now")).toBe(
    "POST https://(hidden)@example.com/a?(hidden)#x now",
  );
});
