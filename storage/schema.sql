-- The whole schema as it is meant. Databases are made by the migrations; a test holds the two together.
-- Times are seconds since 1970. Member, guild, channel and message ids are Discord's.

CREATE TABLE migrations (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at REAL NOT NULL
) STRICT;

-- One request. Its state follows from its units' and is set in the same transaction.
CREATE TABLE jobs (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 32),
    kind TEXT NOT NULL,
    member_id INTEGER NOT NULL,
    guild_id INTEGER,
    channel_id INTEGER NOT NULL,
    lane TEXT NOT NULL CHECK (lane IN ('priority', 'normal', 'relaxed', 'background')),
    recipe TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    model TEXT NOT NULL,
    unit_seconds REAL NOT NULL,
    private INTEGER NOT NULL CHECK (private IN (0, 1)),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    attempts INTEGER NOT NULL DEFAULT 0,
    failure_kind TEXT,
    failure_text TEXT,
    created_at REAL NOT NULL,
    started_at REAL,
    ended_at REAL,
    -- Prompt and negative prompt of each picture, where they have their own.
    words TEXT NOT NULL DEFAULT '[]',
    -- The picture whose button was pressed; what was pressed, and where.
    parent_image INTEGER REFERENCES images (id) ON DELETE SET NULL,
    origin TEXT,
    -- What the asker was when they asked: their roles, and what Discord lets them do.
    asked_as TEXT NOT NULL DEFAULT '{}',
    CHECK ((ended_at IS NOT NULL) = (state IN ('done', 'failed', 'cancelled')))
) STRICT;

CREATE INDEX jobs_unfinished ON jobs (sequence) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_unfinished_by_member ON jobs (member_id, state, count) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_unfinished_by_guild ON jobs (guild_id, state, count) WHERE state IN ('waiting', 'running');
CREATE INDEX jobs_by_member ON jobs (member_id, sequence);
CREATE INDEX jobs_by_guild ON jobs (guild_id, sequence);
CREATE INDEX jobs_by_parent ON jobs (parent_image) WHERE parent_image IS NOT NULL;

-- One picture of a job. A running unit is leased to one launch of an engine.
CREATE TABLE units (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    unit_index INTEGER NOT NULL CHECK (unit_index >= 0),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    launch TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    image_hash TEXT,
    PRIMARY KEY (job_id, unit_index),
    CHECK ((launch IS NOT NULL) = (state = 'running')),
    CHECK ((image_hash IS NOT NULL) = (state = 'done'))
) STRICT, WITHOUT ROWID;

CREATE INDEX units_running ON units (launch) WHERE state = 'running';

