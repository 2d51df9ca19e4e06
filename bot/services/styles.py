"""Styles: words and settings under a name that are put around a prompt; written, changed, given, and in files."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from bot.queue.dispatcher import Dispatcher
from bot.services.names import unknown
from bot.services.requests import Actor
from bot.services.style_sheets import SETTINGS, Row, Skipped, read_sheet, row_of, usable, write_sheet
from bot.services.style_shelves import Listed, Shelf, Shelves, Whose, merged, require_server
from bot.services.style_values import Style, checked_name, checked_words, style_of
from bot.services.style_words import Weaver
from bot.services.wishes import named_model
from bot.texts import Mistake
from storage import Database, styles
from storage.styles import (
    MAX_OF_GUILD,
    MAX_OF_MEMBER,
    NameTaken,
    NewStyle,
    StoredStyle,
    StyleSettings,
    TooManyStyles,
    folded,
)


@dataclass(frozen=True)
class Imported:
    """What became of a file."""

    added: int
    replaced: int
    skipped: Sequence[Skipped]


class Styles(Shelves):
    """All styles, in memory, and written down wherever they change."""

    def __init__(self, *, database: Database, dispatcher: Dispatcher, operators: Mapping[str, Style]) -> None:
        super().__init__(operators)
        self._database = database
        self._dispatcher = dispatcher

    async def load(self) -> None:
        """Read everybody's styles, so that nothing waits for them. Raises StorageError."""
        self._own, self._servers = {}, {}
        for stored in await styles.all(self._database):
            self._hold(stored)

    # Changing -------------------------------------------------------------------------------------------------------

    async def add(
        self,
        actor: Actor,
        name: str,
        *,
        prompt: str = "",
        negative: str = "",
        settings: StyleSettings | None = None,
        whose: Whose = "me",
    ) -> Listed:
        """Write a new style down: the member's own, or the server's if they manage it.

        Raises Mistake for what cannot be a style, a name that is taken and too many; OutOfRange, StorageError.
        """
        guild_id = _require_manager(actor) if whose == "server" else None
        new = NewStyle(
            member_id=actor.member_id,
            guild_id=guild_id,
            name=checked_name(name),
            prompt=checked_words(prompt),
            negative_prompt=checked_words(negative),
            settings=self._checked_settings(settings or StyleSettings()),
        )
        return await self._add(actor, new)

    async def edit(
        self,
        actor: Actor,
        name: str,
        *,
        whose: Whose | None = None,
        rename: str | None = None,
        prompt: str | None = None,
        negative: str | None = None,
        settings: StyleSettings | None = None,
        clear: Iterable[str] = (),
    ) -> Listed:
        """Change what is given of a style; `clear` names settings, or "negative", to be taken from it.

        Raises Mistake as `add` and `editable` do, and where nothing is given; OutOfRange, StorageError.
        """
        before = self.editable(actor, name, whose).stored
        assert before is not None, "the operator's cannot be edited"
        changed = settings or StyleSettings()
        cleared = set(clear)
        if (rename, prompt, negative) == (None, None, None) and changed == StyleSettings() and not cleared:
            raise Mistake("style_nothing")
        left = msgspec.structs.replace(before.settings, **dict.fromkeys(cleared & set(SETTINGS)))
        if "negative" in cleared:
            negative = ""
        after = msgspec.structs.replace(
            before,
            name=before.name if rename is None else checked_name(rename),
            prompt=before.prompt if prompt is None else checked_words(prompt),
            negative_prompt=before.negative_prompt if negative is None else checked_words(negative),
            settings=self._checked_settings(changed).over(left),
        )
        return await self._change(actor, before, after)

    async def rewrite(self, actor: Actor, style_id: int, prompt: str, negative: str) -> Listed:
        """Change the words of a style, as `edit` does."""
        before = self.editable_by_id(actor, style_id).stored
        assert before is not None, "the operator's have no id"
        after = msgspec.structs.replace(before, prompt=checked_words(prompt), negative_prompt=checked_words(negative))
        return await self._change(actor, before, after)

    async def remove(self, actor: Actor, name: str, whose: Whose | None = None) -> Listed:
        """Delete a style, and return what it was. Raises Mistake as `editable` does; StorageError."""
        found = self.editable(actor, name, whose)
        assert found.stored is not None, "the operator's cannot be removed"
        async with self._database.transaction() as write:
            await styles.remove(write, found.stored.id)
        self._drop(found.stored)
        return found

    async def share(self, actor: Actor, name: str) -> Listed:
        """Give a copy of a member's own style to the server. Raises Mistake as `add` does; StorageError."""
        guild_id = require_server(actor)
        own = self._own.get(actor.member_id, {})
        found = own.get(folded(name))
        if found is None or found.stored is None:
            raise unknown("style", name, self.own_names(actor.member_id))
        stored = found.stored
        return await self._add(
            actor,
            NewStyle(
                member_id=actor.member_id,
                guild_id=guild_id,
                name=stored.name,
                prompt=stored.prompt,
                negative_prompt=stored.negative_prompt,
                settings=stored.settings,
            ),
        )

    # Files ----------------------------------------------------------------------------------------------------------

    async def import_csv(self, actor: Actor, file_name: str, data: bytes, whose: Whose = "me") -> Imported:
        """Write a file's styles down, in the place of those of the same names, and tell what was left out.

        Settings of a replaced style stay where the file has none. Raises Mistake for somebody who may not and for
        what is no such file; StorageError.
        """
        guild_id = _require_manager(actor) if whose == "server" else None
        rows = await asyncio.to_thread(read_sheet, file_name, data)
        # Copies: what others do meanwhile must not disturb the thread.
        shelves = [dict(shelf) for shelf in self._perspective(actor, guild_id)]
        new, skipped = await asyncio.to_thread(_imported, rows, actor.member_id, guild_id, shelves)
        held: list[StoredStyle] = []
        added = 0
        async with self._database.transaction() as write:
            existing = await (
                styles.of_member(write, actor.member_id) if guild_id is None else styles.of_guild(write, guild_id)
            )
            there = {folded(one.name): one for one in existing}
            for row, style in new:
                before = there.get(folded(style.name))
                if before is not None:
                    after = _replaced(before, style)
                    await styles.change(write, after)
                    held.append(after)
                    continue
                try:
                    held.append(await styles.add(write, style))
                    added += 1
                except TooManyStyles:
                    skipped.append(Skipped(row.line, row.name, _full(guild_id)))
        for stored in held:
            self._hold(stored)
        return Imported(added, len(held) - added, sorted(skipped, key=lambda one: one.line))

    async def export_csv(self, actor: Actor, whose: Whose = "me") -> tuple[int, bytes]:
        """Return how many styles a member, or the server, has, and a file with them. Raises Mistake for none."""
        shelf = self._server(require_server(actor)) if whose == "server" else self._own.get(actor.member_id, {})
        if not shelf:
            raise Mistake("styles_none")
        rows = [
            row_of(one.name, one.style.prompt, one.style.negative, one.style.settings)
            for _, one in sorted(shelf.items())
        ]
        return len(rows), await asyncio.to_thread(write_sheet, rows)

    # Inside ---------------------------------------------------------------------------------------------------------

    async def _add(self, actor: Actor, new: NewStyle) -> Listed:
        self._check(actor, new)
        try:
            async with self._database.transaction() as write:
                stored = await styles.add(write, new)
        except NameTaken as error:
            raise _taken(new) from error
        except TooManyStyles as error:
            raise _full(new.guild_id) from error
        return self._hold(stored)

    async def _change(self, actor: Actor, before: StoredStyle, after: StoredStyle) -> Listed:
        self._check(actor, after, before)
        try:
            async with self._database.transaction() as write:
                if not await styles.change(write, after):
                    raise Mistake("gone")
        except NameTaken as error:
            raise _taken(after) from error
        self._drop(before)
        return self._hold(after)

    def _check(self, actor: Actor, new: NewStyle, before: NewStyle | None = None) -> None:
        """Raise Mistake for a style of nothing, and for one that names itself or what is not there."""
        _require_something(new)
        first, *others = self._perspective(actor, new.guild_id)
        left = {key: one for key, one in first.items() if before is None or key != folded(before.name)}
        left[folded(new.name)] = Listed(new.name, style_of(new))
        Weaver(merged([left, *others])).check(new.name)

    def _checked_settings(self, settings: StyleSettings) -> StyleSettings:
        """Return settings with the model's own name. Raises Mistake for a model that is not installed."""
        if settings.model is None:
            return settings
        return msgspec.structs.replace(settings, model=named_model(settings.model, self._dispatcher.models).name)


