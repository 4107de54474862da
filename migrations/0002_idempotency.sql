-- What tells a repeated request from another under the same key, and an executor from another.
ALTER TABLE agent_runs ADD COLUMN fingerprint TEXT;  -- SHA-256 of what an Idempotency-Key was sent with
ALTER TABLE agent_runs ADD COLUMN lease_key TEXT;    -- names the executor that the attempt belongs to
