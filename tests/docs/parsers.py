"""The parsers of the command line, and whether they take what a document writes."""

import argparse
import re

from bot.cli import parser
from inference.models.__main__ import _parser as models_parser


def verbs_of(found: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands below one."""
    return {
        name: verb
        for action in found._actions
        if isinstance(action, argparse._SubParsersAction)
        for name, verb in action.choices.items()
    }


def whole_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands, those that run as programs of their own as well."""
    whole = parser()
    verbs_of(whole)["models"]._actions.extend(models_parser()._actions)
    return whole


def options_of(found: argparse.ArgumentParser) -> set[str]:
    """Return what a command takes."""
    return {option for action in found._actions for option in action.option_strings} | {"--help"}


def complaint(words: list[str], found: argparse.ArgumentParser) -> str:
    """Say what of these words no command takes; nothing, if all are taken."""
    for number, word in enumerate(words):
        word = word.strip("[]")
        verbs = verbs_of(found)
        if word.startswith("-") and not re.fullmatch(r"-[\d.]+|-", word):
            if word.split("=")[0] not in options_of(found):
                return f"{found.prog} has no {word}"
        elif verbs and word in verbs:
            found = verbs[word]
        elif verbs and not re.search(r"[A-Z…]", word):
            return f"{found.prog} has no {' '.join(words[: number + 1])}"
        elif "…" in word or word == "|":
            return ""
    return ""
