-- Agents on schedule, and one record for every slot of every job. A slot is an instant that a job's schedule names:
-- its nominal instant, whenever somebody gets round to it.
CREATE TABLE jobs (
  id            TEXT    PRIMARY KEY,
  definition    TEXT    NOT NULL,  -- JSON: all that a caller sets
  agent_name    TEXT    NOT NULL,  -- of the definition
  enabled       INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  paused_note   TEXT,
  next_at       INTEGER,           -- the first slot that has no record yet
  due_at        INTEGER,           -- when it is to fire: the slot and its jitter
  failures_from INTEGER NOT NULL,  -- runs that were created earlier do not count as failures in a row
  fire_count    INTEGER NOT NULL DEFAULT 0,  -- slots that fired
  last_fired_at INTEGER,
  version       INTEGER NOT NULL DEFAULT 1,  -- of what a caller sets: the ETag
  turn          INTEGER NOT NULL DEFAULT 1,  -- every write to the row is its next turn, and none is made to another
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL,
  CHECK ((next_at IS NULL) = (due_at IS NULL)),
  CHECK (enabled = 1 OR next_at IS NULL)
) STRICT, WITHOUT ROWID;

-- The tick's question: which are due? Jobs that are not cost it nothing:
CREATE INDEX jobs_due ON jobs (due_at) WHERE due_at IS NOT NULL;
-- An agent's schedule:
CREATE INDEX jobs_by_agent ON jobs (agent_name);

-- What became of each slot, and of each fire that somebody asked for. `fired` is the promise of a run, written in the
-- transaction that advances the job and before the run is begun under the key `job:<job_id>:<nominal_at>`: from then
-- on it is begun again until its run_id stands here. No foreign key: the record outlives its job.
CREATE TABLE job_fires (
  id           INTEGER PRIMARY KEY,
  job_id       TEXT    NOT NULL,
  nominal_at   INTEGER NOT NULL,
  kind         TEXT    NOT NULL CHECK (kind IN ('scheduled', 'manual', 'backfill')),
  outcome      TEXT    NOT NULL CHECK (outcome IN ('fired', 'buffered', 'skipped_overlap', 'skipped_inactive',
                 'skipped_paused', 'missed', 'coalesced', 'rejected')),
  run_id       INTEGER,
  params       TEXT,               -- JSON: of a fire that was asked for with others than the job's
  problem      TEXT,               -- why the run is refused, or was at the last try
  coalesced    INTEGER NOT NULL DEFAULT 0,  -- earlier slots that this fire stands for
  fired_at     INTEGER NOT NULL    -- when this was decided
) STRICT;

-- One record a slot:
CREATE UNIQUE INDEX job_fires_by_slot ON job_fires (job_id, nominal_at);
-- Fires without a run yet. Leaving this index writes nothing:
CREATE INDEX job_fires_open ON job_fires (job_id, nominal_at) WHERE run_id IS NULL AND outcome IN ('fired', 'buffered');

-- A run's request key names its slot. Read from there, the two can never disagree.
ALTER TABLE agent_runs ADD COLUMN job_id TEXT
  GENERATED ALWAYS AS (iif(trigger = 'job', substr(request_key, 5, instr(substr(request_key, 5), ':') - 1), NULL)) VIRTUAL;
ALTER TABLE agent_runs ADD COLUMN nominal_at INTEGER
  GENERATED ALWAYS AS (iif(trigger = 'job', CAST(substr(request_key, 6 + length(job_id)) AS INTEGER), NULL)) VIRTUAL;

-- A job's runs, newest first, and those that have not ended. Runs of no job pay nothing:
CREATE INDEX agent_runs_by_job ON agent_runs (job_id) WHERE job_id IS NOT NULL;
CREATE INDEX agent_runs_live_by_job ON agent_runs (job_id)
  WHERE job_id IS NOT NULL AND status IN ('queued', 'running');
-- Runs that nobody asked for, newest first:
CREATE INDEX agent_runs_by_trigger ON agent_runs (trigger) WHERE trigger IN ('replay', 'job');
