import type { AuditEntry } from "../../contract/audit.ts";
import { fieldChanges } from "../../core/field-changes.ts";
import { Moment } from "./instant.tsx";

export function AuditTable({ entries }: { entries: readonly AuditEntry[] }) {
  if (entries.length === 0) return <p class="empty">Nothing was changed yet.</p>;
  return (
    <section class="scroll" tabindex={0} aria-label="The record of changes">
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">Came of it</th>
            <th scope="col">Before and after</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr>
              <td>
                <Moment at={entry.at} />
              </td>
              <td>
                {entry.by} <span class="muted small">{entry.role}</span>
              </td>
              <td class="wrap">
                {entry.action.slice(0, entry.action.indexOf(" "))} {entry.subject}
              </td>
              <td class="nowrap">{outcomeOf(entry.status)}</td>
              <td class="wrap small">
                <Differences entry={entry} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function outcomeOf(status: number | null): string {
  if (status === null) return "not known";
  return status < 400 ? "done" : `refused (${status})`;
}

const MAX_SHOWN = 6;

/** What differs, field by field; the API has all of it. */
function Differences({ entry }: { entry: AuditEntry }) {
  const changes = fieldChanges(entry.before ?? undefined, entry.after ?? undefined);
  if (changes.length === 0) return <span class="muted">–</span>;
  return (
    <details id={`change-${entry.id}`}>
      <summary>{changes.length === 1 ? "1 field" : `${changes.length} fields`}</summary>
      <ul class="plain-list">
        {changes.slice(0, MAX_SHOWN).map(({ field, from, to }) => (
          <li>
            <strong>{field === "" ? "all" : field}</strong>: {shown(from)} → {shown(to)}
          </li>
        ))}
        {changes.length > MAX_SHOWN && <li>and {changes.length - MAX_SHOWN} more: GET /api/audit</li>}
      </ul>
    </details>
  );
}

function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}
