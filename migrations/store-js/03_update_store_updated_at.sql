CREATE OR REPLACE FUNCTION :"schema".update_updated_at_column() RETURNS TRIGGER AS $$
    BEGIN NEW.updated_at = CURRENT_TIMESTAMP; RETURN NEW; END; $$ language 'plpgsql';
DROP TRIGGER IF EXISTS update_store_updated_at ON :"schema".store;
CREATE TRIGGER update_store_updated_at BEFORE UPDATE ON :"schema".store
    FOR EACH ROW EXECUTE FUNCTION :"schema".update_updated_at_column();
