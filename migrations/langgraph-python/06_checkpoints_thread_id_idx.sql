CREATE INDEX CONCURRENTLY IF NOT EXISTS checkpoints_thread_id_idx ON :"schema".checkpoints (thread_id);
