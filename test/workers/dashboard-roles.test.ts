import { expect, test } from "vitest";
import { hasRole, ROLES, type Role } from "../../src/contract/roles.ts";
import { ask, bearer, createToken, json, signIn, TOKEN } from "./deployed.ts";
import { ROUTE_ROLES } from "./route-roles.ts";

const PAGES = [
  "/",
  "/runs",
  "/runs/1",
  "/agents/echo",
  "/agents/scanner",
  "/schedule",
  "/schedule/hourly",
  "/costs",
  "/settings",
];

/** The least role of the route that a page offers, e.g. of `POST /api/agents/echo/run`. */
function roleOf(offered: string): Role {
  const [method = "", path = ""] = offered.replaceAll("&quot;", '"').split(" ");
  const parts = path.split("/");
  const found = Object.entries(ROUTE_ROLES).find(([route]) => {
    const [of, template = ""] = route.split(" ");
    const names = template.split("/");
    const fits = names.length === parts.length && names.every((name, at) => name.startsWith("{") || name === parts[at]);
    return of === method && fits;
  });
  const role = found?.[1];
  if (role === undefined || role === "public" || role === "own") throw new Error(`no role is known for ${offered}`);
  return role;
}

async function offers(cookie: string): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const path of PAGES) {
    const response = await ask(path, { headers: { Cookie: cookie } });
    const text = await response.text();
    expect([path, response.status]).toEqual([path, 200]);
    const sent = [...text.matchAll(/data-(?:action|send)="([A-Z]+ \/api\/[^"]*)"/g)].map(([, offered = ""]) => offered);
    const bulk = [...text.matchAll(/data-bulk-action="([^"]*)"/g)].map(([, bulkPath = ""]) => `POST ${bulkPath}`);
    found.set(path, [...sent, ...bulk]);
  }
  return found;
}

async function stock(): Promise<void> {
  const { headers } = bearer(TOKEN);
  const price = { input_usd_per_million: 1, output_usd_per_million: 1 };
  const trigger = { type: "interval", hours: 1 };
  const answers = [
    await ask("/api/agents/echo/run", { method: "POST", headers }),
    await ask("/api/scheduler/jobs", json("POST", { id: "hourly", name: "Hourly", agent: "echo", trigger }, headers)),
    await ask("/api/prices/acme", json("PUT", price, headers)),
    await ask("/api/budgets", json("PUT", { daily_usd: 5 }, headers)),
  ];
  expect(answers.map(({ status }) => status)).toEqual([200, 201, 200, 200]);
  for (const answer of answers) await answer.text();
}

test("a page offers nothing that its viewer's role may not do, and all of its pages' forms to whom it may", async () => {
  await stock();
  const offered = new Map<Role, string[]>();
  for (const role of ROLES) {
    const { cookie } = await signIn((await createToken({ name: `a-${role}`, role })).token);
    const pages = await offers(cookie);
    const beyond = [...pages].flatMap(([path, all]) =>
      all.filter((each) => !hasRole(role, roleOf(each))).map((each) => `${path} offers a ${role} ${each}`),
    );
    expect(beyond).toEqual([]);
    offered.set(role, [...new Set([...pages.values()].flat())]);
  }
  expect(offered.get("viewer")).toEqual([]);
  expect(offered.get("operator")).toEqual(
    expect.arrayContaining([
      "POST /api/agents/runs/1/replay",
      "POST /api/agents/runs/replay",
      "POST /api/agents/echo/run",
      "POST /api/scheduler/jobs",
      "PATCH /api/scheduler/jobs/hourly",
      "POST /api/scheduler/jobs/hourly/backfill",
      "DELETE /api/scheduler/jobs/hourly",
    ]),
  );
  expect(offered.get("operator")?.filter((each) => roleOf(each) === "admin")).toEqual([]);
  expect(offered.get("admin")).toEqual(
    expect.arrayContaining([
      "PUT /api/budgets",
      "PATCH /api/agents/echo",
      "PUT /api/prices/{model}",
      "DELETE /api/prices/acme",
      "POST /api/tokens",
    ]),
  );
});
