CREATE INDEX IF NOT EXISTS idx_store_vectors_embedding_cosine_hnsw ON :"schema".store_vectors USING hnsw (embedding vector_cosine_ops) WITH (m = 16, ef_construction = 200);