def _require_something(style: NewStyle) -> None:
    if not style.prompt and not style.negative_prompt and style.settings == StyleSettings():
        raise Mistake("style_empty", name=style.name)


def _require_manager(actor: Actor) -> int:
    guild_id = require_server(actor)
    if not actor.manager:
        raise Mistake("styles_manager")
    return guild_id


def _taken(new: NewStyle) -> Mistake:
    return Mistake("style_taken" if new.guild_id is None else "style_taken_server", name=new.name)


def _full(guild_id: int | None) -> Mistake:
    if guild_id is None:
        return Mistake("style_full", most=MAX_OF_MEMBER)
    return Mistake("style_full_server", most=MAX_OF_GUILD)


def _imported(
    rows: Sequence[Row], member_id: int, guild_id: int | None, shelves: Sequence[Shelf]
) -> tuple[list[tuple[Row, NewStyle]], list[Skipped]]:
    """Return the styles of a file that can be used, and those that cannot. Slow: to be called in a thread."""
    new, skipped = usable(rows, member_id, guild_id)
    first, *others = shelves
    then = {**first, **{key: Listed(style.name, style_of(style)) for key, (_, style) in new.items()}}
    weaver = Weaver(merged([then, *others]))
    good = []
    for row, style in new.values():
        try:
            weaver.check(style.name)
            good.append((row, style))
        except Mistake as error:
            skipped.append(Skipped(row.line, row.name, error))
    return good, skipped


def _replaced(before: StoredStyle, new: NewStyle) -> StoredStyle:
    return msgspec.structs.replace(
        before,
        name=new.name,
        prompt=new.prompt,
        negative_prompt=new.negative_prompt,
        settings=new.settings.over(before.settings),
    )
