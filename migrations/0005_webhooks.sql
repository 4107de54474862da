-- What is to be told about runs that have ended. A row appears in the transaction that ends its run, so that no
-- crash comes between, and only for runs that ask for it. At most one per run: the run's id is the key.
CREATE TABLE webhook_deliveries (
  run_id           INTEGER PRIMARY KEY,
  webhook_id       TEXT    NOT NULL,  -- the same for every try, so that a receiver can drop repeats
  url              TEXT    NOT NULL,
  status           TEXT    NOT NULL CHECK (status IN ('pending', 'delivered', 'failed')),
  attempts         INTEGER NOT NULL DEFAULT 0,
  next_attempt_at  INTEGER,           -- set before a try, to when another may follow if nobody records this one
  last_status      INTEGER,           -- of HTTP; null where there was no answer
  last_error       TEXT,
  last_duration_ms INTEGER,
  created_at       INTEGER NOT NULL,
  updated_at       INTEGER NOT NULL,
  CHECK ((status = 'pending') = (next_attempt_at IS NOT NULL))
) STRICT;

-- The sweep's question: what is due? Leaving this index writes nothing:
CREATE INDEX webhook_deliveries_pending ON webhook_deliveries (next_attempt_at)
  WHERE status = 'pending';
