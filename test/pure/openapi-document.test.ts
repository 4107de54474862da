import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import { ROUTES } from "../../src/http/app.ts";
import { openApiDocument } from "../../src/http/openapi.ts";

test("the document is valid OpenAPI 3.1", async () => {
  const document = JSON.parse(JSON.stringify(openApiDocument(ROUTES)));
  expect(await new Validator().validate(document)).toMatchObject({ valid: true });
  expect(document.openapi).toBe("3.1.0");
});

test("every operation has its own id, a tag and a summary", () => {
  const operations = Object.values(openApiDocument(ROUTES).paths ?? {}).flatMap((path) => Object.values(path));
  const ids = operations.map((operation) => operation.operationId);
  expect(new Set(ids).size).toBe(ROUTES.length);
  for (const id of ids) expect(id).toMatch(/^(get|post|put|patch|delete)[A-Za-z]+$/);
});
