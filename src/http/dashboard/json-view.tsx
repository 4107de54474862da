import { formatCount } from "./format.ts";

/** Past so many values, or so deep, the rest is shown as text: a page has a bound, whatever an agent returns. */
const MAX_VALUES = 1_500;
const MAX_DEPTH = 12;
const MAX_STRING_CHARS = 4_000;
const OPEN_DEPTH = 2;

interface Budget {
  values: number;
}

/** Any JSON value, to be folded and unfolded. */
export function JsonView({ value, label }: { value: unknown; label: string }) {
  return (
    <section class="json" tabindex={0} aria-label={label}>
      <Value value={value} depth={0} budget={{ values: MAX_VALUES }} />
    </section>
  );
}

function Value({ value, depth, budget }: { value: unknown; depth: number; budget: Budget }) {
  budget.values -= 1;
  if (typeof value === "string") return <span class="string">{JSON.stringify(clipped(value))}</span>;
  if (typeof value === "number") return <span class="number">{String(value)}</span>;
  if (typeof value !== "object" || value === null) return <span class="literal">{String(value)}</span>;
  const entries = Object.entries(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return <span class="size">{`${open}${close}`}</span>;
  if (depth >= MAX_DEPTH || budget.values <= 0) return <span>{clipped(JSON.stringify(value))}</span>;
  const shown = entries.slice(0, Math.max(1, budget.values));
  return (
    <details open={depth < OPEN_DEPTH && entries.length <= 50}>
      <summary>
        <span class="size">{`${open} ${formatCount(entries.length)} ${close}`}</span>
      </summary>
      <ul>
        {shown.map(([key, entry]) => (
          <li>
            <span class="key">{key}</span>: <Value value={entry} depth={depth + 1} budget={budget} />
          </li>
        ))}
        {shown.length < entries.length && (
          <li class="size">{`… ${formatCount(entries.length - shown.length)} more`}</li>
        )}
      </ul>
    </details>
  );
}

function clipped(text: string): string {
  return text.length <= MAX_STRING_CHARS
    ? text
    : `${text.slice(0, MAX_STRING_CHARS)}… (${formatCount(text.length)} characters)`;
}
