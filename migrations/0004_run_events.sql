-- What happens in a run, one row an event. A run that says nothing and needs one attempt has none.
--
-- No CHECK on `type`: the set grows, and SQLite can change a CHECK only by copying the table. No foreign key
-- either: a migration that rebuilds agent_runs would delete every event with it.
CREATE TABLE run_events (
  run_id  INTEGER NOT NULL,
  seq     INTEGER NOT NULL,  -- 1, 2, 3 … in the order in which they were committed
  at      INTEGER NOT NULL,
  type    TEXT    NOT NULL,
  attempt INTEGER NOT NULL,
  n       INTEGER,           -- the executor's own number, by which a repeat is known; null for the coordinator's
  data    TEXT    NOT NULL,  -- JSON: what the type says further
  PRIMARY KEY (run_id, seq)
) STRICT, WITHOUT ROWID;