-- Where a job's result goes, and how far that has come. The nonce makes Discord refuse a second sending.
CREATE TABLE deliveries (
    job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    channel_id INTEGER NOT NULL,
    message_id INTEGER,
    application_id INTEGER,
    token TEXT,
    token_expires_at REAL,
    locale TEXT,
    state TEXT NOT NULL CHECK (state IN ('pending', 'progress', 'sent', 'kept', 'failed')),
    nonce TEXT NOT NULL UNIQUE,
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    updated_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX deliveries_open ON deliveries (job_id) WHERE state IN ('pending', 'progress');
CREATE INDEX deliveries_kept ON deliveries (job_id) WHERE state = 'kept';
CREATE INDEX deliveries_by_message ON deliveries (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX deliveries_with_token ON deliveries (token_expires_at) WHERE token IS NOT NULL;

-- Source pictures on disk that an unfinished job starts from.
CREATE TABLE inputs (
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    PRIMARY KEY (job_id, hash)
) STRICT, WITHOUT ROWID;

CREATE INDEX inputs_by_hash ON inputs (hash);

-- Finished pictures. Several may share one file on disk: equal recipes give equal bytes.
CREATE TABLE images (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    job_id TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    unit_index INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    recipe TEXT NOT NULL,
    created_at REAL NOT NULL,
    deleted_at REAL,
    -- What a check of the picture found; NULL: it was not checked.
    verdict TEXT,
    UNIQUE (job_id, unit_index)
) STRICT;

CREATE INDEX images_on_disk ON images (hash, bytes) WHERE deleted_at IS NULL;
CREATE INDEX images_by_age ON images (created_at) WHERE deleted_at IS NULL;
CREATE INDEX images_by_member ON images (member_id, id);
CREATE INDEX images_by_hash ON images (hash, id);

CREATE TABLE favourites (
    member_id INTEGER NOT NULL,
    image_id INTEGER NOT NULL REFERENCES images (id) ON DELETE CASCADE,
    marked_at REAL NOT NULL,
    PRIMARY KEY (image_id, member_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX favourites_by_member ON favourites (member_id, image_id);

-- Files that no row needed any more when this was written; a sweep looks again and deletes them.
CREATE TABLE doomed_files (
    folder TEXT NOT NULL CHECK (folder IN ('pictures', 'inputs', 'adapters', 'previews')),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    PRIMARY KEY (folder, hash)
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    id INTEGER PRIMARY KEY,
    defaults TEXT NOT NULL DEFAULT '{}',
    weight REAL NOT NULL DEFAULT 1.0 CHECK (weight > 0),
    updated_at REAL NOT NULL
) STRICT;

CREATE TABLE guilds (
    id INTEGER PRIMARY KEY,
    settings TEXT NOT NULL DEFAULT '{}',
    updated_at REAL NOT NULL,
    -- 0: the operator has closed Easel to this server, for this reason.
    enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    closed_why TEXT NOT NULL DEFAULT '',
    -- Since when the bot is there no more; what it keeps of the server is deleted some time after.
    left_at REAL,
    -- Whoever added the bot was written to.
    greeted_at REAL
) STRICT;

-- Members who may not use the bot in a server.
CREATE TABLE blocks (
    guild_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    reason TEXT NOT NULL,
    blocked_by INTEGER NOT NULL,
    blocked_at REAL NOT NULL,
    PRIMARY KEY (guild_id, member_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX blocks_of_member ON blocks (member_id);

-- Who changed what in a server. Member 0 is the operator.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    guild_id INTEGER NOT NULL,
    member_id INTEGER NOT NULL,
    action TEXT NOT NULL,
    detail TEXT NOT NULL,
    at REAL NOT NULL
) STRICT;

CREATE INDEX audit_by_guild ON audit (guild_id, id);
CREATE INDEX audit_by_member ON audit (member_id);

-- What the operator set while the bot runs, and what outlives a restart.
CREATE TABLE operator_notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- What was used, by day (UTC). Guild 0 stands for direct messages, member 0 for people who had their data deleted.
CREATE TABLE usage (
    member_id INTEGER NOT NULL,
    guild_id INTEGER NOT NULL,
    day TEXT NOT NULL CHECK (length(day) = 10),
    gpu_seconds REAL NOT NULL,
    pictures INTEGER NOT NULL,
    PRIMARY KEY (member_id, day, guild_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_by_guild ON usage (guild_id, day);

-- Words and settings under a name. A member's own have no guild; a guild's stand under the member who gave them.
CREATE TABLE styles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    member_id INTEGER NOT NULL,
    guild_id INTEGER,
    name TEXT NOT NULL,
    -- The name as it is compared: without case.
    folded TEXT NOT NULL,
    prompt TEXT NOT NULL,
    negative_prompt TEXT NOT NULL,
    settings TEXT NOT NULL DEFAULT '{}',
    updated_at REAL NOT NULL
) STRICT;

CREATE UNIQUE INDEX styles_of_member ON styles (member_id, folded) WHERE guild_id IS NULL;
CREATE UNIQUE INDEX styles_of_guild ON styles (guild_id, folded) WHERE guild_id IS NOT NULL;
CREATE INDEX styles_by_giver ON styles (member_id) WHERE guild_id IS NOT NULL;

-- Lists of words of which `__name__` in a prompt draws one, a line each.
CREATE TABLE wildcards (
    guild_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    member_id INTEGER NOT NULL,
    updated_at REAL NOT NULL,
    PRIMARY KEY (guild_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX wildcards_by_giver ON wildcards (member_id);

-- LoRAs and embeddings that members, and the operator, brought.
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
