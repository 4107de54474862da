import { expect, test } from "vitest";
import { oneLine } from "../../src/agents/scanner/one-line.ts";

test.for([
  ["fits", 4, "fits"],
  ["does not", 4, "does…"],
  [" \r\n a\t\u0000\u001b\u0085 b\u2028", 20, "a b"],
  ["ééé", 6, "ééé"],
  ["ééé", 5, "éé…"],
  ["😀😀", 7, "😀…"],
  ["a\ud800", 20, "a\ufffd"],
  ["", 4, ""],
] as const)("%j on one line of at most %i bytes is %j", ([text, maxBytes, line]) => {
  expect(oneLine(text, maxBytes)).toBe(line);
});
