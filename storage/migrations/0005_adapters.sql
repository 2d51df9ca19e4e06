-- What members bring: LoRAs and embeddings.

CREATE TABLE adapters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    -- 0: the operator.
    owner_id INTEGER NOT NULL,
    -- The server where it was brought in or shared last.
    guild_id INTEGER,
    name TEXT NOT NULL,
    -- The name as it is compared: without case.
    folded TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('lora', 'embedding')),
    form TEXT NOT NULL,
    family TEXT NOT NULL,
    rank INTEGER NOT NULL,
    vectors INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    base_model TEXT NOT NULL,
    visibility TEXT NOT NULL CHECK (visibility IN ('private', 'server', 'public')),
    state TEXT NOT NULL CHECK (state IN ('pending', 'approved', 'removed')),
    description TEXT NOT NULL,
    triggers TEXT NOT NULL,
    weight REAL NOT NULL,
    preview TEXT CHECK (length(preview) = 64),
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    CHECK (visibility <> 'server' OR guild_id IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX adapters_of_owner ON adapters (owner_id, folded);
CREATE UNIQUE INDEX adapters_owned_once ON adapters (owner_id, hash);
CREATE UNIQUE INDEX adapters_of_guild ON adapters (guild_id, folded)
    WHERE visibility = 'server' AND state <> 'removed';
CREATE UNIQUE INDEX adapters_of_all ON adapters (folded) WHERE visibility = 'public' AND state <> 'removed';
CREATE INDEX adapters_by_hash ON adapters (hash);
CREATE INDEX adapters_by_preview ON adapters (preview) WHERE preview IS NOT NULL;

-- The names of adapters that are gone, for the pictures made with them.
CREATE TABLE former_adapters (
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    owner_id INTEGER NOT NULL,
    guild_id INTEGER,
    visibility TEXT NOT NULL CHECK (visibility IN ('private', 'server', 'public')),
    name TEXT NOT NULL,
    removed_at REAL NOT NULL,
    PRIMARY KEY (hash, owner_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX former_adapters_of_owner ON former_adapters (owner_id);

-- Members who may not bring adapters to a server, and whose adapters are not used there.
CREATE TABLE adapter_bans (
    guild_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    banned_by INTEGER NOT NULL,
    banned_at REAL NOT NULL,
    PRIMARY KEY (guild_id, member_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX adapter_bans_of_member ON adapter_bans (member_id);

-- Files that a server's admins took away: nothing with that content is used there.
CREATE TABLE adapter_removals (
    guild_id INTEGER NOT NULL,
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    removed_by INTEGER NOT NULL,
    removed_at REAL NOT NULL,
    PRIMARY KEY (guild_id, hash)
) STRICT, WITHOUT ROWID;

-- Files of adapters and of their previews are deleted as those of pictures are.
CREATE TABLE doomed_files_before AS SELECT folder, hash FROM doomed_files;
DROP TABLE doomed_files;
CREATE TABLE doomed_files (
    folder TEXT NOT NULL CHECK (folder IN ('pictures', 'inputs', 'adapters', 'previews')),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    PRIMARY KEY (folder, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO doomed_files (folder, hash) SELECT folder, hash FROM doomed_files_before;
DROP TABLE doomed_files_before;
