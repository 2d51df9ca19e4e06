"""The commands that say how something is read: `easel info` of a picture, and `easel prompt` of prompts."""

import argparse
import asyncio
from pathlib import Path

from rich.console import Console

from bot import info, prompt
from bot.cli.parsing import Commands, whole
from bot.settings import Settings


def add_info(commands: Commands) -> None:
    """Add what prints the settings of a picture."""
    command = commands.add_parser("info", help="print the settings that a picture was made with")
    command.add_argument(
        "picture",
        type=Path,
        metavar="PICTURE",
        help="a PNG, JPEG or WebP file made by Easel, AUTOMATIC1111, Forge, ComfyUI or InvokeAI",
    )
    command.add_argument("--json", action="store_true", help="print everything as JSON")
    command.set_defaults(run=lambda options, _settings: info.run(options.picture, options.json))


def add_prompt(commands: Commands) -> None:
    """Add what shows how prompts are read."""
    verbs = commands.add_parser("prompt", help="say how prompts are read").add_subparsers(metavar="VERB", required=True)
    command = verbs.add_parser("check", help="show a prompt's schedule, weights and networks, and what looks wrong")
    command.add_argument("texts", nargs="+", metavar="TEXT", help='a prompt; "-" reads prompts, one a line')
    command.add_argument("--model", metavar="NAME", help="count the tokens as this model does; starts the engine")
    command.add_argument(
        "--steps", type=whole, metavar="N", help="steps of the picture; default: the model's, or 20 without one"
    )
    command.add_argument("--hires-steps", type=whole, metavar="N", help="show the second pass (hires fix) of N steps")
    command.add_argument("--negative", action="store_true", help="read it as a negative prompt")
    command.add_argument("--json", action="store_true", help="print one JSON object a prompt, each on a line")
    command.set_defaults(run=_check_prompt)


def _check_prompt(options: argparse.Namespace, settings: Settings) -> int:
    manner = prompt.Manner(
        steps=options.steps, hires_steps=options.hires_steps, negative=options.negative, as_json=options.json
    )
    prompts = prompt.every(options.texts)
    if options.model is None:
        return prompt.check(prompts, manner)
    # Nobody waits for standard input once the engine runs.
    return asyncio.run(prompt.check_for(list(prompts), manner, options.model, settings, Console(stderr=True)))
