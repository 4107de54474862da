import { expect, test } from "vitest";
import { ask, bearer, createToken, json, signIn, TOKEN } from "./deployed.ts";
import { request, rows } from "./service.ts";

const settings = async (headers: Record<string, string>, query = "") =>
  (await ask(`/settings${query}`, { headers })).text();

test("who is no admin sees themselves under settings, and no token and no change", async () => {
  const { cookie } = await signIn((await createToken({ name: "onlooker", role: "operator" })).token);
  const text = await settings({ Cookie: cookie });
  expect(text).toContain("onlooker");
  expect(text).toContain("a session of this browser");
  expect(text).not.toContain("API tokens</h2>");
  expect(text).not.toContain("Changes</h2>");
  expect(text).not.toContain("/api/tokens");
});

test("an admin sees every token, and may revoke what is not revoked, but never a token itself", async () => {
  const kept = await createToken({ name: "kept", role: "viewer" });
  const gone = await createToken({ name: "gone", role: "viewer" });
  await ask(`/api/tokens/${gone.id}`, { method: "DELETE", ...bearer(TOKEN) });
  const { cookie, csrf } = await signIn(TOKEN);
  const text = await settings({ Cookie: cookie });
  expect(text).toContain(`data-action="DELETE /api/tokens/${kept.id}"`);
  expect(text).not.toContain(`data-action="DELETE /api/tokens/${gone.id}"`);
  expect(text).toContain(`<meta name="csrf-token" content="${csrf}"`);
  for (const { token } of [kept, gone]) expect(text).not.toContain(token);
});

test("the changes are paged by what the URL says, and what it says wrongly is a page that says so", async () => {
  for (const timeout_ms of [1_000, 2_000, 3_000]) {
    await ask("/api/agents/echo", json("PATCH", { timeout_ms }, bearer(TOKEN).headers));
  }
  const { cookie } = await signIn(TOKEN);
  const first = await settings({ Cookie: cookie }, "?limit=1");
  expect(first).toContain("<strong>timeout_ms</strong>: 2000 → 3000");
  const next = /href="(\/settings\?before=\d+)"/.exec(first)?.[1] ?? "";
  expect(await (await ask(`${next}&limit=1`, { headers: { Cookie: cookie } })).text()).toContain("1000 → 2000");
  const wrong = await ask("/settings?before=x", { headers: { Cookie: cookie } });
  expect([wrong.status, wrong.headers.get("Content-Type")]).toEqual([422, expect.stringContaining("text/html")]);
});

test("what an admin wrote into an agent is text among the changes, not markup", async () => {
  const display_name = `</script><img src=x onerror=alert(1)>`;
  const definition = { kind: "http", display_name, http: { url: "https://remote.example/agent" } };
  const made = await ask("/api/agents/hostile", json("PUT", definition, bearer(TOKEN).headers));
  expect(made.status).toBe(201);
  const { cookie } = await signIn(TOKEN);
  const text = await settings({ Cookie: cookie });
  expect(text).toContain("display_name");
  expect(text).not.toContain("<img src=x");
});

test("without tokens the settings say what else opens the service: the ADMIN_TOKEN, or being on this machine", async () => {
  await rows("DELETE FROM api_tokens");
  const { cookie } = await signIn(TOKEN);
  expect(await settings({ Cookie: cookie })).toContain("only the ADMIN_TOKEN opens this service");
  const local = await (await request("/settings")).text();
  expect(local).toContain("the service is open to whoever is on this machine");
  expect(local).not.toContain("ADMIN_TOKEN");
});
