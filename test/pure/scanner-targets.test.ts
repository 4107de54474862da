import { expect, test } from "vitest";
import { chooseTargets, ScannerInput, withoutCredentials } from "../../src/agents/scanner/targets.ts";

const WHOLE = "must be a whole http or https URL, like https://example.com/";

test.for([
  { what: "a bare host", targets: ["example.com"], field: "targets.0", message: WHOLE },
  { what: "a host with a port", targets: ["localhost:8787"], field: "targets.0", message: WHOLE },
  { what: "another scheme", targets: ["https://a.example/", "ftp://a.example/"], field: "targets.1", message: WHOLE },
  { what: "no host", targets: ["https://"], field: "targets.0", message: WHOLE },
  {
    what: "credentials",
    targets: ["https://me:secret@a.example/"],
    field: "targets.0",
    message: "must not carry a user name or a password",
  },
  { what: "a number", targets: [7], field: "targets.0", message: "Invalid input: expected string, received number" },
  {
    what: "a URL of 501 characters",
    targets: [`https://a.example/${"x".repeat(483)}`],
    field: "targets.0",
    message: "Too big: expected string to have <=500 characters",
  },
  { what: "an empty list", targets: [], field: "targets", message: "Too small: expected array to have >=1 items" },
  {
    what: "51 targets",
    targets: Array.from({ length: 51 }, (_, n) => `https://${n}.example.com/`),
    field: "targets",
    message: "Too big: expected array to have <=50 items",
  },
])("$what is refused, naming $field", ({ targets, field, message }) => {
  const issues = ScannerInput.safeParse({ targets }).error?.issues ?? [];
  expect(issues.map((issue) => [issue.path.join("."), issue.message])).toEqual([[field, message]]);
});

test("a password never appears in the message that refuses it", () => {
  const { error } = ScannerInput.safeParse({ targets: ["https://me:secret@a.example/"] });
  expect(error?.message).not.toContain("secret");
});

test("a misspelt parameter is refused rather than ignored", () => {
  expect(ScannerInput.safeParse({ target: "https://a.example/" }).success).toBe(false);
});

function chosen(choice: { targets?: string[]; variable?: string }) {
  const { targets } = ScannerInput.parse(choice.targets === undefined ? {} : { targets: choice.targets });
  const { urls, unusable } = chooseTargets({
    named: targets,
    variable: choice.variable,
    serviceOrigin: "https://agents.example.com",
  });
  return { urls: urls.map((url) => url.href), unusable };
}

test("the run's targets come before the variable's, and the variable's before the service itself", () => {
  const variable = "https://variable.example/";
  expect(chosen({ targets: ["https://run.example"], variable }).urls).toEqual(["https://run.example/"]);
  expect(chosen({ variable }).urls).toEqual(["https://variable.example/"]);
  expect(chosen({ variable: " , " }).urls).toEqual(["https://agents.example.com/"]);
  expect(chosen({}).urls).toEqual(["https://agents.example.com/"]);
});

test("URLs that ask for the same thing are scanned once, in the place of the first", () => {
  const targets = ["https://A.example", "https://b.example/", "https://a.example:443/#top", "https://a.example/?q"];
  expect(chosen({ targets }).urls).toEqual(["https://a.example/", "https://b.example/", "https://a.example/?q"]);
});

test("an unusable entry of the variable is reported, and the others are scanned", () => {
  expect(chosen({ variable: "https://a.example/, b.example ,ftp://c.example/" })).toEqual({
    urls: ["https://a.example/"],
    unusable: [
      { text: "b.example", reason: WHOLE },
      { text: "ftp://c.example/", reason: WHOLE },
    ],
  });
});

test("credentials in the variable are refused and not repeated", () => {
  const { unusable } = chosen({ variable: "https://a.example/,https://me:pw@b.example/" });
  expect(unusable).toEqual([{ text: "https://b.example/", reason: "must not carry a user name or a password" }]);
});

test.for([
  ["https://me:pw@a.example/x@y", "https://a.example/x@y"],
  ["https://me@a.example", "https://a.example"],
  ["https:me:pw@a.example", "https:a.example"],
  ["//me:p@w@a.example/", "//a.example/"],
  ["\\\\me:pw@a.example/", "\\\\a.example/"],
  ["https://a.example/?mail=me@b.example", "https://a.example/?mail=me@b.example"],
  ["/@me", "/@me"],
  ["@me", "@me"],
] as const)("%s is reported as %s", ([text, shown]) => {
  expect(withoutCredentials(text)).toBe(shown);
});

test("the variable's targets beyond the fiftieth are reported and not scanned", () => {
  const variable = Array.from({ length: 52 }, (_, n) => `https://${n}.example.com/`).join(",");
  const { urls, unusable } = chosen({ variable });
  expect(urls).toHaveLength(50);
  expect(unusable).toEqual([
    { text: "https://50.example.com/", reason: "is beyond the first 50 targets" },
    { text: "https://51.example.com/", reason: "is beyond the first 50 targets" },
  ]);
});

test("a variable without a usable target fails the run, saying why", () => {
  expect(() => chosen({ variable: "a.example,b.example" })).toThrow(
    `SCANNER_TARGETS has no usable URL: "a.example" ${WHOLE}`,
  );
});

test("a run that no request asked for has no service to scan where nobody said where that is", () => {
  expect(() => chooseTargets({ named: undefined, variable: undefined, serviceOrigin: "" })).toThrow("PUBLIC_URL");
});
