-- What runs remember, in a schema of its own. Rows here commit in one transaction with the rows they tell of.

CREATE TABLE :"ledger".ledger_migrations (
    v INTEGER PRIMARY KEY,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- One execution of migrate. Resuming goes on with the same id under a new token; a finished run is never reopened.
CREATE TABLE :"ledger".runs (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- 'forgotten': migrate --restart; what it knew of threads is gone, their rows count as somebody else's
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'stopped', 'failed', 'rolled_back', 'forgotten')),
    started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    finished_at TIMESTAMPTZ,
    resumed INTEGER NOT NULL DEFAULT 0,
    -- the fencing token this run holds or held last; see lease
    token BIGINT NOT NULL,
    tool_version TEXT NOT NULL,
    -- host, port and database as typed, or --source-name: rows of another source are not ours
    source_name TEXT NOT NULL,
    -- without user and password
    source_url TEXT NOT NULL,
    -- the server's own run id: changes at every restart, noted for information, decides nothing
    source_run_id TEXT,
    target_schema TEXT NOT NULL,
    -- null: its keys were not listed yet
    dialect TEXT CHECK (dialect IN ('python', 'js')),
    options JSONB NOT NULL DEFAULT '{}',
    -- id of the failure that ended it, and its facts; never a payload, never a password
    last_error JSONB,
    rolled_back_at TIMESTAMPTZ
);

-- One row per run and thread that this run changed. No foreign key to runs: its row lock would be taken per thread.
CREATE TABLE :"ledger".threads (
    run_id INTEGER NOT NULL,
    thread_id TEXT NOT NULL,
    source_name TEXT NOT NULL,
    target_schema TEXT NOT NULL,
    layouts TEXT[] NOT NULL,
    completeness TEXT NOT NULL CHECK (completeness IN ('whole', 'partial', 'rejected')),
    progress TEXT NOT NULL
        CHECK (progress IN ('migrated', 'differs', 'verified', 'purging', 'purged', 'rolled_back')),
    -- true: the rows of this run are listed in inserted and replaced; false: all rows of the thread are its own
    had_rows_before BOOLEAN NOT NULL,
    -- rows this run inserted
    checkpoints INTEGER NOT NULL DEFAULT 0,
    blobs INTEGER NOT NULL DEFAULT 0,
    writes INTEGER NOT NULL DEFAULT 0,
    -- rows this run rewrote; as they were before, they are in replaced
    rewritten INTEGER NOT NULL DEFAULT 0,
    source_bytes BIGINT NOT NULL DEFAULT 0,
    target_bytes BIGINT NOT NULL DEFAULT 0,
    -- number of keys packed in source_keys
    keys INTEGER NOT NULL DEFAULT 0,
    -- keys that were new or changed when this run read them, each with the first 12 bytes of its SHA-1, and keys of indexes, which are
    -- not read; where several runs name a key, the newest counts
    source_keys BYTEA,
    -- per checkpoint this run wrote: 8 bytes that name it, 8 bytes over its row and the rows of its writes
    row_digests BYTEA,
    -- sum, modulo 2^64, of 8 bytes over each blob row this run inserted
    blob_digest BIGINT NOT NULL DEFAULT 0,
    -- of the keys read, by their PTTL then; null: none expires
    latest_expiry TIMESTAMPTZ,
    -- the thread's age: its latest moment over all namespaces; null: unknown, so never "older"
    latest_at TIMESTAMPTZ,
    -- namespace → newest checkpoint id, as this run left it
    newest JSONB NOT NULL DEFAULT '{}',
    -- namespace → channels whose versions were renumbered
    renumbered JSONB,
    -- what left checkpoints out, such as --keep-last
    bounds JSONB,
    migrated_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    -- the last time a pass found the source changed
    changed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    verified_at TIMESTAMPTZ,
    -- trusted only once that verification has ended
    verification_id INTEGER,
    purged_at TIMESTAMPTZ,
    PRIMARY KEY (run_id, thread_id)
) WITH (fillfactor = 90);
-- Digests do not compress: trying costs time only.
ALTER TABLE :"ledger".threads
    ALTER COLUMN source_keys SET STORAGE EXTERNAL,
    ALTER COLUMN row_digests SET STORAGE EXTERNAL;
-- Thread ids may be nearly as long as an index row can be, so no other column joins them here.
CREATE INDEX threads_thread_id_idx ON :"ledger".threads (thread_id, run_id);

