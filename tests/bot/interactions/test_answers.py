"""The one error handler: which words for which error, in which order."""

import logging
import sqlite3
from typing import Any, cast

import discord
import pytest
from discord import app_commands

from bot.errors import EngineDead, JobFailed, LimitReached, UserError
from bot.interactions.answers import words_for
from bot.texts import Mistake, say
from inference.prompt.places import PromptError, Span
from inference.prompt.words import told
from inference.protocol.limits import OutOfRange
from storage import DiskFull, StorageError


class _Response:
    status, reason = 403, "Forbidden"


COMMAND = cast(Any, type("Command", (), {"name": "x"})())
FORBIDDEN = discord.Forbidden(cast(Any, _Response()), "no")
ERRORS: list[tuple[Exception, str]] = [
    (Mistake("no_size", text="**x** @everyone"), "„\\*\\*x\\*\\* @\u200beveryone“ ist keine Größe."),
    (
        PromptError(told("wildcard_none", name="__*x*__"), "a __*x*__", Span(2, 9)),
        "Es gibt keine Liste \\_\\_\\*x\\*\\_\\_.\n```\na __*x*__\n  ^^^^^^^\n```",
    ),
    (
        Mistake("wildcard_wrong", name="x", reason=told("wildcard_empty", name="__y__")),
        "Aus „x“ lässt sich nicht ziehen: Die Liste \\_\\_y\\_\\_ hat keine Zeilen",
    ),
    (OutOfRange("steps", 0, "from 1 to 500"), "Steps is 0, but must be from 1 to 500."),
    (EngineDead("It died."), say("engine_dead", "de")),
    (UserError("Do it otherwise."), "Do it otherwise."),
    (LimitReached("Enough."), "Enough."),
    (JobFailed("No picture."), "No picture."),
    (StorageError("no disk"), say("store", "de")),
    (DiskFull("full"), say("store", "de")),
    (app_commands.CommandSignatureMismatch(COMMAND), say("stale", "de")),
    (app_commands.CommandNotFound("x", []), say("stale", "de")),
    (app_commands.CheckFailure(), say("not_allowed", "de")),
    (app_commands.NoPrivateMessage(), say("not_allowed", "de")),
    (FORBIDDEN, say("no_permission", "de")),
]


@pytest.mark.parametrize(("error", "words"), ERRORS, ids=lambda each: type(each).__name__)
def test_what_is_known_has_its_words_and_no_number(
    error: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert words_for(error, "de").startswith(words)
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("error", [ZeroDivisionError("a defect"), sqlite3.IntegrityError("a defect")])
def test_what_is_not_known_has_a_number_that_is_in_the_log(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    words = words_for(error)
    (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert words == say("error", reference=words.removesuffix(".").split()[-1])
    assert words.removesuffix(".").split()[-1] in record.getMessage()
    assert "a defect" not in words
    assert record.exc_info is not None and record.exc_info[1] is error


def test_the_reason_of_an_admin_is_told_whole_and_harmless() -> None:
    why = "@everyone " + "please ask first " * 17
    words = words_for(Mistake("policy_blocked_why", why=why))
    assert "please ask first please ask first" in words
    assert words.count("please") == 17
    assert "@everyone" not in words
