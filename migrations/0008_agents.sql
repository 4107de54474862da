-- Agents that are stored, and what is set of those written in code. Every change is a version, and none is changed.
CREATE TABLE agent_versions (
  agent_name TEXT    NOT NULL,
  version    INTEGER NOT NULL CHECK (version >= 1),  -- 1, 2, 3 …, also over a retirement
  change     TEXT    NOT NULL,  -- created, replaced, changed, retired
  config     TEXT,              -- JSON; null where it is retired
  change_key TEXT    NOT NULL,  -- names the request, so that repeating it finds the version
  changed_by TEXT    NOT NULL,
  changed_at INTEGER NOT NULL,
  PRIMARY KEY (agent_name, version),
  CHECK ((change = 'retired') = (config IS NULL))
) STRICT, WITHOUT ROWID;

-- Which version is in force. An agent of the code that was never changed has no row.
CREATE TABLE agents (
  name    TEXT    PRIMARY KEY,
  version INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What a run ran. 0: the agent as its code had it.
ALTER TABLE agent_runs ADD COLUMN agent_version INTEGER NOT NULL DEFAULT 0;
-- When somebody outside took the running attempt over, until its lease runs out.
ALTER TABLE agent_runs ADD COLUMN handed_over_at INTEGER;
