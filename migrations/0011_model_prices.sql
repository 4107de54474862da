-- What models cost, where somebody set it: over the table in the code, which is as old as the deployment.
CREATE TABLE model_prices (
  model           TEXT    PRIMARY KEY,
  input_microusd  INTEGER NOT NULL CHECK (input_microusd >= 0),   -- of a million tokens
  output_microusd INTEGER NOT NULL CHECK (output_microusd >= 0),
  as_of           TEXT    NOT NULL,                               -- YYYY-MM-DD
  set_by          TEXT    NOT NULL,
  set_at          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
