"""Texts: every one is used, and every language says the same with the same values."""

import ast
import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from discord import Locale, app_commands

import bot
import cogs
from bot.app import COGS, Easel
from bot.queue import reasons
from bot.queue.limits import Refusal
from bot.services import adapter_shelves, word_lists
from bot.services.audit import AREAS
from bot.services.deeds import DEEDS
from bot.services.greeting import Preset
from bot.services.policy import Spent
from bot.settings import load_settings
from bot.texts import Mistake, duration, fields, language_of, pictures, said, say
from bot.texts.english import ENGLISH
from bot.texts.german import GERMAN
from bot.texts.german_prompts import GERMAN_PROMPTS
from bot.ui import audit_pages
from bot.ui.custom_ids import VERBS, AdapterVerb, CardVerb, Shelf, UploadForm
from bot.ui.menus import GERMAN_MENUS, CommandTranslator
from inference import prompt
from inference.prompt.words import ENGLISH as OF_PROMPTS
from inference.prompt.words import told
from inference.protocol.rejections import REJECTIONS
from storage.adapters import Visibility
from storage.guilds import Limits, PastBudget, Who
from tests.bot.engines.engines import clockwork_inline

#: What a picture can come of, beside what the buttons for new ones say.
_EDITS = ("remix", "repeat", "upscale", "outpaint", "restyle", "inpaint", "instruct", "blend")
#: Without words of their own; and what Discord shows to all, in one language.
UNTRANSLATED = {"presence", "presence_idle"}


def test_german_has_every_text() -> None:
    assert set(ENGLISH) - set(GERMAN) == UNTRANSLATED
    assert set(GERMAN) <= set(ENGLISH)


@pytest.mark.parametrize("key", sorted(GERMAN))
def test_german_takes_the_same_values(key: str) -> None:
    assert fields(GERMAN[key]) == fields(ENGLISH[key])


def test_every_text_is_used_and_every_used_one_is_there() -> None:
    used = set(_literals()) & set(ENGLISH)
    made = {
        *(f"button_{verb}" for verb in VERBS),
        *(f"deed_{deed}" for deed in (*DEEDS, *_EDITS)),
        *(f"card_{verb}" for verb in get_args(CardVerb)),
        *(f"remix_{field}" for field in ("model", "style", "sampler", "size")),
        *(f"edit_{field}{hint}" for field in ("area", "colour", "strength") for hint in ("", "_hint")),
        *(f"{form}_title" for form in get_args(UploadForm)),
        *(f"reason_{reason.key}" for reason in get_args(reasons.Reason)),
        *(f"{shelf}_{part}" for shelf in get_args(Shelf) for part in ("title", "empty")),
        *(
            f"no_{kind}{near}"
            for kind in ("model", "sampler", "style", "wildcard", "adapter")
            for near in ("", "_near")
        ),
        *(f"limit_{Refusal(whose=whose, asked=1, waiting=0, most=0).key}" for whose in ("member", "guild")),
        *(f"button_{word}" for word in _arguments("button")),
        *(f"button_adapter_{verb}" for verb in get_args(AdapterVerb)),
        *(f"adapters_whose_{whose}" for whose in get_args(adapter_shelves.Whose)),
        *(f"loras_visibility_{visibility}" for visibility in get_args(Visibility)),
        *(f"admin_adapters_{who}" for who in get_args(Who)),
        *(f"button_{word}" for word in set(_literals()) if word.startswith("admin_") and f"button_{word}" in ENGLISH),
        *(f"admin_field_{name}" for name in (*Limits.__struct_fields__, "server_waiting", "weight", "keep")),
        *(f"adapter_refused_{code}" for code in REJECTIONS),
        *(f"can_lane_{lane}" for lane in ("priority", "relaxed")),
        *(f"can_past_{past}" for past in get_args(PastBudget)),
        *(f"can_{name}" for name in ("press", "adapters", "private", "history", "train", *Spent.__dataclass_fields__)),
        *(f"policy_age_{rule}" for rule in ("only", "never")),
        *(f"policy_{what}_why" for what in ("closed", "draining", "blocked")),
        *(f"policy_model_{bar}_instead" for bar in ("denied", "new", "channels", "roles")),
        *(f"policy_waiting_{whose}_{room}" for whose in ("own", "guild") for room in ("room", "full")),
        *(f"policy_budget_{span}{fit}" for span in Spent.__dataclass_fields__ for fit in ("", "_fit")),
        *(f"greeting_{preset}_{part}" for preset in get_args(Preset) for part in ("means", "set")),
        *(f"button_greeting_{preset}" for preset in get_args(Preset)),
        *(f"content_list_{name}" for name in word_lists.LISTS),
        *(f"members_usage_{span}" for span in ("today", "week", "month")),
        *(f"members_budget_{span}" for span in ("day", "week")),
        *(f"audit_area_{area}" for area in AREAS),
        *(f"audit_field_{name}" for name in audit_pages.NAMES),
        *(f"audit_{what}_why" for what in ("members_block", "server_closed")),
        *(f"history_{state}" for state in ("unfinished", "cancelled", "expired")),
    }
    assert made <= set(ENGLISH)
    assert set(ENGLISH) - used - made == set()
    assert {key for name in ("say", "Mistake") for key in _arguments(name)} <= set(ENGLISH)


