"""What the menus and buttons of the panel do. Nothing of them is kept but their custom ids."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import discord

from bot.interactions.admin import around_of, change, require_admin, require_default, settings_of
from bot.interactions.admin_forms import open_form
from bot.interactions.answers import show
from bot.interactions.buttons import Button
from bot.services import changes
from bot.services.changes import Changes
from bot.services.guilds import Settings
from bot.texts import Mistake
from bot.ui import custom_ids
from bot.ui.admin_panel import panel
from bot.ui.admin_words import Around, key_of, model_names, standing
from bot.ui.custom_ids import AdminField, AdminForm, AdminPage
from storage.guilds import ModelRule

Interaction = discord.Interaction[Any]


async def show_panel(interaction: Interaction, page: AdminPage = "home", of: str = "") -> None:
    """Show a page to this member alone."""
    if not interaction.response.is_done():
        await interaction.response.defer(ephemeral=True, thinking=True)
    await show(interaction, panel(page, of, settings_of(interaction), around_of(interaction)))


async def turn_to(interaction: Interaction, page: AdminPage, of: str, settings: Settings) -> None:
    """Show a page in the place of the one whose button was pressed; beside it, where others see that one."""
    view = panel(page, of, settings, around_of(interaction))
    message = interaction.message
    if message is None or not message.flags.ephemeral:
        await show(interaction, view)
    elif interaction.response.is_done():
        await interaction.edit_original_response(view=view)
    else:
        await interaction.response.edit_message(view=view)


class PageButton(Button, template=custom_ids.ADMIN):
    """Shows a page."""

    command = "admin"

    async def work(self, interaction: Interaction) -> None:
        """Show it."""
        require_admin(interaction)
        page = cast(AdminPage, self.found["page"])
        await turn_to(interaction, page, self.found["of"] or "", settings_of(interaction))


class PickMenu(Button, template=custom_ids.ADMIN_PICK):
    """Shows the page of what was chosen."""

    command = "admin"

    async def work(self, interaction: Interaction) -> None:
        """Show it."""
        require_admin(interaction)
        page = cast(AdminPage, self.found["page"])
        await turn_to(interaction, page, _values(interaction)[0], settings_of(interaction))


class FormButton(Button, template=custom_ids.ADMIN_FORM):
    """Opens a form."""

    command = "admin"

    async def work(self, interaction: Interaction) -> None:
        """Open it."""
        require_admin(interaction)
        await open_form(interaction, cast(AdminForm, self.found["form"]), self.found["of"] or "")


class SetControl(Button, template=custom_ids.ADMIN_SET):
    """Changes what is set."""

    command = "admin"

    async def work(self, interaction: Interaction) -> None:
        """Change it, and show the page as it is then."""
        require_admin(interaction)
        field, of = cast(AdminField, self.found["field"]), self.found["of"] or ""
        values, around = _values(interaction), around_of(interaction)
        message = interaction.message
        if message is not None and message.flags.ephemeral:
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
        settings = await change(interaction, lambda now: _SETTERS[field](now, of, values, around))
        page, about = _PAGES[field]
        await turn_to(interaction, page, of if about else "", settings)


#: The client is told of them at its start.
BUTTONS = (PageButton, PickMenu, FormButton, SetControl)


def _values(interaction: Interaction) -> list[str]:
    """Return what was chosen in a menu."""
    data: Any = interaction.data
    return list(data.get("values") or [])


# What each sets ---------------------------------------------------------------------------------------------------

_Setter = Callable[[Settings, str, Sequence[str], Around], Changes]


def _name(settings: Settings, of: str, around: Around) -> str:
    """Return the model of a key. Raises Mistake for one that there is no more."""
    for name in model_names(settings, around):
        if key_of(name) == of:
            return name
    raise Mistake("gone")


def _ids(values: Sequence[str]) -> list[int]:
    return [int(value) for value in values]


def _allow(settings: Settings, of: str, _values: Sequence[str], around: Around) -> Changes:
    name = _name(settings, of, around)
    rule = settings.models.get(name, ModelRule())
    return changes.allow_model(settings, name, rule.channels, rule.roles)


def _model_channels(settings: Settings, of: str, values: Sequence[str], around: Around) -> Changes:
    name = _name(settings, of, around)
    _require_allowed(settings, name)
    return changes.allow_model(settings, name, _ids(values), settings.models.get(name, ModelRule()).roles)


def _model_roles(settings: Settings, of: str, values: Sequence[str], around: Around) -> Changes:
    name = _name(settings, of, around)
    _require_allowed(settings, name)
    return changes.allow_model(settings, name, settings.models.get(name, ModelRule()).channels, _ids(values))


def _default(settings: Settings, of: str, _values: Sequence[str], around: Around) -> Changes:
    name = _name(settings, of, around)
    require_default(name, around, settings)
    return changes.default_model(settings, name)


def _require_allowed(settings: Settings, name: str) -> None:
    """Raise Mistake for a model that was denied in between: a menu of an old page must not allow it."""
    if standing(settings, name) != "allowed":
        raise Mistake("admin_default_denied", name=name)


def _gone(settings: Settings, _of: str, _values: Sequence[str], around: Around) -> Changes:
    if around.roles is None or around.channels is None:
        return {}
    return changes.forget_gone(settings, around.roles, around.channels)


def _who(field: str) -> _Setter:
    """Return what sets one of the fields that are one of several words."""
    return lambda _settings, _of, values, _around: {field: values[0]}


def _switch(field: str) -> _Setter:
    """Return what sets one of the fields that are on or off."""
    return lambda _settings, of, _values, _around: {field: of == "on"}


def _roles(field: str) -> _Setter:
    """Return what sets one of the lists of roles."""
    return lambda _settings, _of, values, _around: {field: tuple(_ids(values))}


_SETTERS: Mapping[AdminField, _Setter] = {
    "allow": _allow,
    "deny": lambda now, of, _values, around: changes.deny_model(now, _name(now, of, around)),
    "default": _default,
    "no_default": lambda now, _of, _values, _around: changes.default_model(now, None),
    "model_channels": _model_channels,
    "model_roles": _model_roles,
    "new": lambda now, of, _values, around: changes.new_models(
        now, "allow" if of == "allow" else "deny", [each.name for each in around.models]
    ),
    "forget_models": lambda now, _of, _values, around: changes.forget_models(
        now, {each.name for each in around.models}
    ),
    "clear_limits": lambda now, of, _values, _around: changes.clear_limits(now, int(of)),
    "channels": lambda now, _of, values, _around: changes.set_channels(now, "channels", _ids(values)),
    "closed": lambda now, _of, values, _around: changes.set_channels(now, "closed_channels", _ids(values)),
    "private_channels": lambda now, _of, values, _around: changes.set_channels(now, "private_channels", _ids(values)),
    "command": lambda now, of, values, _around: changes.command_channels(now, of, _ids(values)),
    "threads": _switch("threads"),
    "private": _switch("allow_private"),
    "age": _who("age_restricted"),
    "lane": lambda now, of, values, _around: changes.role_lane(now, int(of), cast(Any, values[0])),
    "clear_role": lambda now, of, _values, _around: changes.clear_rank(now, int(of)),
    "press": _who("press"),
    "press_roles": _roles("press_roles"),
    "history": _who("history"),
    "history_roles": _roles("history_roles"),
    "add": _who("add_adapters"),
    "add_roles": _roles("adapter_roles"),
    "approve": _switch("approve_adapters"),
    "train": _who("train"),
    "train_roles": _roles("train_roles"),
    "check": _who("check"),
    "check_restricted": _who("check_age_restricted"),
    "gone": _gone,
}

#: The page that shows each, and whether it is a page of one thing.
_PAGES: Mapping[AdminField, tuple[AdminPage, bool]] = {
    "allow": ("model", True),
    "deny": ("model", True),
    "default": ("model", True),
    "no_default": ("models", False),
    "model_channels": ("model", True),
    "model_roles": ("model", True),
    "new": ("models", False),
    "forget_models": ("models", False),
    "clear_limits": ("limits", True),
    "channels": ("channels", False),
    "closed": ("channels", False),
    "private_channels": ("channels", False),
    "command": ("command", True),
    "threads": ("channels", False),
    "private": ("channels", False),
    "age": ("channels", False),
    "lane": ("role", True),
    "clear_role": ("role", True),
    "press": ("roles", False),
    "press_roles": ("roles", False),
    "history": ("roles", False),
    "history_roles": ("roles", False),
    "add": ("roles", False),
    "add_roles": ("roles", False),
    "approve": ("roles", False),
    "train": ("roles", False),
    "train_roles": ("roles", False),
    "check": ("content", False),
    "check_restricted": ("content", False),
    "gone": ("home", False),
}
