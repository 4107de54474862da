-- A fire that somebody asked for under an Idempotency-Key: who asks again is given the same fire, and so the same run.
ALTER TABLE job_fires ADD COLUMN request_key TEXT;
ALTER TABLE job_fires ADD COLUMN fingerprint TEXT;  -- of the request: another one under that key is refused

-- One fire a key. Fires of a schedule, and those without a key, pay nothing:
CREATE UNIQUE INDEX job_fires_by_key ON job_fires (job_id, request_key) WHERE request_key IS NOT NULL;