def test_german_says_the_same_of_prompts() -> None:
    assert set(GERMAN_PROMPTS) == set(OF_PROMPTS)
    for key, text in GERMAN_PROMPTS.items():
        assert fields(text) == fields(OF_PROMPTS[key])


def test_everything_said_of_prompts_is_used_and_is_there() -> None:
    services = Path(bot.__path__[0], "services")
    paths = [*Path(prompt.__path__[0]).glob("*.py"), services / "prompts.py", services / "networks.py"]
    calls = [
        node
        for path in paths
        if path.name != "words.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "told"
    ]
    used = {key for call in calls for key in _keys(call.args[0])}
    assert used == set(OF_PROMPTS)


def _keys(argument: ast.expr) -> Iterator[str]:
    """Return what a key may be: said as it is, one of two, or made of the direction of regions."""
    match argument:
        case ast.Constant(value=str(key)):
            yield key
        case ast.IfExp(body=one, orelse=other):
            yield from (*_keys(one), *_keys(other))
        case ast.JoinedStr(values=[ast.FormattedValue(), ast.Constant(value=str(ending))]):
            yield from (f"{direction}{ending}" for direction in ("columns", "rows"))
        case _:
            raise AssertionError(ast.dump(argument))


def test_what_is_said_of_prompts_is_said_in_german() -> None:
    words = told("no_network", kind="LoRA", name="x") + told("near", near="y")
    assert str(words) == said(words, "fr") == "There is no LoRA of the name 'x' here. Did you mean y?"
    assert said(words, "de") == "Hier gibt es kein LoRA mit dem Namen 'x'. Meinst du y?"


def _trees() -> Iterator[ast.AST]:
    for package in (bot, cogs):
        for path in Path(package.__path__[0]).rglob("*.py"):
            if not path.name.startswith(("english", "german")):
                yield ast.parse(path.read_text(encoding="utf-8"))


def _literals() -> Iterator[str]:
    for tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def _arguments(function: str) -> set[str]:
    """Return the literals that a function of this name is given first. `say` of `bot/imagine.py` is another."""
    found = set()
    for path in Path(bot.__path__[0]).rglob("*.py"):
        if path.name == "imagine.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
                first = node.args[0] if node.args else None
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    found.add(first.value)
    return found


def test_languages() -> None:
    assert [language_of(locale) for locale in ("de", "de-AT", "en-GB", "fr", None)] == ["de", "de", "en", "en", "en"]
    assert say("presence_idle", "de") == "/imagine"
    with pytest.raises(KeyError):
        say("there is no such text", "de")


def test_a_mistake_speaks_english_by_itself() -> None:
    assert str(Mistake("no_size", text="x")) == say("no_size", text="x")


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0, "1 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "2 h")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_counts() -> None:
    assert [pictures(count, "de") for count in (1, 2)] == ["1 Bild", "2 Bilder"]


# Menus ------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def menus(tmp_path: Path) -> dict[str, str | None]:
    """Return every text of the menus with its German."""
    settings = await asyncio.to_thread(load_settings, data_folder=tmp_path)
    client = Easel(settings, clockwork_inline())
    async with client:
        for name in COGS:
            await client.load_extension(name)
        await client.tree.set_translator(CommandTranslator())
        translator = client.tree.translator
        assert translator is not None
        payloads = [
            await command.get_translated_payload(client.tree, translator) for command in client.tree.get_commands()
        ]
    return dict(_menu(payloads))


def _menu(things: list[dict[str, Any]]) -> Iterator[tuple[str, str | None]]:
    for thing in things:
        if "value" in thing:
            yield thing["name"], thing.get("name_localizations", {}).get(Locale.german.value)
            continue
        if "description" not in thing:  # the menu of a message
            yield thing["name"], thing["name_localizations"].get(Locale.german.value)
            continue
        assert not thing.get("name_localizations"), "names are the same in every language"
        yield thing["description"], thing.get("description_localizations", {}).get(Locale.german.value)
        yield from _menu(thing.get("options", []))
        yield from _menu(thing.get("choices", []))


async def test_every_description_is_there_in_german(menus: dict[str, str | None]) -> None:
    assert menus == dict(GERMAN_MENUS)
    for text in (*GERMAN_MENUS, *GERMAN_MENUS.values()):
        assert 3 <= len(text) <= 100
        assert not re.search(r"[.…]$", text)


async def test_other_languages_read_english() -> None:
    context: Any = app_commands.TranslationContext(app_commands.TranslationContextLocation.other, None)
    word = app_commands.locale_str("How many pictures")
    assert await CommandTranslator().translate(word, Locale.french, context) is None
