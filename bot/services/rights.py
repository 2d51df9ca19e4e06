"""What a server allows: who may bring adapters, train them, and see what others asked for. Pure.

Those who manage a server always may; in direct messages there is no server whose rules could say so.
"""

from collections.abc import Callable, Sequence

from bot.services.pressing import Roles
from bot.services.requests import Actor
from bot.texts import Mistake
from storage.guilds import Settings, Who

#: Raises Mistake where somebody does not have a right under these settings.
Right = Callable[[Settings, Actor], None]


def require_bringing(settings: Settings, actor: Actor) -> None:
    """Raise Mistake where somebody may bring no adapters to the server where they are; their own are theirs."""
    if actor.guild_id is not None:
        _require_among(
            settings.add_adapters,
            settings.adapter_roles,
            actor,
            nobody="adapters_add_nobody",
            roles="adapters_add_roles",
        )


def require_history(settings: Settings, actor: Actor) -> None:
    """Raise Mistake where somebody may not see what others asked for, as far as that was shown to everybody."""
    if actor.guild_id is None:
        raise Mistake("history_of_server")
    _require_among(
        settings.history, settings.history_roles, actor, nobody="history_of_nobody", roles="history_of_roles"
    )


def require_training(settings: Settings, actor: Actor) -> None:
    """Raise Mistake where somebody may not train. It takes the machine for long, so only servers let anybody."""
    if actor.guild_id is None:
        raise Mistake("training_server")
    _require_among(settings.train, settings.train_roles, actor, nobody="training_nobody", roles="training_roles")


def has(right: Right, settings: Settings, actor: Actor) -> bool:
    """Tell whether somebody has one of these rights."""
    try:
        right(settings, actor)
    except Mistake:
        return False
    return True


def _require_among(who: Who, chosen: Sequence[int], actor: Actor, *, nobody: str, roles: str) -> None:
    """Raise Mistake, with one of two texts, for who neither manages the server nor is one of those."""
    if actor.manager or who == "everyone":
        return
    if who == "nobody":
        raise Mistake(nobody)
    if actor.roles.isdisjoint(chosen):
        raise Mistake(roles, roles=Roles(chosen))
