-- What admins of servers and the operator decide.

-- 0: the operator has closed Easel to this server, for this reason.
ALTER TABLE guilds ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1));
ALTER TABLE guilds ADD COLUMN closed_why TEXT NOT NULL DEFAULT '';
-- Since when the bot is there no more; what it keeps of the server is deleted some time after.
ALTER TABLE guilds ADD COLUMN left_at REAL;
-- Whoever added the bot was written to.
ALTER TABLE guilds ADD COLUMN greeted_at REAL;

-- Upscaling has its place among the limits.
UPDATE guilds SET settings = json_set(settings, '$.limits', json('{}'))
WHERE json_extract(settings, '$.most_upscale') IS NOT NULL
    OR json_extract(settings, '$.most_upscale_pixels') IS NOT NULL;
UPDATE guilds SET settings = json_set(settings, '$.limits.upscale', json_extract(settings, '$.most_upscale'))
WHERE json_extract(settings, '$.most_upscale') IS NOT NULL;
UPDATE guilds SET settings = json_set(
    settings, '$.limits.upscale_pixels', json_extract(settings, '$.most_upscale_pixels')
)
WHERE json_extract(settings, '$.most_upscale_pixels') IS NOT NULL;
UPDATE guilds SET settings = json_remove(settings, '$.most_upscale', '$.most_upscale_pixels');

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

-- What the asker was when they asked: their roles, and what Discord lets them do.
ALTER TABLE jobs ADD COLUMN asked_as TEXT NOT NULL DEFAULT '{}';

CREATE INDEX jobs_by_guild ON jobs (guild_id, sequence);

-- What a check of the picture found; NULL: it was not checked.
ALTER TABLE images ADD COLUMN verdict TEXT;

-- What the operator set while the bot runs, and what outlives a restart.
CREATE TABLE operator_notes (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at REAL NOT NULL
) STRICT, WITHOUT ROWID;
