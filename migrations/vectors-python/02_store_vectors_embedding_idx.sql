CREATE INDEX CONCURRENTLY IF NOT EXISTS store_vectors_embedding_idx ON :"schema".store_vectors USING hnsw (embedding vector_cosine_ops);
