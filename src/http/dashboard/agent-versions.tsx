import type { AgentVersion } from "../../contract/agent-version.ts";
import { Instant } from "./instant.tsx";
import { JsonView } from "./json-view.tsx";

/** Who changed an agent, when and what. */
export function Versions({ versions }: { versions: readonly AgentVersion[] }) {
  return (
    <section class="card">
      <h2>Versions</h2>
      {versions.length === 0 ? (
        <p class="empty">It is as its code has it.</p>
      ) : (
        <ul class="plain-list">
          {versions.map((version) => (
            <li>
              <div class="line">
                <strong>Version {version.version}</strong>
                <Instant at={version.changed_at} />
              </div>
              <p class="small muted">{`${version.change} by ${version.changed_by}`}</p>
              {version.changes.length > 0 && (
                <details>
                  <summary class="small">What changed</summary>
                  <JsonView value={version.changes} label={`Changes of version ${version.version}`} />
                </details>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
