-- The run history. Instants are epoch milliseconds, money is millionths of a dollar.
--
-- AUTOINCREMENT: without it the id of the newest row is given out again once that row is deleted.
-- The first columns keep the names of the system this replaces, so that old queries still read.
CREATE TABLE agent_runs (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  agent_name       TEXT    NOT NULL,
  framework        TEXT    NOT NULL,
  status           TEXT    NOT NULL CHECK (status IN
                     ('queued', 'running', 'completed', 'failed', 'cancelled', 'timed_out', 'interrupted')),
  input_data       TEXT    NOT NULL,
  output_data      TEXT,
  tokens_input     INTEGER NOT NULL DEFAULT 0,
  tokens_output    INTEGER NOT NULL DEFAULT 0,
  estimated_cost   REAL    GENERATED ALWAYS AS (cost_microusd / 1000000.0) VIRTUAL,
  duration_ms      INTEGER,
  error            TEXT,
  metadata         TEXT    NOT NULL DEFAULT '{}',
  started_at       INTEGER,
  completed_at     INTEGER,
  created_at       INTEGER NOT NULL,
  -- What durability needs.
  request_key      TEXT    NOT NULL,  -- names the request, so that repeating its INSERT finds the row
  attempt          INTEGER NOT NULL CHECK (attempt >= 1),
  lease_expires_at INTEGER,           -- until then the attempt belongs to its executor
  finish_key       TEXT,              -- names the transaction that closed the run, so that it is rolled up once
  output_truncated INTEGER NOT NULL DEFAULT 0 CHECK (output_truncated IN (0, 1)),
  cost_microusd    INTEGER NOT NULL DEFAULT 0,
  CHECK ((status IN ('queued', 'running')) = (completed_at IS NULL))
) STRICT;

-- Every index is a row written per run, so each names the query that pays for it.
-- Repeating a request whose reply was lost:
CREATE UNIQUE INDEX agent_runs_by_request_key ON agent_runs (request_key);
-- An agent's runs, newest first (the row id is the index's last column):
CREATE INDEX agent_runs_by_agent ON agent_runs (agent_name);
-- A coordinator that starts, the sweep, and an agent's state. Leaving this index writes nothing:
CREATE INDEX agent_runs_live ON agent_runs (agent_name)
  WHERE status IN ('queued', 'running');
-- "What went wrong?", of all agents and of one. Only runs that went wrong pay:
CREATE INDEX agent_runs_unhappy ON agent_runs (status)
  WHERE status IN ('failed', 'cancelled', 'timed_out', 'interrupted');
CREATE INDEX agent_runs_unhappy_by_agent ON agent_runs (agent_name, status)
  WHERE status IN ('failed', 'cancelled', 'timed_out', 'interrupted');

-- What the finished runs of an agent add up to, per UTC day of completed_at. Written in the transaction
-- that finishes the runs, so that totals equal what the rows say and no summary scans the rows.
CREATE TABLE usage_daily (
  agent_name    TEXT    NOT NULL,
  day           INTEGER NOT NULL,  -- days since 1970-01-01
  runs          INTEGER NOT NULL,
  tokens_input  INTEGER NOT NULL,
  tokens_output INTEGER NOT NULL,
  cost_microusd INTEGER NOT NULL,
  duration_ms   INTEGER NOT NULL,
  PRIMARY KEY (agent_name, day)
) STRICT, WITHOUT ROWID;

-- All agents' usage since a day; written only when an agent's day begins:
CREATE INDEX usage_daily_by_day ON usage_daily (day);

-- When each of the scheduler's clocks last ticked.
CREATE TABLE scheduler_clocks (
  clock        TEXT    PRIMARY KEY,
  last_tick_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
