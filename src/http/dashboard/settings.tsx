import { version } from "../../../package.json";
import { nowMs } from "../../clock.ts";
import { ROLES } from "../../contract/roles.ts";
import type { ApiToken } from "../../contract/token.ts";
import { listTokens } from "../../store/tokens.ts";
import type { AppContext } from "../app-context.ts";
import { schedulerHealth } from "../health.ts";
import { apiToken } from "../tokens.ts";
import { formatCount, formatDuration } from "./format.ts";
import { Instant } from "./instant.tsx";
import { answerPage, mayDo } from "./layout.tsx";
import { Field } from "./schema-field.tsx";
import { StatusPill } from "./status-pill.tsx";

const SHOWN_TOKENS = 50;

/** How the service is, and who may call it; tokens are an admin's. */
export async function settingsPage(c: AppContext): Promise<Response> {
  const isAdmin = mayDo(c, "admin");
  const newest = { belowId: Number.MAX_SAFE_INTEGER, limit: SHOWN_TOKENS };
  const [scheduler, tokens] = await Promise.all([
    schedulerHealth(c.env.DB, nowMs()),
    isAdmin ? listTokens(c.env.DB, newest) : [],
  ]);
  return answerPage(
    c,
    { title: "Settings", section: "Settings" },
    <>
      <div class="head">
        <h1>Settings</h1>
      </div>
      <section class="card">
        <h2>Health</h2>
        <dl class="facts-list">
          <dt>Version</dt>
          <dd>{version}</dd>
          <dt>Scheduler, last tick</dt>
          <dd>
            <Instant at={scheduler?.last_tick_at ?? null} />
          </dd>
          <dt>Jobs that are due</dt>
          <dd>
            {formatCount(scheduler?.due ?? 0)}
            {(scheduler?.lag_ms ?? 0) > 0 && `, late by ${formatDuration(scheduler?.lag_ms ?? 0)}`}
          </dd>
          <dt>Runs are kept</dt>
          <dd>{c.get("config").RETENTION_DAYS === null ? "for ever" : `${c.get("config").RETENTION_DAYS} days`}</dd>
        </dl>
      </section>
      {isAdmin ? (
        <Tokens tokens={tokens.map((record) => apiToken(record, nowMs()))} />
      ) : (
        <p class="empty">API tokens are for admins to see.</p>
      )}
    </>,
  );
}

function Tokens({ tokens }: { tokens: readonly ApiToken[] }) {
  return (
    <>
      <section class="card flush">
        <h2>API tokens</h2>
        {tokens.length === 0 ? (
          <p class="empty">None yet. Whoever calls this service should have one of their own.</p>
        ) : (
          <section class="scroll" tabindex={0} aria-label="API tokens">
            <table>
              <thead>
                <tr>
                  {["Name", "Role", "Status", "Created", "Expires", "Last used", "Revoke"].map((title) => (
                    <th scope="col">{title}</th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {tokens.map((token) => (
                  <TokenRow token={token} />
                ))}
              </tbody>
            </table>
          </section>
        )}
      </section>
      <NewToken />
    </>
  );
}

function TokenRow({ token }: { token: ApiToken }) {
  return (
    <tr>
      <td>{token.name}</td>
      <td>{token.role}</td>
      <td>
        <StatusPill status={token.status} />
      </td>
      <td>
        <Instant at={token.created_at} /> <span class="small muted">by {token.created_by}</span>
      </td>
      <td>{token.expires_at === null ? "never" : <Instant at={token.expires_at} />}</td>
      <td>
        <Instant at={token.last_used_at} />
      </td>
      <td>
        {token.status === "active" && (
          <button
            type="button"
            class="danger"
            id={`revoke-${token.id}`}
            aria-label={`Revoke ${token.name}`}
            data-action={`DELETE /api/tokens/${token.id}`}
            data-confirm={`Revoke the token "${token.name}"? Whoever uses it is locked out.`}
            data-said="It is revoked."
          >
            Revoke
          </button>
        )}
      </td>
    </tr>
  );
}

function NewToken() {
  return (
    <section class="card">
      <h2>New token</h2>
      <form data-send="POST /api/tokens" data-shows="new-token" novalidate>
        <p class="form-problem" role="alert" data-problem="" />
        <div class="grid-form">
          <Field id="token-name" label="Name" hint="Who uses it.">
            <input
              id="token-name"
              data-path="name"
              autocomplete="off"
              aria-describedby="token-name-hint token-name-problem"
            />
          </Field>
          <Field id="token-role" label="Role" hint="A viewer reads, an operator runs, an admin sets.">
            <select id="token-role" data-path="role" aria-describedby="token-role-hint token-role-problem">
              {ROLES.map((role) => (
                <option value={role}>{role}</option>
              ))}
            </select>
          </Field>
          <Field id="token-expires" label="Expires" hint="Left empty: never.">
            <input
              id="token-expires"
              type="datetime-local"
              data-path="expires_at"
              data-kind="instant"
              aria-describedby="token-expires-hint token-expires-problem"
            />
          </Field>
        </div>
        <p class="actions">
          <button type="submit" class="primary">
            Create the token
          </button>
        </p>
      </form>
      <div id="new-token" class="notice good" hidden tabindex={-1}>
        <p>Keep it now: it is shown this once.</p>
        <p class="secret mono" data-field="token" />
      </div>
    </section>
  );
}
