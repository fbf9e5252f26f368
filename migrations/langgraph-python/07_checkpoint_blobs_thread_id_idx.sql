CREATE INDEX CONCURRENTLY IF NOT EXISTS checkpoint_blobs_thread_id_idx ON :"schema".checkpoint_blobs (thread_id);
