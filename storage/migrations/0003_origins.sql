-- What a request was made from: the picture whose button was pressed.

ALTER TABLE jobs ADD COLUMN parent_image INTEGER REFERENCES images (id) ON DELETE SET NULL;
ALTER TABLE jobs ADD COLUMN origin TEXT;

CREATE INDEX jobs_by_parent ON jobs (parent_image) WHERE parent_image IS NOT NULL;
