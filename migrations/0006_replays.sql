-- Why a run exists, and which run it repeats.
ALTER TABLE agent_runs ADD COLUMN trigger TEXT NOT NULL DEFAULT 'api' CHECK (trigger IN ('api', 'replay', 'job'));
ALTER TABLE agent_runs ADD COLUMN replay_of INTEGER;
