CREATE TABLE IF NOT EXISTS :"schema".checkpoint_migrations (
    v INTEGER PRIMARY KEY
);
