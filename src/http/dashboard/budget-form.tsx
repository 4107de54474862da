import type { AgentBudget, SharedBudget } from "../../contract/budget.ts";
import { DEFAULT_WARN_SHARE } from "../../contract/limits.ts";
import { Field } from "./schema-field.tsx";

/** Sets the budget of an agent, or with `agent` null the one for all of them. What is left empty is not limited. */
export function BudgetForm({ agent, budget }: { agent: string | null; budget: AgentBudget | SharedBudget }) {
  const text = (value: number | undefined) => (value === undefined ? "" : String(value));
  const empty = agent === null ? undefined : "null";
  const maxRun = "max_run_usd" in budget ? budget.max_run_usd : undefined;
  return (
    <form
      data-send={agent === null ? "PUT /api/budgets" : `PATCH /api/agents/${encodeURIComponent(agent)}`}
      data-wrap={agent === null ? undefined : "budget"}
      data-said="The budget is set."
      novalidate
    >
      <p class="form-problem" role="alert" data-problem="" />
      <div class="grid-form">
        <BudgetField path="daily_usd" label="Dollars a day" value={text(budget.daily_usd)} empty={empty} />
        <BudgetField path="monthly_usd" label="Dollars a month" value={text(budget.monthly_usd)} empty={empty} />
        {agent !== null && (
          <BudgetField path="max_run_usd" label="Dollars a run at most" value={text(maxRun)} empty={empty} />
        )}
        <BudgetField
          path="warn_share"
          label="Warn at this share"
          value={text(budget.warn_share)}
          hint={`Of a limit, like 0.8. Left empty: ${DEFAULT_WARN_SHARE}.`}
          empty={empty}
        />
        <BudgetField
          path="timezone"
          label="By the midnight of"
          value={budget.timezone ?? ""}
          hint="A timezone. Left empty: the service's."
          kind="text"
          empty={empty}
        />
        <BudgetField
          path="warn_webhook_url"
          label="Tell of the warning at"
          value={budget.warn_webhook_url ?? ""}
          hint="A URL, told by a signed POST. Left empty: nobody."
          kind="text"
          empty={empty}
        />
      </div>
      <p class="actions">
        <button type="submit" class="primary">
          Set the budget
        </button>
      </p>
    </form>
  );
}

function BudgetField(props: {
  path: string;
  label: string;
  value: string;
  hint?: string;
  kind?: "number" | "text";
  empty: string | undefined;
}) {
  const id = `budget-${props.path}`;
  const kind = props.kind ?? "number";
  return (
    <Field id={id} label={props.label} hint={props.hint ?? "Left empty: no limit."}>
      <input
        id={id}
        data-path={props.path}
        data-kind={kind}
        data-empty={props.empty}
        inputmode={kind === "number" ? "decimal" : undefined}
        value={props.value}
        autocomplete="off"
        aria-describedby={`${id}-hint ${id}-problem`}
      />
    </Field>
  );
}
