-- That much of a budget is spent is told once a period, where the budget names a URL for it. The row appears in the
-- transaction that spends so much, so that no crash comes between and no two coordinators tell it twice.
ALTER TABLE budget_periods ADD COLUMN limit_microusd INTEGER;  -- as it stood when a run last began under it
ALTER TABLE budget_periods ADD COLUMN warn_url TEXT;           -- the same; null: nobody is told

CREATE TABLE budget_warnings (
  id               INTEGER PRIMARY KEY,
  scope            TEXT    NOT NULL,
  period           TEXT    NOT NULL,
  starts_at        INTEGER NOT NULL,
  ends_at          INTEGER NOT NULL,
  limit_microusd   INTEGER,
  warn_at_microusd INTEGER NOT NULL,
  spent_microusd   INTEGER NOT NULL,
  -- from here on as webhook_deliveries
  webhook_id       TEXT    NOT NULL,
  url              TEXT    NOT NULL,
  status           TEXT    NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts         INTEGER NOT NULL DEFAULT 0,
  next_attempt_at  INTEGER,
  last_status      INTEGER,
  last_error       TEXT,
  last_duration_ms INTEGER,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL)),
  UNIQUE (scope, period, starts_at)
) STRICT;

CREATE INDEX budget_warnings_pending ON budget_warnings (next_attempt_at)
  WHERE status = 'pending';
