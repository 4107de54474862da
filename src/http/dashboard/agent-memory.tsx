import type * as z from "zod";
import { DEFAULT_PAGE_MEMORY } from "../../contract/limits.ts";
import { type MemoryEntry, MemoryKey, type MemoryListing, type MemoryPage } from "../../contract/memory.ts";
import type { AppContext } from "../app-context.ts";
import { readMemoryEntry, readMemoryPage } from "../memory.ts";
import { ProblemError } from "../problems.ts";
import { formatBytes } from "./format.ts";
import { Instant } from "./instant.tsx";
import { JsonView } from "./json-view.tsx";

interface Memory {
  page: z.output<typeof MemoryPage>;
  /** The value that is looked at. */
  shown: z.output<typeof MemoryEntry> | null;
}

/** What an agent remembers, as the page's query asks: `remembers` after a key, `key` to look at one. Null: it cannot be read just now. */
export async function readMemory(name: string, c: AppContext): Promise<Memory | null> {
  const after = MemoryKey.safeParse(c.req.query("remembers"));
  const key = MemoryKey.safeParse(c.req.query("key"));
  const query = { prefix: "", after: after.success ? after.data : "", limit: DEFAULT_PAGE_MEMORY };
  try {
    const [page, shown] = await Promise.all([
      readMemoryPage(name, query, c),
      key.success ? readMemoryEntry(name, key.data, c).catch(forgotten) : null,
    ]);
    return { page, shown };
  } catch (error) {
    // The rest of the page is worth showing without it.
    if (error instanceof ProblemError) return null;
    throw error;
  }
}

/** What was looked at may be forgotten meanwhile. */
function forgotten(error: unknown): null {
  if (error instanceof ProblemError && error.problem.code === "memory_not_found") return null;
  throw error;
}

export function MemoryCard(props: { agent: string; memory: Memory | null; mayForget: boolean }) {
  const { agent, memory, mayForget } = props;
  return (
    <section class="card flush" id="memory">
      <div class="card-head">
        <h2>Memory</h2>
        {mayForget && memory !== null && memory.page.entries.length > 0 && (
          <button
            type="button"
            id="forget-all"
            class="danger"
            data-action={`DELETE ${apiPath(agent)}`}
            data-confirm={`Have ${agent} forget everything? This cannot be undone.`}
            data-said="It has forgotten everything."
          >
            Forget everything
          </button>
        )}
      </div>
      {memory === null ? (
        <p class="empty">It cannot be read just now.</p>
      ) : (
        <Remembered agent={agent} memory={memory} mayForget={mayForget} />
      )}
    </section>
  );
}

function Remembered({ agent, memory, mayForget }: { agent: string; memory: Memory; mayForget: boolean }) {
  const { entries, next_after } = memory.page;
  if (entries.length === 0) return <p class="empty">It remembers nothing between its runs.</p>;
  return (
    <>
      <section class="scroll" tabindex={0} aria-label="Memory">
        <table>
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Written</th>
              <th scope="col">By run</th>
              <th scope="col" class="number">
                Size
              </th>
              {mayForget && (
                <th scope="col">
                  <span class="visually-hidden">Forget</span>
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {entries.map((entry) => (
              <Row agent={agent} entry={entry} mayForget={mayForget} />
            ))}
          </tbody>
        </table>
      </section>
      {memory.shown !== null && (
        <div class="shown-value">
          <h3>{memory.shown.key}</h3>
          <JsonView value={memory.shown.value} label="Value" />
        </div>
      )}
      {next_after !== null && (
        <nav class="pages" aria-label="Pages of the memory">
          <a href={`${pagePath(agent)}#memory`}>First</a>
          <a href={`${pagePath(agent)}?remembers=${encodeURIComponent(next_after)}#memory`} rel="next">
            More
          </a>
        </nav>
      )}
    </>
  );
}

function Row(props: { agent: string; entry: MemoryListing; mayForget: boolean }) {
  const { agent, entry, mayForget } = props;
  return (
    <tr>
      <td class="wrap">
        <a href={`${pagePath(agent)}?key=${encodeURIComponent(entry.key)}#memory`}>{entry.key}</a>
      </td>
      <td>
        <Instant at={entry.updated_at} />
      </td>
      <td>
        <a href={`/runs/${entry.run_id}`}>#{entry.run_id}</a>
      </td>
      <td class="number">{formatBytes(entry.bytes)}</td>
      {mayForget && (
        <td class="number">
          <button
            type="button"
            class="danger"
            data-action={`DELETE ${apiPath(agent)}/${encodeURIComponent(entry.key)}`}
            data-confirm={`Have ${agent} forget "${entry.key}"? This cannot be undone.`}
            data-said="It is forgotten."
            aria-label={`Forget ${entry.key}`}
          >
            Forget
          </button>
        </td>
      )}
    </tr>
  );
}

function pagePath(agent: string): string {
  return `/agents/${encodeURIComponent(agent)}`;
}

function apiPath(agent: string): string {
  return `/api/agents/${encodeURIComponent(agent)}/memory`;
}
