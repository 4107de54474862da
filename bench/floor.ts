import { Hono } from "hono";

/**
 * The least that records a run: one Worker, one INSERT of the row that the service would leave behind. It
 * admits nothing, counts nothing and survives nothing; it is what the service's guarantees are measured against.
 */
const app = new Hono<{ Bindings: { DB: D1Database } }>();

const INSERT_RUN = `
  INSERT INTO agent_runs (agent_name, framework, status, input_data, output_data, duration_ms, started_at,
                          completed_at, created_at, request_key, attempt, lease_expires_at, finish_key)
  VALUES (?1, 'code', 'completed', ?2, ?2, 0, ?3, ?3, ?3, ?4, 1, ?5, ?6)`;

app.post("/api/agents/:name/run", async (c) => {
  const { params } = await c.req.json<{ params: unknown }>();
  const nowMs = Date.now();
  const { meta } = await c.env.DB.prepare(INSERT_RUN)
    .bind(c.req.param("name"), JSON.stringify(params), nowMs, crypto.randomUUID(), nowMs + 180_000, crypto.randomUUID())
    .run();
  return c.json({ run_id: meta.last_row_id });
});

export default app;
