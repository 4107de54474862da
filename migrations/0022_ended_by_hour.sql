-- How an agent's runs ended in each hour of a day, for the chart of its last 24 hours. It stands in a row that the end of
-- a run changes anyway: no row more is written per run, and no chart reads the runs themselves.
ALTER TABLE usage_daily ADD COLUMN ended_by_hour TEXT NOT NULL DEFAULT '{}';  -- JSON: {"<hour, UTC>": [completed, went wrong]}
