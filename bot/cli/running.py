"""The commands of whoever runs the bot: `easel run`, `play`, `adapters` and `admin`."""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from rich.console import Console

from bot import adapters, admin, play
from bot.cli.parsing import Commands, Parser, number, port, whole
from bot.services.backups import MOST_KEPT
from bot.services.link_hosts import is_link
from bot.settings import Settings


def add_bot(commands: Commands) -> None:
    """Add what runs the bot, in Discord and in a Discord of its own."""
    run = commands.add_parser("run", help="run the bot (DISCORD_TOKEN holds its token)")
    run.set_defaults(run=lambda _options, settings: _privately(play.run(settings)))
    local = commands.add_parser("play", help="run the bot in a Discord of its own on this machine, to try it out")
    local.add_argument("--port", type=port, default=0, metavar="N", help="where it listens; default: a free port")
    local.add_argument("--open", action="store_true", help="open its page in a browser")
    local.set_defaults(
        run=lambda options, settings: _privately(
            play.play(settings, options.port, Console(stderr=True), browse=options.open)
        )
    )


def add_adapters(commands: Commands) -> None:
    """Add what brings, lists and removes the operator's LoRAs and embeddings."""
    group = commands.add_parser("adapters", help="add, list and remove LoRAs and embeddings that everybody may use")
    verbs = group.add_subparsers(metavar="VERB", required=True)
    adding = verbs.add_parser("add", help="look at files, and keep those that are LoRAs or embeddings")
    adding.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a .safetensors, .pt, .bin or .ckpt file, or a link to a page or a file of Hugging Face or Civitai",
    )
    adding.add_argument("--name", metavar="NAME", help="what prompts call it; default: what the file says, or its name")
    adding.add_argument("--triggers", metavar="WORDS", help="trigger words, with commas between; default: the file's")
    adding.add_argument("--weight", type=number, default=1.0, metavar="W", help="where no prompt says one; default: 1")
    adding.add_argument("--description", default="", metavar="TEXT", help="what it does")
    adding.set_defaults(run=_add_adapter_files)
    listing = verbs.add_parser("list", help="say which there are")
    listing.add_argument("--json", action="store_true", help="print them as JSON")
    listing.set_defaults(run=lambda options, settings: _privately(adapters.list_all(settings, options.json)))
    removing = verbs.add_parser("remove", help="remove one, and its file")
    removing.add_argument("name", metavar="NAME", help="its name")
    removing.set_defaults(run=lambda options, settings: _privately(adapters.remove(options.name, settings)))


def _add_adapter_files(options: argparse.Namespace, settings: Settings) -> int:
    wanted = adapters.Adding(
        files=[Path(each) for each in options.files if not is_link(each)],
        links=[each for each in options.files if is_link(each)],
        name=options.name,
        triggers=options.triggers,
        weight=options.weight,
        description=options.description,
    )
    return _privately(adapters.add(wanted, settings, Console(stderr=True)))


def add_admin(commands: Commands) -> None:
    """Add what the operator sees and decides, whether or not the bot runs."""
    group = commands.add_parser("admin", help="see and decide, as whoever runs the bot: status, servers, backups")
    verbs = group.add_subparsers(metavar="VERB", required=True)

    def verb(name: str, words: str, work: Callable[[admin.Desk, argparse.Namespace], Awaitable[int]]) -> Parser:
        command = verbs.add_parser(name, help=words)
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(
            run=lambda options, settings: _privately(
                work(admin.Desk(settings, options.json, Console(stderr=True)), options)
            )
        )
        return command

    verb("status", "say how the running bot is", lambda desk, _: desk.status())
    verb("servers", "list the servers and what they use", lambda desk, _: desk.servers())
    closing = verb("close", "do nothing for a server any more", lambda desk, asked: desk.close(asked.server, asked.why))
    closing.add_argument("server", metavar="SERVER", help="its id, or its name while the bot runs")
    closing.add_argument("--why", default="", metavar="TEXT", help="what its members are told")
    opening = verb("open", "work for a server again", lambda desk, asked: desk.open(asked.server))
    opening.add_argument("server", metavar="SERVER", help="its id, or its name while the bot runs")
    forgetting = verb(
        "forget",
        "delete what is kept of a server that was left",
        lambda desk, asked: desk.forget(asked.server, asked.yes),
    )
    forgetting.add_argument("server", metavar="SERVER", help="its id")
    forgetting.add_argument("--yes", action="store_true", help="do it: it cannot be undone")
    telling = verb("broadcast", "write to every server", lambda desk, asked: desk.broadcast(asked.text, asked.yes))
    telling.add_argument("text", metavar="TEXT", help="what to write")
    telling.add_argument("--yes", action="store_true", help="do not ask whether to send it")
    draining = verb("drain", "take nothing new on; what waits is painted", lambda desk, asked: desk.drain(asked.words))
    draining.add_argument("words", nargs="?", default="", metavar="WORDS", help="what members are told")
    verb("resume", "take on again what is asked for", lambda desk, _: desk.resume())
    verb("refresh", "look at the models folder again", lambda desk, _: desk.refresh())
    saving = verb("backup", "back up the database and all files", lambda desk, asked: desk.backup(asked.to, asked.keep))
    saving.add_argument("--to", type=Path, metavar="FOLDER", help="where to; default: EASEL_BACKUP_FOLDER")
    saving.add_argument("--keep", type=_kept_backups, metavar="N", help="keep only the newest N there")
    loading = verb(
        "restore", "restore a backup into an empty folder", lambda desk, asked: desk.restore(asked.archive, asked.to)
    )
    loading.add_argument("archive", type=Path, metavar="BACKUP", help="a file easel-….tar")
    loading.add_argument("--to", type=Path, metavar="FOLDER", help="where to; default: EASEL_DATA_FOLDER")
    keeping = verb("keep", "say what is kept, and what would be deleted", lambda desk, asked: desk.keep(asked.days))
    keeping.add_argument("--days", type=_days, metavar="N", help="what would go if pictures were kept for N days")


def _privately(work: Awaitable[int]) -> int:
    """Do it, and let no other account of the machine read the files that it makes: they hold what members asked for."""

    async def done() -> int:
        return await work

    usual = os.umask(0o077)
    try:
        return asyncio.run(done())
    finally:
        os.umask(usual)


def _kept_backups(text: str) -> int:
    chosen = whole(text)
    if not 1 <= chosen <= MOST_KEPT:
        raise argparse.ArgumentTypeError(f"{chosen} is not from 1 to {MOST_KEPT}")
    return chosen


def _days(text: str) -> int:
    chosen = whole(text)
    if not 0 <= chosen <= admin.MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{chosen} is not from 0 to {admin.MOST_DAYS}")
    return chosen
