import { ROLES } from "../../contract/roles.ts";
import type { ApiToken } from "../../contract/token.ts";
import { Instant, Moment } from "./instant.tsx";
import { Field } from "./schema-field.tsx";
import { StatusPill } from "./status-pill.tsx";

/** `openedBy`: what else opens the service, as it is said where there are no tokens. */
export function TokenTable({ tokens, openedBy }: { tokens: readonly ApiToken[]; openedBy: string }) {
  if (tokens.length === 0) return <p class="empty">There are none: {openedBy}.</p>;
  return (
    <section class="scroll" tabindex={0} aria-label="API tokens">
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Role</th>
            <th scope="col">Status</th>
            <th scope="col">Created</th>
            <th scope="col">By</th>
            <th scope="col">Last used</th>
            <th scope="col">Expires</th>
            <th scope="col" class="number">
              Requests a minute
            </th>
            <th scope="col">
              <span class="visually-hidden">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {tokens.map((token) => (
            <Row token={token} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ token }: { token: ApiToken }) {
  return (
    <tr>
      <td>{token.name}</td>
      <td>{token.role}</td>
      <td>
        <StatusPill status={token.status} />
      </td>
      <td>
        <Instant at={token.created_at} />
      </td>
      <td>{token.created_by}</td>
      <td>
        <Instant at={token.last_used_at} />
      </td>
      <td>
        <Moment at={token.expires_at} />
      </td>
      <td class="number">{token.requests_per_minute ?? "–"}</td>
      <td>
        {token.status !== "revoked" && (
          <button
            type="button"
            class="danger"
            data-action={`DELETE /api/tokens/${token.id}`}
            data-confirm={`Revoke ${token.name}? Whatever uses it is shut out, and whoever signed in with it is signed out.`}
            data-said={`${token.name} is revoked.`}
            aria-label={`Revoke ${token.name}`}
          >
            Revoke
          </button>
        )}
      </td>
    </tr>
  );
}

/** The token that it makes is put in a place of its own, which no page has when it is asked for again. */
export function TokenForm() {
  return (
    <>
      <form id="token-form" data-send="POST /api/tokens" data-shows="new-token" novalidate>
        <p class="form-problem" role="alert" data-problem="" />
        <div class="grid-form">
          <TextField
            path="name"
            label="Name (required)"
            hint="Who uses it: the record of changes names it."
            required="Give it a name."
          />
          <Field id="token-role" label="Role">
            <select id="token-role" data-path="role" data-kind="text" aria-describedby="token-role-problem">
              {ROLES.map((role) => (
                <option value={role}>{role}</option>
              ))}
            </select>
          </Field>
          <Field id="token-expires_at" label="Expires" hint="In your timezone. Left empty: when it is revoked.">
            <input
              id="token-expires_at"
              type="datetime-local"
              data-path="expires_at"
              data-kind="instant"
              aria-describedby="token-expires_at-hint token-expires_at-problem"
            />
          </Field>
          <TextField path="requests_per_minute" label="Requests a minute" hint="Left empty: no limit." kind="number" />
        </div>
        <p class="actions">
          <button type="submit" class="primary">
            Create
          </button>
        </p>
      </form>
      <div id="new-token" class="notice good" tabindex={-1} hidden>
        <p>
          The token of <strong data-field="name" />. Keep it now: it is not shown again.
        </p>
        <pre class="wrap" data-field="token" />
      </div>
    </>
  );
}

function TextField(props: { path: string; label: string; hint: string; kind?: "number"; required?: string }) {
  const { path, label, hint, kind, required } = props;
  const id = `token-${path}`;
  return (
    <Field id={id} label={label} hint={hint}>
      <input
        id={id}
        data-path={path}
        data-kind={kind ?? "text"}
        data-required={required}
        inputmode={kind === "number" ? "numeric" : undefined}
        autocomplete="off"
        aria-describedby={`${id}-hint ${id}-problem`}
      />
    </Field>
  );
}
