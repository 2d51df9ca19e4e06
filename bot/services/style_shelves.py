"""Styles in memory: who sees which of them, who may change which, and how they are named and put around a prompt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from bot.services.names import unknown
from bot.services.requests import Actor
from bot.services.style_values import Style, style_of
from bot.services.style_words import Applied, Weaver, names_styles
from bot.texts import Mistake
from storage.styles import StoredStyle, folded

#: Whose styles somebody means.
Whose = Literal["me", "server"]
#: Styles that one request may name beside its prompt.
MOST_CHOSEN = 10
_SEPARATOR = ","


@dataclass(frozen=True)
class Listed:
    """A style among others."""

    name: str
    style: Style
    #: As it is kept; None for the operator's.
    stored: StoredStyle | None = None

    @property
    def whose(self) -> Literal["own", "server", "operator"]:
        """Return whose it is."""
        if self.stored is None:
            return "operator"
        return "own" if self.stored.guild_id is None else "server"


#: Styles by their names as they are compared.
Shelf = dict[str, Listed]


class Shelves:
    """The styles of everybody: what is asked for while somebody types waits for nothing."""

    def __init__(self, operators: Mapping[str, Style]) -> None:
        self._operators: Shelf = {folded(name): Listed(name, style) for name, style in operators.items()}
        self._own: dict[int, Shelf] = {}
        self._servers: dict[int, Shelf] = {}

    def listed(self, member_id: int, guild_id: int | None) -> list[Listed]:
        """Return a member's own styles, then the server's, then the operator's, each by name."""
        return [shelf[key] for shelf in self._shelves(member_id, guild_id) for key in sorted(shelf)]

    def visible(self, member_id: int, guild_id: int | None) -> Mapping[str, Style]:
        """Return what a member can use, by name. Of one name the member's own comes first, then the server's."""
        return merged(self._shelves(member_id, guild_id))

    def named(self, text: str, member_id: int, guild_id: int | None) -> list[str]:
        """Return the names in a text: one, or several with commas between. Raises Mistake for too many."""
        if any(folded(text) in shelf for shelf in self._shelves(member_id, guild_id)):
            return [text]
        names = [name.strip() for name in text.split(_SEPARATOR) if name.strip()]
        if len(names) > MOST_CHOSEN:
            raise Mistake("style_many", most=MOST_CHOSEN)
        return names

    def applied(
        self, prompt: str, negative: str, style_names: Sequence[str], member_id: int, guild_id: int | None
    ) -> Applied:
        """Return what a member wrote in these styles, and in those that the prompt names.

        Raises Mistake for a name that is none and for too much, PromptMistake for what is wrong within a text.
        """
        if not style_names and not names_styles(prompt):
            return Applied(prompt, negative)
        return Weaver(self.visible(member_id, guild_id)).applied(prompt, negative, style_names)

    def own_names(self, member_id: int) -> list[str]:
        """Return the names of a member's own styles."""
        return [one.name for one in self._own.get(member_id, {}).values()]

    def editable_names(self, actor: Actor) -> list[str]:
        """Return the names of what somebody may change: their own, and of the server's what they gave or manage."""
        server = self._server(actor.guild_id).values()
        given = [one.name for one in server if one.stored and _may(actor, one.stored)]
        return list(dict.fromkeys([*self.own_names(actor.member_id), *given]))

    def editable(self, actor: Actor, name: str, whose: Whose | None = None) -> Listed:
        """Return a style that somebody may change; where nothing is said, their own before the server's.

        Raises Mistake for another's, the operator's, and a name that none has.
        """
        own, server = self._own.get(actor.member_id, {}), self._server(actor.guild_id)
        if whose == "server":
            require_server(actor)
        key = folded(name)
        found = (own.get(key) if whose != "server" else None) or (server.get(key) if whose != "me" else None)
        if found is None:
            if key in self._operators:
                raise Mistake("style_operators", name=self._operators[key].name)
            raise unknown("style", name, self.editable_names(actor))
        assert found.stored is not None, "these shelves hold what is kept"
        if not _may(actor, found.stored):
            raise Mistake("style_not_yours", name=found.name)
        return found

    def editable_by_id(self, actor: Actor, style_id: int) -> Listed:
        """Return a style that somebody may change. Raises Mistake where there is none such."""
        for shelf in (self._own.get(actor.member_id, {}), self._server(actor.guild_id)):
            for one in shelf.values():
                if one.stored is not None and one.stored.id == style_id and _may(actor, one.stored):
                    return one
        raise Mistake("gone")

    def forget(self, member_id: int) -> None:
        """Know nothing more of a member of whom everything was deleted."""
        self._own.pop(member_id, None)
        for shelf in self._servers.values():
            for one in list(shelf.values()):
                if one.stored is not None and one.stored.member_id == member_id:
                    self._hold(msgspec.structs.replace(one.stored, member_id=0))

    def forget_guild(self, guild_id: int) -> None:
        """Know nothing more of a server of which everything was deleted."""
        self._servers.pop(guild_id, None)

    def _server(self, guild_id: int | None) -> Shelf:
        return {} if guild_id is None else self._servers.get(guild_id, {})

    def _shelves(self, member_id: int, guild_id: int | None) -> list[Shelf]:
        return [self._own.get(member_id, {}), self._server(guild_id), self._operators]

    def _perspective(self, actor: Actor, guild_id: int | None) -> list[Shelf]:
        """Return what a style of somebody's may name, the shelf where it stands first: a server's no member's own."""
        shelves = self._shelves(actor.member_id, actor.guild_id)
        return shelves if guild_id is None else shelves[1:]

    def _hold(self, stored: StoredStyle) -> Listed:
        listed = Listed(stored.name, style_of(stored), stored)
        self._shelf(stored)[folded(stored.name)] = listed
        return listed

    def _drop(self, stored: StoredStyle) -> None:
        self._shelf(stored).pop(folded(stored.name), None)

    def _shelf(self, stored: StoredStyle) -> Shelf:
        if stored.guild_id is None:
            return self._own.setdefault(stored.member_id, {})
        return self._servers.setdefault(stored.guild_id, {})


def require_server(actor: Actor) -> int:
    """Return the server where somebody asks. Raises Mistake in direct messages."""
    if actor.guild_id is None:
        raise Mistake("styles_server")
    return actor.guild_id


def _may(actor: Actor, stored: StoredStyle) -> bool:
    """Tell whether somebody may change a style that they see."""
    return stored.member_id == actor.member_id or (actor.manager and stored.guild_id == actor.guild_id)


def merged(shelves: Iterable[Shelf]) -> dict[str, Style]:
    """Return the styles of shelves by name; of one name that of the first shelf."""
    found: dict[str, Style] = {}
    seen: set[str] = set()
    for shelf in shelves:
        for key in sorted(shelf):
            if key not in seen:
                found[shelf[key].name] = shelf[key].style
        seen |= set(shelf)
    return found
