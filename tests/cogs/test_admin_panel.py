"""/admin panel: pages with menus and buttons that change what is set, whoever may, whenever they were sent."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.app import Easel
from bot.ui.admin_panel import panel
from bot.ui.admin_words import Around, key_of
from playground import Modal, Playground
from playground.invocations import Invocation
from playground.people import Person
from playground.permissions import EVERYONE, Permission
from storage.guilds import Limits, ModelRule, Settings
from tests.bot.stage import answer, answer_to, is_private, labels_of, on_stage, painted, text_of, told, walk
from tests.clockwork import MODEL
from tests.cogs.company import manager

KEY = key_of(MODEL.name)


def settings_of(playground: Playground, bot: Easel) -> Settings:
    return bot.rooms.guilds.settings(playground.world.guild("Atelier").id)


async def opened(playground: Playground, person: Person) -> dict[str, Any]:
    shown = await answer(playground, await person.command("admin panel"))
    assert is_private(shown)
    return shown


def now(person: Person, shown: dict[str, Any]) -> dict[str, Any]:
    """Return a message as it is now."""
    return next(message for message in person.messages() if message["id"] == shown["id"])


async def turned(playground: Playground, person: Person, shown: dict[str, Any], wanted: str, title: str) -> None:
    """Press a button, and wait for the page that it leads to."""
    await person.press(shown, wanted)

    def there() -> bool:
        page = now(person, shown)
        return title in text_of(page) and ("easel:admin:home" in ids_of(page)) == (wanted != "Overview")

    await playground.until(there)


def ids_of(message: dict[str, Any]) -> list[str]:
    return [each["custom_id"] for each in walk(message["components"]) if "custom_id" in each]


async def test_every_menu_and_button_sets_what_it_says_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    owner, guild = playground.person("owner"), playground.world.guild("Atelier")
    studio, hall, makers = guild.channel("studio"), guild.channel("hall"), guild.role("makers")
    of = makers.id
    async with on_stage(playground, tmp_path) as bot:
        await playground.until(lambda: settings_of(playground, bot).models_known)
        shown = await opened(playground, owner)
    pages: list[tuple[str, str, list[tuple[str, Any, str, Any]]]] = [
        (
            "easel:admin:channels",
            "### Channels",
            [
                ("easel:admin-set:channels", ["studio", "hall"], "channels", (studio.id, hall.id)),
                ("easel:admin-set:channels", [], "channels", ()),
                ("easel:admin-set:closed", ["hall"], "closed_channels", (hall.id,)),
                ("easel:admin-set:private_channels", ["studio"], "private_channels", (studio.id,)),
                ("easel:admin-set:age", ["never"], "age_restricted", "never"),
                ("easel:admin-set:threads:off", None, "threads", False),
                ("easel:admin-set:threads:on", None, "threads", True),
                ("easel:admin-set:private:off", None, "allow_private", False),
                ("easel:admin-set:private:on", None, "allow_private", True),
                ("easel:admin-pick:command", ["imagine"], "", None),
                ("easel:admin-set:command:imagine", ["studio"], "command_channels", {"imagine": (studio.id,)}),
                ("easel:admin-set:command:imagine", [], "command_channels", {}),
            ],
        ),
        (
            "easel:admin:roles",
            "### Roles",
            [
                ("easel:admin-set:press", ["roles"], "press", "roles"),
                ("easel:admin-set:press_roles", ["makers"], "press_roles", (of,)),
                ("easel:admin-set:history", ["roles"], "history", "roles"),
                ("easel:admin-set:history_roles", ["makers"], "history_roles", (of,)),
                ("easel:admin-set:add", ["roles"], "add_adapters", "roles"),
                ("easel:admin-set:add_roles", ["makers"], "adapter_roles", (of,)),
                ("easel:admin-set:train", ["roles"], "train", "roles"),
                ("easel:admin-set:train_roles", ["makers"], "train_roles", (of,)),
                ("easel:admin-set:approve:on", None, "approve_adapters", True),
                ("easel:admin-set:approve:off", None, "approve_adapters", False),
                ("easel:admin-pick:role", ["makers"], "", None),
                (f"easel:admin-set:lane:{of}", ["relaxed"], "role_lanes", {of: "relaxed"}),
                (f"easel:admin-set:clear_role:{of}", None, "role_lanes", {}),
            ],
        ),
        (
            "easel:admin:content",
            "### Content",
            [
                ("easel:admin-set:check", ["blur"], "check", "blur"),
                ("easel:admin-set:check_restricted", ["block"], "check_age_restricted", "block"),
            ],
        ),
        (
            "easel:admin:models",
            "### Models",
            [
                ("easel:admin-set:new:allow", None, "new_models", "allow"),
                ("easel:admin-set:new:deny", None, "new_models", "deny"),
                ("easel:admin-pick:model", ["clockwork"], "", None),
                (f"easel:admin-set:deny:{KEY}", None, "models", {"clockwork": ModelRule(allowed=False)}),
                (f"easel:admin-set:allow:{KEY}", None, "models", {"clockwork": ModelRule()}),
                (
                    f"easel:admin-set:model_channels:{KEY}",
                    ["studio"],
                    "models",
                    {"clockwork": ModelRule(channels=(studio.id,))},
                ),
                (
                    f"easel:admin-set:model_roles:{KEY}",
                    ["makers"],
                    "models",
                    {"clockwork": ModelRule(channels=(studio.id,), roles=(of,))},
                ),
                (f"easel:admin-set:default:{KEY}", None, "default_model", "clockwork"),
                ("easel:admin:models", None, "", None),
                ("easel:admin-set:no_default", None, "default_model", None),
            ],
        ),
    ]
    async with on_stage(playground, tmp_path) as bot:
        for page, title, controls in pages:
            await turned(playground, owner, shown, page, title)
            for identity, values, field, expected in controls:
                await playground.until(lambda: identity in ids_of(now(owner, shown)))  # noqa: B023 - at once
                if values is None:
                    await owner.press(shown, identity)
                else:
                    await owner.select(shown, identity, values)
                if field:
                    await playground.until(lambda: getattr(settings_of(playground, bot), field) == expected)  # noqa: B023
            await turned(playground, owner, shown, "Overview", "## What is set in this server")
        found = await bot.rooms.audit.page(guild.id)
        assert {entry.member_id for entry in found.entries} == {owner.id}


async def test_what_is_set_holds_at_once(playground: Playground, tmp_path: Path) -> None:
    owner, ann = playground.person("owner"), playground.person("ann")
    async with on_stage(playground, tmp_path) as bot:
        shown = await opened(playground, owner)
        await turned(playground, owner, shown, "easel:admin:models", "### Models")
        await owner.select(shown, "easel:admin-pick:model", "clockwork")
        await playground.until(lambda: "Deny" in labels_of(now(owner, shown)))
        await owner.press(shown, "Deny")
        await playground.until(lambda: "Allow" in labels_of(now(owner, shown)))
        assert "clockwork** · denied" in text_of(now(owner, shown))
        assert "clockwork" in await answer_to(playground, ann, "imagine", {"prompt": "x"})
        await owner.press(shown, "Allow")
        await playground.until(lambda: "Deny" in labels_of(now(owner, shown)))
        await painted(playground, ann)
        assert not settings_of(playground, bot).models["clockwork"].channels


# Forms --------------------------------------------------------------------------------------------------------------


async def form(person: Person, shown: dict[str, Any], identity: str) -> Modal:
    modal = (await (await person.press(shown, identity)).settled()).modal
    assert modal is not None
    return modal


async def test_forms_set_what_is_written(playground: Playground, tmp_path: Path) -> None:
    owner, guild = playground.person("owner"), playground.world.guild("Atelier")
    makers = guild.role("makers")
    forms: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        (
            "easel:admin-form:request",
            {"steps": "40", "pixels": "1.5 MP", "count": "4"},
            {"limits": Limits(steps=40, pixels=1_500_000, count=4)},
        ),
        ("easel:admin-form:request", {"steps": "", "pixels": "", "count": ""}, {"limits": Limits()}),
        (
            "easel:admin-form:upscale",
            {"upscale": "2", "upscale_pixels": "4096x4096"},
            {"limits": Limits(upscale=2, upscale_pixels=4096 * 4096)},
        ),
        ("easel:admin-form:upscale", {"upscale": "", "upscale_pixels": ""}, {"limits": Limits()}),
        (
            "easel:admin-form:queue",
            {"waiting": "3", "server_waiting": "30"},
            {"limits": Limits(waiting=3), "waiting": 30},
        ),
        ("easel:admin-form:queue", {"waiting": "", "server_waiting": ""}, {"limits": Limits(), "waiting": None}),
        (
            "easel:admin-form:budget",
            {"daily_seconds": "10 min", "weekly_pictures": "100", "past": "refuse"},
            {"limits": Limits(daily_seconds=600.0, weekly_pictures=100), "past_budget": "refuse"},
        ),
    ]
    async with on_stage(playground, tmp_path) as bot:
        shown = await opened(playground, owner)
        await turned(playground, owner, shown, "easel:admin:limits", "### Limits")
        modals = [await form(owner, shown, identity) for identity, _values, _expected in forms[:1]]
    async with on_stage(playground, tmp_path) as bot:
        for place, (identity, values, expected) in enumerate(forms):
            modal = modals[0] if place == 0 else await form(owner, shown, identity)
            await owner.submit(modal, values)
            for field, value in expected.items():
                await playground.until(lambda: getattr(settings_of(playground, bot), field) == value)  # noqa: B023
        await playground.until(lambda: "- 100 pictures a week" in text_of(now(owner, shown)))
        again = await form(owner, shown, "easel:admin-form:budget")
        texts = {part["component"]["custom_id"]: part["component"].get("value") for part in again["components"]}
        assert (texts["daily_seconds"], texts["weekly_pictures"], texts["daily_pictures"]) == ("600", "100", None)
        # A role's own
        await owner.select(shown, "easel:admin-pick:limits", ["makers"])
        await playground.until(lambda: f"<@&{makers.id}>" in text_of(now(owner, shown)))
        modal = await form(owner, shown, f"easel:admin-form:request:{makers.id}")
        await owner.submit(modal, {"steps": "80"})
        await playground.until(lambda: settings_of(playground, bot).role_limits == {makers.id: Limits(steps=80)})
        await playground.until(lambda: "Take all away" in labels_of(now(owner, shown)))
        await owner.press(shown, "Take all away")
        await playground.until(lambda: settings_of(playground, bot).role_limits == {})


async def test_words_weights_and_days(playground: Playground, tmp_path: Path) -> None:
    owner, guild = playground.person("owner"), playground.world.guild("Atelier")
    makers = guild.role("makers")
    async with on_stage(playground, tmp_path) as bot:
        shown = await opened(playground, owner)
        await owner.submit(await form(owner, shown, "easel:admin-form:keep"), {"keep": "30"})
        await playground.until(lambda: "Pictures are kept for 30 days." in text_of(now(owner, shown)))
        await turned(playground, owner, shown, "easel:admin:content", "### Content")
        modal = await form(owner, shown, "easel:admin-form:blocked")
        await owner.submit(modal, {"words": "Cat\nbig dog\ncat\n\n"})
        await playground.until(lambda: settings_of(playground, bot).blocked_words != ())
        assert set(settings_of(playground, bot).blocked_words) == {"cat", "big dog"}
        modal = await form(owner, shown, "easel:admin-form:warned")
        await owner.submit(modal, {"words": "hat"})
        await playground.until(lambda: settings_of(playground, bot).warned_words == ("hat",))
        modal = await form(owner, shown, "easel:admin-form:negative")
        await owner.submit(modal, {"negative": " blurry "})
        await playground.until(lambda: settings_of(playground, bot).negative_prompt == "blurry")
        modal = await form(owner, shown, "easel:admin-form:blocked")
        assert set(modal["components"][0]["component"]["value"].splitlines()) == {"cat", "big dog"}
        await owner.submit(modal, {"words": ""})
        await playground.until(lambda: settings_of(playground, bot).blocked_words == ())
        await turned(playground, owner, shown, "Overview", "## What is set")
        await turned(playground, owner, shown, "easel:admin:roles", "### Roles")
        await owner.select(shown, "easel:admin-pick:role", ["makers"])
        await playground.until(lambda: "Weight" in labels_of(now(owner, shown)))
        modal = await form(owner, shown, f"easel:admin-form:weight:{makers.id}")
        await owner.submit(modal, {"weight": "2,5"})
        await playground.until(lambda: settings_of(playground, bot).role_weights == {makers.id: 2.5})


@pytest.mark.parametrize(
    ("identity", "values", "words"),
    [
        ("easel:admin-form:request", {"steps": "many"}, "many cannot be: write a whole number from 1 to 500"),
        ("easel:admin-form:request", {"steps": "501"}, "501 cannot be"),
        ("easel:admin-form:request", {"pixels": "huge"}, "huge is no number of pixels"),
        ("easel:admin-form:request", {"count": "65"}, "65 cannot be: write a whole number from 1 to 64"),
        ("easel:admin-form:upscale", {"upscale": "3"}, "3 cannot be: write 1"),
        ("easel:admin-form:queue", {"server_waiting": "-1"}, "-1 cannot be"),
        ("easel:admin-form:budget", {"daily_seconds": "soon"}, "soon is no length of time"),
    ],
)
async def test_numbers_that_cannot_be(
    playground: Playground, tmp_path: Path, identity: str, values: dict[str, str], words: str
) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:
        shown = await opened(playground, owner)
        await turned(playground, owner, shown, "easel:admin:limits", "### Limits")
        sent = await owner.submit(await form(owner, shown, identity), values)
        assert (await told(playground, sent)).removeprefix("\\").startswith(words)
        assert settings_of(playground, bot).limits == Limits()
        assert "### Limits" in text_of(now(owner, shown)), "the page stays"


# Who may ------------------------------------------------------------------------------------------------------------


async def test_a_page_that_others_see_is_changed_by_managers_alone(playground: Playground, tmp_path: Path) -> None:
    owner, ann, guild = playground.person("owner"), playground.person("ann"), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path) as bot:
        channel: Any = bot.get_channel(guild.channel("general").id)
        await channel.send(view=panel("limits", "", Settings(), Around()))
        await channel.send(view=panel("channels", "", Settings(), Around(commands=("imagine",))))
        await playground.until(lambda: len(ann.messages()) == 2)
        limits, channels = ann.messages()
        for message, identity, values in (
            (limits, "easel:admin-form:request", None),
            (limits, "easel:admin:home", None),
            (limits, "easel:admin-pick:limits", ["@everyone"]),
            (channels, "easel:admin-set:threads:off", None),
            (channels, "easel:admin-set:age", ["never"]),
            (channels, "easel:admin-set:channels", ["general"]),
            (channels, "easel:admin-pick:command", ["imagine"]),
        ):
            pressed = await (ann.press(message, identity) if values is None else ann.select(message, identity, values))
            assert await told(playground, pressed) == "Only those who manage this server change what is set here."
        assert settings_of(playground, bot).threads
        pressed = await owner.press(channels, "easel:admin-set:threads:off")
        assert "Does not answer in threads" in await told(playground, pressed), "in an answer that they alone see"
        assert text_of(ann.messages()[1]) == text_of(channels)


async def test_an_answer_of_ones_own_lasts_an_hour(playground: Playground, tmp_path: Path) -> None:
    guild = playground.world.guild("Atelier")
    boss = manager(playground)
    async with on_stage(playground, tmp_path) as bot:
        shown = await opened(playground, boss)
        await turned(playground, boss, shown, "easel:admin:channels", "### Channels")
        guild.assign(boss.user)
        await boss.press(shown, "easel:admin-set:threads:off")
        await playground.until(lambda: not settings_of(playground, bot).threads)
        await playground.until(lambda: "Answer in threads" in labels_of(now(boss, shown)))
        await _later(playground, 3700)
        pressed = await boss.press(shown, "easel:admin-set:threads:on")
        assert await told(playground, pressed) == "Only those who manage this server change what is set here."
        assert not settings_of(playground, bot).threads
        boss.join(guild, [guild.role("bosses", EVERYONE | Permission.MANAGE_GUILD)])
        await boss.press(shown, "easel:admin-set:threads:on")
        await playground.until(lambda: settings_of(playground, bot).threads)


async def _later(playground: Playground, seconds: float) -> None:
    playground.clock.advance(seconds)


async def test_two_who_add_to_one_list_lose_nothing(playground: Playground, tmp_path: Path) -> None:
    owner, boss, guild = playground.person("owner"), manager(playground), playground.world.guild("Atelier")
    channels = [guild.channel(f"room-{number}") for number in range(8)]
    async with on_stage(playground, tmp_path) as bot:

        async def close(person: Person, name: str) -> Invocation:
            return await person.command("admin channels close", {"channel": name})

        people = [owner, boss] * 4
        await asyncio.gather(*(close(person, each.name) for person, each in zip(people, channels, strict=True)))
        wanted = {each.id for each in channels}
        await playground.until(lambda: set(settings_of(playground, bot).closed_channels) == wanted)


# What is not there --------------------------------------------------------------------------------------------------


async def test_a_model_that_left_meanwhile(playground: Playground, tmp_path: Path) -> None:
    owner = playground.person("owner")
    async with on_stage(playground, tmp_path) as bot:
        shown = await opened(playground, owner)
        await turned(playground, owner, shown, "easel:admin:models", "### Models")
        await owner.select(shown, "easel:admin-pick:model", "clockwork")
        await playground.until(lambda: "Deny" in labels_of(now(owner, shown)))
        bot.rooms.dispatcher.models = ()
        await bot.rooms.guilds.change(playground.world.guild("Atelier").id, models={})
        pressed = await owner.press(shown, "Deny")
        assert await told(playground, pressed) == "There is nothing left to do that to."
        await turned(playground, owner, shown, "All models", "No model is installed")


async def test_trouble_is_said_first(playground: Playground, tmp_path: Path) -> None:
    owner, guild = playground.person("owner"), playground.world.guild("Atelier")
    async with on_stage(playground, tmp_path) as bot:
        await bot.rooms.guilds.close(guild.id, "too many complaints")
        view = panel("home", "", Settings(), Around(closed="too many complaints", unreadable=True))
        text = "\n".join(each.content for each in view.walk_children() if hasattr(each, "content"))
        assert "The operator has closed this server to me: too many complaints" in text
        assert "cannot be read" in text
        assert owner.id


def _walked(page: Any, of: str, settings: Settings, around: Around) -> tuple[int, int]:
    view = panel(page, of, settings, around)
    parts = list(view.walk_children())
    return len(parts), sum(len(getattr(part, "content", "")) for part in parts)


@pytest.mark.parametrize("locale", ["en-US", "de"])
def test_the_fullest_pages_fit_into_a_message(locale: str) -> None:
    from bot.services.offers import Offered

    ids = tuple(range(10**18, 10**18 + 25))
    names = [f"{number:03}" + "m" * 190 for number in range(60)]
    limits = Limits(
        steps=100,
        pixels=10**6,
        count=10,
        upscale=2,
        upscale_pixels=10**7,
        waiting=10,
        daily_seconds=1e5,
        daily_pictures=1000,
        weekly_seconds=1e6,
        weekly_pictures=1000,
    )
    settings = Settings(
        models={name: ModelRule(channels=ids, roles=ids) for name in names},
        default_model=names[0],
        default_models=dict.fromkeys(ids, names[1]),
        limits=limits,
        role_limits=dict.fromkeys(ids, limits),
        waiting=10,
        channels=ids,
        closed_channels=ids,
        private_channels=ids,
        command_channels={f"command-{number}": ids for number in range(30)},
        role_weights=dict.fromkeys(ids, 2.0),
        press="roles",
        press_roles=ids,
        history="roles",
        history_roles=ids,
        add_adapters="roles",
        adapter_roles=ids,
        train="roles",
        train_roles=ids,
        check="block",
        check_age_restricted="block",
        negative_prompt="x",
    )
    offered = tuple(
        Offered(name=name, family="sdxl", width=1024, height=1024, bytes=10**10, fits=False, seconds=9.0)
        for name in names[:50]
    )
    around = Around(
        locale=locale,
        roles=frozenset(),
        channels=frozenset(),
        models=offered,
        commands=tuple(f"command-{number}" for number in range(30)),
        checks=False,
        closed="x" * 300,
        unreadable=True,
    )
    for page, of in (
        ("home", ""),
        ("models", ""),
        ("models", "50"),
        ("model", key_of(names[0])),
        ("limits", ""),
        ("limits", str(ids[0])),
        ("channels", ""),
        ("command", "command-1"),
        ("roles", ""),
        ("role", str(ids[0])),
        ("content", ""),
    ):
        components, characters = _walked(page, of, settings, around)
        assert (components <= 40, characters <= 4000) == (True, True), (page, components, characters)
