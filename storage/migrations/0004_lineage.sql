-- Pictures are found by their content, those whose files are gone too.

CREATE INDEX images_by_hash ON images (hash, id);
