CREATE TABLE IF NOT EXISTS :"schema".store_vectors (
    namespace_path TEXT NOT NULL,
    key TEXT NOT NULL,
    field_path TEXT NOT NULL,
    text_content TEXT NOT NULL,
    embedding vector(:dims) NOT NULL,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (namespace_path, key, field_path),
    FOREIGN KEY (namespace_path, key) REFERENCES :"schema".store (namespace_path, key) ON DELETE CASCADE
);
