-- Items of LangGraph's long-term store: one row per run and item that this run wrote, or found there and equal.
CREATE TABLE :"ledger".store_items (
    run_id INTEGER NOT NULL,
    -- SHA-256 over namespace and key, each behind its length: either may be nearly as long as an index row can be
    id BYTEA NOT NULL,
    -- as the target has them
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    source_name TEXT NOT NULL,
    target_schema TEXT NOT NULL,
    progress TEXT NOT NULL
        CHECK (progress IN ('migrated', 'differs', 'verified', 'purging', 'purged', 'rolled_back')),
    -- false: somebody else's row, which was equal
    is_ours BOOLEAN NOT NULL,
    -- by this run; false also where it found the row of an earlier one
    is_written BOOLEAN NOT NULL,
    -- keys of the source, with the first 12 bytes of the SHA-1 of what they held
    source_key BYTEA NOT NULL,
    source_digest BYTEA NOT NULL,
    vector_key BYTEA,
    vector_digest BYTEA,
    -- SHA-256 over value and times of the row as it stood when this was recorded
    row_digest BYTEA NOT NULL,
    -- the row and its vectors as they were before this run rewrote them, under the store's own column names; null: there was none
    replaced JSONB,
    migrated_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
    -- trusted only once that verification has ended
    verification_id INTEGER,
    PRIMARY KEY (run_id, id)
);
CREATE INDEX store_items_id_idx ON :"ledger".store_items (id, run_id);
