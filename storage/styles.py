"""Styles: words and settings under a name; members' own, and what members gave to guilds."""

import unicodedata

import msgspec

from inference.protocol.limits import MAX_GUIDANCE_SCALE, MAX_STEPS, require_float, require_int, require_text
from storage.database import Reader, Row, Transaction, Value

#: Of a member's own, and of a guild's.
MAX_OF_MEMBER, MAX_OF_GUILD = 100, 300
#: Characters of a name, and of a prompt.
MAX_NAME, MAX_WORDS = 80, 6000

SELECT_ALL = "SELECT * FROM styles ORDER BY id"
SELECT_OF_MEMBER = "SELECT * FROM styles WHERE member_id = :member_id AND guild_id IS NULL ORDER BY folded"
SELECT_OF_GUILD = "SELECT * FROM styles WHERE guild_id = :guild_id ORDER BY folded"
SELECT_GIVEN = "SELECT * FROM styles WHERE member_id = :member_id AND guild_id IS NOT NULL ORDER BY id"
COUNT_OF_MEMBER = "SELECT count(*) AS number FROM styles WHERE member_id = :member_id AND guild_id IS NULL"
COUNT_OF_GUILD = "SELECT count(*) AS number FROM styles WHERE guild_id = :guild_id"
ADD = """
    INSERT INTO styles (member_id, guild_id, name, folded, prompt, negative_prompt, settings, updated_at)
    VALUES (:member_id, :guild_id, :name, :folded, :prompt, :negative_prompt, :settings, :now)
    ON CONFLICT DO NOTHING RETURNING id
"""
CHANGE = """
    UPDATE OR IGNORE styles
    SET name = :name, folded = :folded, prompt = :prompt, negative_prompt = :negative_prompt, settings = :settings,
        updated_at = :now
    WHERE id = :id
"""
REMOVE = "DELETE FROM styles WHERE id = :id"
DELETE_OWN = "DELETE FROM styles WHERE member_id = :member_id AND guild_id IS NULL"
FORGET_GIVER = "UPDATE styles SET member_id = 0 WHERE member_id = :member_id AND guild_id IS NOT NULL"


class TooManyStyles(Exception):
    """A member or a guild has as many styles as may be."""


class NameTaken(Exception):
    """A style of that name is there already."""


