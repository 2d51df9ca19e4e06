"""Every page of the panel, with rules of every sort, so that every button and menu is on one of them."""

from collections.abc import Iterator
from typing import Any, get_args

from bot.queue.dispatcher import Dispatcher
from bot.services.offers import offers
from bot.ui.admin_panel import panel
from bot.ui.admin_words import Around, key_of
from bot.ui.custom_ids import AdminPage
from storage.guilds import Limits, ModelRule, Settings
from tests.clockwork import MODEL

#: A role and a model that are no more.
_GONE_ROLE, _GONE_MODEL = 1, "gone"


def pages(dispatcher: Dispatcher, role: int) -> Iterator[list[dict[str, Any]]]:
    """Yield the components of each page; `role` is one that there is."""
    around = Around(
        locale="en-US",
        roles=frozenset({role}),
        channels=frozenset(),
        models=offers(dispatcher.models, None, dispatcher.estimator, 0.0),
        commands=("imagine",),
    )
    for settings in _settings(role):
        for page in get_args(AdminPage):
            about = {"model": key_of(MODEL.name), "command": "imagine", "role": str(role)}.get(page, "")
            for of in {about, str(role)} if page == "limits" else {about}:
                yield panel(page, of, settings, around).to_components()


def _settings(role: int) -> Iterator[Settings]:
    yield Settings()
    yield Settings(
        models={MODEL.name: ModelRule(), _GONE_MODEL: ModelRule()},
        models_known=True,
        default_model=MODEL.name,
        role_limits={role: Limits(steps=5)},
        role_lanes={role: "relaxed"},
        press="roles",
        press_roles=(_GONE_ROLE,),
        history="roles",
        add_adapters="roles",
        train="roles",
    )
    yield Settings(models={MODEL.name: ModelRule(allowed=False)}, models_known=True, new_models="allow")
