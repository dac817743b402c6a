/** The database's shape, one step per version (PRAGMA user_version). Steps are only ever added. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    -- 1: a program of the same user (the token file); sees the jobs of every client.
    owner INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE tokens (
    hash BLOB PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients(id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    used_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE jobs (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    client_id TEXT NOT NULL REFERENCES clients(id),
    idem_key TEXT,
    body_sha256 TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued','running','done','failed','cancelled')),
    -- Times it was given to an engine; written before the start, so a crash is counted too.
    attempt INTEGER NOT NULL DEFAULT 0,
    cancel_asked INTEGER NOT NULL DEFAULT 0,
    request TEXT NOT NULL,
    -- The frame with the request's planes; NULL once it was cleared away.
    input_sha256 TEXT,
    input_bytes INTEGER NOT NULL,
    problem TEXT,
    created_at INTEGER NOT NULL,
    finished_at INTEGER,
    UNIQUE (client_id, idem_key)
  ) STRICT;
  CREATE INDEX jobs_waiting ON jobs(state, n) WHERE state IN ('queued','running');
  CREATE INDEX jobs_input ON jobs(input_sha256);
  CREATE TRIGGER jobs_final BEFORE UPDATE OF state ON jobs
    WHEN OLD.state IN ('done','failed','cancelled') AND NEW.state <> OLD.state
    BEGIN SELECT RAISE(ABORT, 'a finished job does not change'); END;
  CREATE TABLE results (
    id TEXT PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
    idx INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    info TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    delivered_at INTEGER,
    -- 1: the file is gone (cleared away, or lost).
    lost INTEGER NOT NULL DEFAULT 0,
    UNIQUE (job_id, idx)
  ) STRICT;
  CREATE INDEX results_object ON results(sha256);
  CREATE TABLE job_events (
    job_id TEXT NOT NULL REFERENCES jobs(id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (job_id, seq)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE timings (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    device TEXT NOT NULL,
    -- Seconds per network evaluation of one megapixel.
    seconds_per_megapixel_step REAL NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  `,
];
