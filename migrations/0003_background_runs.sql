-- Runs that wait: in the queue, for a slot, for a retry, until an instant.
ALTER TABLE agent_runs ADD COLUMN policy TEXT NOT NULL DEFAULT '{}';     -- JSON: limits and retries of this run
ALTER TABLE agent_runs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;   -- higher first
ALTER TABLE agent_runs ADD COLUMN available_at INTEGER;                  -- a queued run starts no earlier
ALTER TABLE agent_runs ADD COLUMN queue_expires_at INTEGER;              -- nor later
ALTER TABLE agent_runs ADD COLUMN cancel_requested_at INTEGER;           -- a running attempt is told to stop
