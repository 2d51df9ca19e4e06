-- Pictures of one job may have words of their own; styles; wildcards.

ALTER TABLE jobs ADD COLUMN words TEXT NOT NULL DEFAULT '[]';

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
