-- What runs used of each model, for those that name one: a run that does not writes nothing of this.
ALTER TABLE agent_runs ADD COLUMN model_usage TEXT;  -- JSON array, an item for each model of each attempt

-- Rolled up like usage_daily, in the same transaction and per the same UTC day.
CREATE TABLE usage_daily_by_model (
  day           INTEGER NOT NULL,
  agent_name    TEXT    NOT NULL,
  model         TEXT    NOT NULL,
  runs          INTEGER NOT NULL,
  tokens_input  INTEGER NOT NULL,
  tokens_output INTEGER NOT NULL,
  cost_microusd INTEGER NOT NULL,
  PRIMARY KEY (day, agent_name, model)
) STRICT, WITHOUT ROWID;
