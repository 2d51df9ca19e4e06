"""Adapters in memory: who sees which of them under which name, who may use them where, and why not."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Literal

import msgspec

from bot.services.adapter_values import AdapterLimits, fits
from bot.services.guilds import Guilds
from bot.services.names import unknown
from bot.services.requests import Actor
from bot.texts import Mistake
from inference.protocol.adapters import AdapterKind
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import ContentHash
from storage.adapters import OPERATOR, AdapterId, FormerAdapter, State, StoredAdapter, Visibility
from storage.styles import folded

#: An adapter as somebody sees it: its `name` is what they type.
Seen = StoredAdapter
#: Whose one is, for who looks at it.
Whose = Literal["own", "server", "public", "operator"]
#: Why somebody cannot use one where they are; each is a text for them.
Bar = Literal[
    "adapters_missing",
    "adapters_banned_owner",
    "adapters_taken_away",
    "adapters_unseen",
    "adapters_waiting",
    "adapters_unapproved",
]

#: Names as they are compared; asked for again with every letter that somebody types.
_key = lru_cache(maxsize=50_000)(folded)

Rows = dict[AdapterId, StoredAdapter]


class AdapterShelves:
    """The adapters of everybody: what is asked for while somebody types waits for nothing."""

    def __init__(self, *, guilds: Guilds, limits: AdapterLimits) -> None:
        self._guilds = guilds
        self.limits = limits
        self._clear()

    def _clear(self) -> None:
        self._rows: Rows = {}
        self._owned: dict[int, Rows] = {}
        self._shared: dict[int, Rows] = {}
        self._public: Rows = {}
        self._by_hash: dict[ContentHash, Rows] = {}
        self._former: dict[ContentHash, list[FormerAdapter]] = {}
        #: Servers and members whose adapters are not used there; servers and files that were taken away there.
        self._bans: set[tuple[int, int]] = set()
        self._taken_away: set[tuple[int, ContentHash]] = set()
        #: Files that were not there at the start.
        self._missing: set[ContentHash] = set()

    # Using ----------------------------------------------------------------------------------------------------------

    def visible(self, actor: Actor) -> Mapping[str, Seen]:
        """Return what somebody may use where they are, by its name as it is compared.

        Their own come first, then the server's, then everybody's. One whose name an earlier one has is named with its
        place: `ink@server`, `ink@public`.
        """
        found: dict[str, Seen] = {}
        for one in self._within_reach(actor):
            if self.bar(one, actor) is not None:
                continue
            key, name = _key(one.name), one.name
            if key in found:
                name = f"{one.name}@{one.visibility}"
                key = folded(name)
            found[key] = one if name == one.name else msgspec.structs.replace(one, name=name)
        return found

    def fitting(self, actor: Actor, model: ModelInfo, kind: AdapterKind | None = None) -> list[Seen]:
        """Return what somebody may use with a model, by name."""
        seen = self.visible(actor)
        return [seen[key] for key in sorted(seen) if fits(seen[key], model) and kind in (None, seen[key].kind)]

    def resolve(
        self, name: str, actor: Actor, *, model: ModelInfo | None = None, kind: AdapterKind | None = None
    ) -> Seen:
        """Return the adapter of a name, `ink` or `ink@server`, that somebody may use.

        Raises Mistake for a name that none has, with the nearest of those that fit, and for one of theirs that cannot
        be used here, with the reason.
        """
        seen = self.visible(actor)
        key = folded(name)
        found = seen.get(key)
        if found is None and "@" in key:
            bare, _, place = key.rpartition("@")
            reach = (one for one in self._within_reach(actor) if _key(one.name) == bare and one.visibility == place)
            found = next((one for one in reach if self.bar(one, actor) is None), None)
        if found is not None and kind in (None, found.kind):
            return found
        own = self._own(actor.member_id, key)
        if own is not None and (reason := self.bar(own, actor)) is not None:
            raise self.refusal(reason, own)
        known = seen.values() if model is None else (one for one in seen.values() if fits(one, model))
        raise unknown("adapter", name, [one.name for one in known if kind in (None, one.kind)])

    def require(self, name: ContentHash, actor: Actor) -> Seen:
        """Return the adapter of that content which somebody may use where they are.

        Raises Mistake with the reason where there is none: gone, taken away, not shared here.
        """
        rows = list(self._by_hash.get(name, {}).values())
        best: tuple[Bar, StoredAdapter] | None = None
        for one in sorted(rows, key=lambda row: row.owner_id != actor.member_id):
            reason = self.bar(one, actor)
            if reason is None:
                return one
            if best is None or best[0] == "adapters_unseen":
                best = reason, one
        if best is not None:
            raise self.refusal(*best)
        gone = self.name_of(name, actor)
        raise Mistake("adapters_gone") if gone is None else Mistake("adapters_gone_named", name=gone)

    def bar(self, one: StoredAdapter, actor: Actor) -> Bar | None:
        """Return why somebody cannot use an adapter where they are; None where they can."""
        here, mine = actor.guild_id, one.owner_id == actor.member_id
        at_home = here is not None and one.guild_id == here
        operators = one.owner_id == OPERATOR
        # Before any other reason: others learn nothing of what is not shared with them.
        if not mine and not operators and not self._reaches(one, at_home=at_home):
            return "adapters_unseen"
        if one.hash in self._missing:
            return "adapters_missing"
        if here is not None and (here, one.hash) in self._taken_away:
            return "adapters_taken_away"
        if operators:
            return None
        if here is not None and (here, one.owner_id) in self._bans:
            return "adapters_banned_owner"
        if at_home and one.state == "removed":
            return "adapters_taken_away"
        if self._waits(one) and (at_home or not mine):
            return "adapters_waiting"
        if here is not None and not at_home and self._guilds.settings(here).approve_adapters:
            return "adapters_unapproved"
        return None

    def refusal(self, reason: Bar, one: StoredAdapter) -> Mistake:
        """Return the words for a reason; what is not shared is not named."""
        return Mistake(reason) if reason == "adapters_unseen" else Mistake(reason, name=one.name)

    # Looking --------------------------------------------------------------------------------------------------------

    def get(self, adapter_id: int) -> Seen | None:
        """Return an adapter, whoever may see it, or None."""
        return self._rows.get(AdapterId(adapter_id))

    def owned(self, owner_id: int) -> list[Seen]:
        """Return everything that somebody brought, by name, whether it can be used or not."""
        return sorted(self._owned.get(owner_id, {}).values(), key=lambda one: _key(one.name))

    def listed(
        self,
        actor: Actor,
        *,
        whose: Literal["mine", "server", "public"] | None = None,
        kind: AdapterKind | None = None,
        model: ModelInfo | None = None,
    ) -> list[Seen]:
        """Return what somebody sees, by name: their own, usable or not, and of others' what they may use here."""
        seen = {one.id: one for one in self.visible(actor).values()}
        own = {one.id: seen.get(one.id, one) for one in self.owned(actor.member_id)}
        match whose:
            case "mine":
                found = list(own.values())
            case None:
                found = list({**own, **seen}.values())
            case place:
                found = [one for one in seen.values() if one.visibility == place]
        return sorted(
            (one for one in found if kind in (None, one.kind) and (model is None or fits(one, model))),
            key=lambda one: _key(one.name),
        )

    def whose(self, one: StoredAdapter, actor: Actor) -> Whose:
        """Return whose an adapter is for somebody."""
        if one.owner_id == OPERATOR:
            return "operator"
        if one.owner_id == actor.member_id:
            return "own"
        return "server" if one.visibility == "server" else "public"

    def waiting(self, guild_id: int) -> list[Seen]:
        """Return what waits for a server's admins, the oldest first."""
        found = [one for one in self._rows.values() if one.guild_id == guild_id and self._waits(one)]
        return sorted(found, key=lambda one: one.created_at)

    def taken_away(self, guild_id: int) -> list[Seen]:
        """Return what a server's admins took away there, by name; each content once."""
        names = [name for guild, name in self._taken_away if guild == guild_id]
        rows = [next(iter(self._by_hash[name].values())) for name in names if name in self._by_hash]
        return sorted(rows, key=lambda one: _key(one.name))

    def banned(self, guild_id: int) -> list[int]:
        """Return the members who may bring nothing to a server."""
        return sorted(member for guild, member in self._bans if guild == guild_id)

    def exists(self, name: ContentHash) -> bool:
        """Tell whether anybody has an adapter of that content, and its file is there."""
        return name in self._by_hash and name not in self._missing

    def name_of(self, name: ContentHash, actor: Actor | None = None) -> str | None:
        """Return what the adapter of that content is called for somebody, or was before it was deleted.

        None where there is none, and where it is somebody's own whose names are not theirs to know.
        """
        rows = self._by_hash.get(name, {}).values()
        for one in sorted(rows, key=lambda row: actor is None or row.owner_id != actor.member_id):
            if one.owner_id == OPERATOR or self._may_know(one, actor):
                return one.name
        for gone in reversed(self._former.get(name, [])):
            if gone.owner_id == OPERATOR or self._may_know(gone, actor):
                return gone.name
        return None

    # Inside ---------------------------------------------------------------------------------------------------------

    def _within_reach(self, actor: Actor) -> Iterator[StoredAdapter]:
        """Return what somebody might use, each once: their own, the server's, everybody's."""
        met: set[AdapterId] = set()
        shared = {} if actor.guild_id is None else self._shared.get(actor.guild_id, {})
        for shelf in (self._owned.get(actor.member_id, {}), shared, self._public):
            for one in shelf.values():
                if one.id not in met:
                    met.add(one.id)
                    yield one

    def _own(self, owner_id: int, key: str) -> StoredAdapter | None:
        return next((one for one in self._owned.get(owner_id, {}).values() if _key(one.name) == key), None)

    def _reaches(self, one: StoredAdapter, *, at_home: bool) -> bool:
        """Tell whether others may use an adapter: in its own server, or, where the operator lets it, anywhere."""
        match one.visibility:
            case "server":
                return at_home
            case "public":
                return self.limits.public and one.state != "removed"
            case _:
                return False

    def _waits(self, one: StoredAdapter) -> bool:
        return one.state == "pending" and self._guilds.settings(one.guild_id).approve_adapters

    def _may_know(self, one: StoredAdapter | FormerAdapter, actor: Actor | None) -> bool:
        """Tell whether somebody may know the name of an adapter, there or gone."""
        if one.visibility == "public" or (actor is not None and one.owner_id == actor.member_id):
            return True
        return actor is not None and one.visibility == "server" and one.guild_id == actor.guild_id

    def _hold(self, stored: StoredAdapter) -> StoredAdapter:
        if (before := self._rows.get(stored.id)) is not None:
            self._drop(before)
        self._rows[stored.id] = stored
        self._owned.setdefault(stored.owner_id, {})[stored.id] = stored
        self._by_hash.setdefault(stored.hash, {})[stored.id] = stored
        if stored.visibility == "server" and stored.guild_id is not None:
            self._shared.setdefault(stored.guild_id, {})[stored.id] = stored
        elif stored.visibility == "public":
            self._public[stored.id] = stored
        return stored

    def _drop(self, stored: StoredAdapter) -> None:
        self._rows.pop(stored.id, None)
        self._public.pop(stored.id, None)
        if stored.guild_id is not None:
            self._shared.get(stored.guild_id, {}).pop(stored.id, None)
        self._owned.get(stored.owner_id, {}).pop(stored.id, None)
        same = self._by_hash.get(stored.hash, {})
        same.pop(stored.id, None)
        if not same:
            self._by_hash.pop(stored.hash, None)

    def _used_bytes(self) -> int:
        """Return the bytes of all files; one that several need counts once."""
        return sum(next(iter(rows.values())).bytes for rows in self._by_hash.values())


__all__ = ["AdapterShelves", "Bar", "Seen", "State", "Visibility", "Whose"]
