ALTER TABLE :"schema".checkpoint_blobs ALTER COLUMN blob DROP NOT NULL;
