/** What to do in the first minute. */
export function FirstSteps({ mayRun, origin }: { mayRun: boolean; origin: string }) {
  return (
    <section class="card hero">
      <h2>Nothing has run here yet</h2>
      <p class="muted">
        Start with an agent that is built in: <strong>scanner</strong> looks at this very service and reports how well
        it protects its visitors.
      </p>
      {mayRun ? (
        <p class="actions">
          <button
            type="button"
            id="first-run"
            class="primary"
            data-action="POST /api/agents/scanner/run"
            data-body="{}"
            data-prefer="respond-async"
            data-go="/runs/{run_id}"
          >
            Scan this service
          </button>
        </p>
      ) : (
        <p class="empty">You may look; to run it needs the role operator.</p>
      )}
      <p class="muted small">Or from a terminal:</p>
      <pre class="text">{`curl ${origin}/api/agents/echo/run --json '{"params":{"hello":"world"}}'`}</pre>
      <p class="small">
        Then write an agent of your own, or add one without a deploy: <a href="/api/docs">the API and its reference</a>.
      </p>
    </section>
  );
}
