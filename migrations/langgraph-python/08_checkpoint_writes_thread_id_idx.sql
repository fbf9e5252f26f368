CREATE INDEX CONCURRENTLY IF NOT EXISTS checkpoint_writes_thread_id_idx ON :"schema".checkpoint_writes (thread_id);
