-- Who may call. A token is shown once, when it is made; what is stored of it, its SHA-256, opens nothing.
CREATE TABLE api_tokens (
  id                  INTEGER PRIMARY KEY AUTOINCREMENT,
  name                TEXT    NOT NULL,
  role                TEXT    NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
  token_hash          TEXT    NOT NULL UNIQUE,  -- SHA-256, hexadecimal
  requests_per_minute INTEGER CHECK (requests_per_minute >= 1),  -- null: as the service has it
  created_by          TEXT    NOT NULL,
  created_at          INTEGER NOT NULL,
  expires_at          INTEGER,
  last_used_at        INTEGER,                  -- to the hour
  revoked_by          TEXT,
  revoked_at          INTEGER,
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
) STRICT;

-- A name says who did something: no two tokens that are not revoked share one.
CREATE UNIQUE INDEX api_tokens_in_force ON api_tokens (name) WHERE revoked_at IS NULL;

-- Browsers that are signed in, each with the token that it signed in with, and for no longer than that.
CREATE TABLE sessions (
  session_hash TEXT    PRIMARY KEY,  -- SHA-256 of the cookie, hexadecimal
  token_id     INTEGER,              -- null: ADMIN_TOKEN
  admin_proof  TEXT,                 -- HMAC of that ADMIN_TOKEN under the cookie: of another the session is none
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  CHECK ((token_id IS NULL) = (admin_proof IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_end ON sessions (expires_at);
