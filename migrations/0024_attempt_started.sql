-- When the running attempt began, which is not when the run did if it is a later one. Its end's event says it too.
ALTER TABLE agent_runs ADD COLUMN attempt_started_at INTEGER;
