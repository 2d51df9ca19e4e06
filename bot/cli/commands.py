"""All commands that can be typed."""

import argparse

from bot.cli.painting import add_edits, add_imagine, add_upscale
from bot.cli.parsing import Parser
from bot.cli.reading import add_info, add_prompt
from bot.cli.running import add_adapters, add_admin, add_bot
from bot.versions import version_line


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = Parser(prog="easel", description="Make pictures with diffusion models.")
    whole.add_argument("--version", action="version", version=version_line())
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add_bot(commands)
    add_imagine(commands)
    add_edits(commands)
    add_upscale(commands)
    add_info(commands)
    add_prompt(commands)
    add_adapters(commands)
    add_admin(commands)
    # These run as programs of their own, since they need torch and this one never imports it.
    commands.add_parser("models", help="install, list and remove models (easel models --help)", add_help=False)
    commands.add_parser("doctor", help="say what was found here, and what to do about what is missing", add_help=False)
    commands.add_parser("bench", help="measure this machine against plain diffusers", add_help=False)
    return whole
