CREATE INDEX IF NOT EXISTS idx_store_namespace_path ON :"schema".store USING btree (namespace_path);
CREATE INDEX IF NOT EXISTS idx_store_value_gin ON :"schema".store USING gin (value);
CREATE INDEX IF NOT EXISTS idx_store_expires_at ON :"schema".store USING btree (expires_at) WHERE expires_at IS NOT NULL;
