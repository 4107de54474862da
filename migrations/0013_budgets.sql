-- What runs may cost in a day and in a month. What a run may cost is reserved in the transaction that inserts it, and
-- made what it did cost in the transaction that ends it: runs that begin at once, of whatever agents, cannot spend the
-- same dollar twice. Which periods a run reserved in, and how much, is in its row: agent_runs.policy, `reservation`.
CREATE TABLE budget_periods (
  scope             TEXT    NOT NULL,  -- an agent's name, or '*': all agents together
  period            TEXT    NOT NULL CHECK (period IN ('day', 'month')),
  starts_at         INTEGER NOT NULL,
  ends_at           INTEGER NOT NULL,
  reserved_microusd INTEGER NOT NULL,            -- by runs that have not ended
  spent_microusd    INTEGER NOT NULL DEFAULT 0,  -- by those that have
  warn_at_microusd  INTEGER NOT NULL,            -- spent, as the budget stood when a run last began under it
  warned_at         INTEGER,
  warned_by         TEXT,  -- names the transaction that spent so much, so that it says so once
  PRIMARY KEY (scope, period, starts_at)
) STRICT, WITHOUT ROWID;

-- The budget for all agents together; no row: there never was one. Every INSERT of a run is of one version of it, so
-- that no coordinator goes by a budget that was replaced.
CREATE TABLE shared_budget (
  id         INTEGER PRIMARY KEY CHECK (id = 1),
  version    INTEGER NOT NULL,
  config     TEXT    NOT NULL,  -- JSON
  changed_by TEXT    NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;
