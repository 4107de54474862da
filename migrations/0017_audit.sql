-- Who changed what. A row is there before its change is made, so that no change is without one; what became of it follows.
CREATE TABLE audit_log (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  at         INTEGER NOT NULL,
  caller     TEXT    NOT NULL,
  role       TEXT    NOT NULL,
  action     TEXT    NOT NULL,  -- method and path template of the route
  subject    TEXT    NOT NULL,  -- the path
  request_id TEXT    NOT NULL,
  status     INTEGER,           -- HTTP; null: it is under way, or broke off
  before     TEXT,              -- JSON, bounded, without secrets
  after      TEXT
) STRICT;
