CREATE TABLE IF NOT EXISTS :"schema".store_migrations (v INTEGER PRIMARY KEY);