class StyleSettings(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a style chooses beside words. None leaves it to whoever asks."""

    steps: int | None = None
    guidance: float | None = None
    #: As people write it, perhaps with its schedule: "DPM++ 2M Karras".
    sampler: str | None = None
    #: Pixels or a ratio: "512x768", "3:2".
    size: str | None = None
    #: A name.
    model: str | None = None

    def __post_init__(self) -> None:
        if self.steps is not None:
            require_int("steps", self.steps, 1, MAX_STEPS)
        if self.guidance is not None:
            require_float("guidance", self.guidance, 0, MAX_GUIDANCE_SCALE)
        for field in ("sampler", "size", "model"):
            if (text := getattr(self, field)) is not None:
                require_text(field, text, 200)

    def over(self, others: "StyleSettings") -> "StyleSettings":
        """Return these settings, and those of `others` where there are none."""
        chosen = {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}
        return msgspec.structs.replace(others, **chosen)


class NewStyle(msgspec.Struct, frozen=True, kw_only=True):
    """A style as it comes in."""

    #: Whose it is; of a guild's, who gave it, and 0 for somebody who had their data deleted.
    member_id: int
    #: None for a member's own.
    guild_id: int | None
    #: At most `MAX_NAME` characters; equal but for case is the same name.
    name: str
    #: At most `MAX_WORDS` characters each.
    prompt: str
    negative_prompt: str = ""
    settings: StyleSettings = StyleSettings()

    def __post_init__(self) -> None:
        require_text("name", self.name, MAX_NAME)
        require_text("prompt", self.prompt, MAX_WORDS)
        require_text("negative prompt", self.negative_prompt, MAX_WORDS)


class StoredStyle(NewStyle, frozen=True, kw_only=True):
    """A style as it stands."""

    id: int


_settings = msgspec.json.Decoder(StyleSettings)


def folded(name: str) -> str:
    """Return a name as it is compared: without case, composed, with single spaces."""
    return unicodedata.normalize("NFC", " ".join(unicodedata.normalize("NFC", name).casefold().split()))


async def all(reader: Reader) -> list[StoredStyle]:
    """Return every style of every member and guild, the oldest first."""
    return [_style(row) for row in await reader.fetch_all(SELECT_ALL)]


async def of_member(reader: Reader, member_id: int) -> list[StoredStyle]:
    """Return a member's own styles, by name."""
    return [_style(row) for row in await reader.fetch_all(SELECT_OF_MEMBER, {"member_id": member_id})]


async def of_guild(reader: Reader, guild_id: int) -> list[StoredStyle]:
    """Return a guild's styles, by name."""
    return [_style(row) for row in await reader.fetch_all(SELECT_OF_GUILD, {"guild_id": guild_id})]


async def given_by(reader: Reader, member_id: int) -> list[StoredStyle]:
    """Return what a member gave to guilds, the oldest first."""
    return [_style(row) for row in await reader.fetch_all(SELECT_GIVEN, {"member_id": member_id})]


async def count(reader: Reader, member_id: int, guild_id: int | None) -> int:
    """Return how many styles a guild has; without a guild, how many a member has."""
    parameters: dict[str, Value] = {"member_id": member_id}
    row = await (
        reader.fetch_one(COUNT_OF_MEMBER, parameters)
        if guild_id is None
        else reader.fetch_one(COUNT_OF_GUILD, {"guild_id": guild_id})
    )
    return int(row["number"]) if row else 0


async def add(write: Transaction, style: NewStyle) -> StoredStyle:
    """Write a style down. Raises NameTaken, and TooManyStyles beyond `MAX_OF_MEMBER` and `MAX_OF_GUILD`."""
    most = MAX_OF_MEMBER if style.guild_id is None else MAX_OF_GUILD
    if await count(write, style.member_id, style.guild_id) >= most:
        raise TooManyStyles
    owner: dict[str, Value] = {"member_id": style.member_id, "guild_id": style.guild_id}
    row = await write.fetch_one(ADD, _columns(style, write.now) | owner)
    if row is None:
        raise NameTaken
    return StoredStyle(id=row["id"], **msgspec.structs.asdict(style))


async def change(write: Transaction, style: StoredStyle) -> bool:
    """Write a style's name, words and settings anew. Returns False where it is gone. Raises NameTaken."""
    if await write.execute(CHANGE, _columns(style, write.now) | {"id": style.id}):
        return True
    if await write.fetch_one("SELECT 1 FROM styles WHERE id = :id", {"id": style.id}):
        raise NameTaken
    return False


async def remove(write: Transaction, style_id: int) -> bool:
    """Delete a style, and tell whether it was there."""
    return await write.execute(REMOVE, {"id": style_id}) > 0


async def forget_member(write: Transaction, member_id: int) -> None:
    """Delete a member's own styles; what they gave to guilds stays there under nobody's name."""
    await write.execute(DELETE_OWN, {"member_id": member_id})
    await write.execute(FORGET_GIVER, {"member_id": member_id})


def _columns(style: NewStyle, now: float) -> dict[str, Value]:
    return {
        "name": style.name,
        "folded": folded(style.name),
        "prompt": style.prompt,
        "negative_prompt": style.negative_prompt,
        "settings": msgspec.json.encode(style.settings).decode(),
        "now": now,
    }


def _style(row: Row) -> StoredStyle:
    return StoredStyle(
        id=row["id"],
        member_id=row["member_id"],
        guild_id=row["guild_id"],
        name=row["name"],
        prompt=row["prompt"],
        negative_prompt=row["negative_prompt"],
        settings=_read(row["settings"]),
    )


def _read(text: str) -> StyleSettings:
    """Return settings; what makes no sense chooses nothing."""
    try:
        return _settings.decode(text)
    except msgspec.DecodeError:
        return StyleSettings()