-- One execution of verify. finished_at is set by its last, synchronous commit, which flushes all before it.
CREATE TABLE :"ledger".verifications (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    finished_at TIMESTAMPTZ,
    token BIGINT NOT NULL,
    source_name TEXT NOT NULL,
    target_schema TEXT NOT NULL,
    options JSONB NOT NULL DEFAULT '{}',
    counts JSONB NOT NULL DEFAULT '{}'
);

-- Primary keys of rows a run inserted into threads that had rows before; columns that are no part of a key are null.
CREATE TABLE :"ledger".inserted (
    run_id INTEGER NOT NULL,
    thread_id TEXT NOT NULL,
    tbl TEXT NOT NULL CHECK (tbl IN ('checkpoints', 'checkpoint_blobs', 'checkpoint_writes')),
    checkpoint_ns TEXT NOT NULL,
    checkpoint_id TEXT,
    channel TEXT,
    version TEXT,
    task_id TEXT,
    idx INTEGER
);
CREATE INDEX inserted_thread_id_idx ON :"ledger".inserted (thread_id, run_id);

-- Rows of the target as they were before a run rewrote them, whole, under LangGraph's own column names; the first rewrite of a
-- run is kept, so that rollback restores what stood before the run.
CREATE TABLE :"ledger".replaced (
    run_id INTEGER NOT NULL,
    thread_id TEXT NOT NULL,
    tbl TEXT NOT NULL CHECK (tbl IN ('checkpoints', 'checkpoint_blobs', 'checkpoint_writes')),
    checkpoint_ns TEXT NOT NULL,
    checkpoint_id TEXT,
    parent_checkpoint_id TEXT,
    task_id TEXT,
    idx INTEGER,
    channel TEXT,
    version TEXT,
    type TEXT,
    checkpoint JSONB,
    metadata JSONB,
    blob BYTEA,
    task_path TEXT,
    replaced_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX replaced_thread_id_idx ON :"ledger".replaced (thread_id, run_id);

-- What the reports say of one key or thread. thread_id is null where Postgres cannot hold it; key is the Redis key's bytes.
CREATE TABLE :"ledger".findings (
    run_id INTEGER NOT NULL,
    thread_id TEXT,
    key BYTEA,
    kind TEXT NOT NULL CHECK (kind IN ('ignored', 'gone', 'repaired', 'rejected', 'conflict')),
    reason TEXT NOT NULL,
    detail TEXT,
    checkpoint_ns TEXT,
    checkpoint_id TEXT,
    -- findings of one reason and thread beyond the first few are counted, not listed
    count BIGINT NOT NULL DEFAULT 1,
    found_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);
-- A rejected thread's id may be too long for an index, so its hash stands in.
CREATE INDEX findings_thread_idx ON :"ledger".findings (run_id, hashtextextended(thread_id, 0));

-- The fencing token, one row per target schema: every transaction that writes to the ledger reads it FOR SHARE and fails when it
-- has changed. A successor holds the advisory lock before it changes the token.
CREATE TABLE :"ledger".lease (
    target_schema TEXT PRIMARY KEY,
    token BIGINT NOT NULL,
    verb TEXT NOT NULL,
    -- process and machine of the tool, for people
    pid INTEGER NOT NULL,
    host TEXT NOT NULL,
    -- the server process that holds the advisory lock
    backend_pid INTEGER NOT NULL,
    since TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

-- Apart from lease: a beat must not wait for the batches that hold the lease FOR SHARE.
CREATE TABLE :"ledger".heartbeats (
    target_schema TEXT PRIMARY KEY,
    token BIGINT NOT NULL,
    beat_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp()
);

-- Each thread as all runs together left it: what the newest of them says, counts summed over all.
CREATE VIEW :"ledger".current_threads AS
SELECT DISTINCT ON (target_schema, source_name, thread_id)
    target_schema,
    source_name,
    thread_id,
    run_id AS last_run_id,
    array_agg(run_id) OVER thread AS run_ids,
    layouts,
    completeness,
    progress,
    bool_and(had_rows_before) OVER thread AS had_rows_before,
    sum(checkpoints) OVER thread AS checkpoints,
    sum(blobs) OVER thread AS blobs,
    sum(writes) OVER thread AS writes,
    sum(rewritten) OVER thread AS rewritten,
    source_bytes,
    sum(target_bytes) OVER thread AS target_bytes,
    latest_expiry,
    latest_at,
    newest,
    bounds,
    min(migrated_at) OVER thread AS first_migrated_at,
    max(changed_at) OVER thread AS changed_at,
    verified_at,
    verification_id,
    purged_at
FROM :"ledger".threads
WHERE progress <> 'rolled_back'
WINDOW thread AS (PARTITION BY target_schema, source_name, thread_id)
ORDER BY target_schema, source_name, thread_id, run_id DESC;
