"""The command line: what can be typed, and who answers."""

import argparse
import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import NoReturn

from rich.console import Console

from bot import adapters, admin, edits, imagine, info, play, prompt, upscale
from bot.display import INTERRUPTED
from bot.errors import EaselError, UserError, sentence
from bot.saving import prepare_folder
from bot.services.backups import MOST_KEPT
from bot.services.drafts import draw_seed
from bot.services.link_hosts import is_link
from bot.settings import Settings, load_settings
from inference.prompt.places import PromptError
from inference.protocol.limits import MAX_COUNT, OutOfRange
from inference.protocol.names import SAMPLER_NAMES, SCHEDULE_NAMES
from storage import StorageError

#: Exit codes: it failed here, and it cannot be done as it was asked; see also `display.INTERRUPTED`.
FAILED, USAGE = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. Mistakes end in one clear sentence on stderr."""
    words = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    forwarded = {"models": "inference.models", "doctor": "inference.doctor", "bench": "benchmarks"}
    try:
        settings = load_settings()
        if words and words[0] in forwarded:
            return _forward(forwarded[words[0]], words[1:], settings)
        options = parser().parse_args(words)
        code: int = options.run(options, settings)
        return code
    except OutOfRange as error:
        return _complain(sentence(error), USAGE)
    except PromptError as error:
        return _complain(error.pointed(), USAGE)
    except StorageError as error:
        return _complain(sentence(error), FAILED)
    except EaselError as error:
        return _complain(error.message, USAGE if isinstance(error, UserError) else FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read this has read enough; nothing more is said, at the interpreter's end neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


class _Parser(argparse.ArgumentParser):
    """Answers a mistake with one sentence rather than with all the options."""

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Refuse what is not known where it stands, so that the mistake is told by the command it was made in."""
        found, left = super().parse_known_args(args, namespace)
        if len(left) == 1 and not left[0].startswith("-") and getattr(found, "prompt", "") is None:
            # argparse gives up on a prompt that may be left out as soon as an option follows the picture.
            found.prompt = left.pop()
        if left:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return found, left

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where to read on, and leave."""
        self.exit(USAGE, f"easel: {message[:1].upper()}{message[1:]}. See {self.prog} --help.\n")


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    whole = _Parser(prog="easel", description="Make pictures with diffusion models.")
    whole.add_argument("--version", action="version", version=f"easel {metadata.version('easel')}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_bot(commands)
    _add_imagine(commands)
    _add_edits(commands)
    _add_upscale(commands)
    shown = commands.add_parser("info", help="print the settings that a picture was made with")
    shown.add_argument(
        "picture",
        type=Path,
        metavar="PICTURE",
        help="a PNG, JPEG or WebP file made by Easel, AUTOMATIC1111, Forge, ComfyUI or InvokeAI",
    )
    shown.add_argument("--json", action="store_true", help="print everything as JSON")
    shown.set_defaults(run=lambda options, _settings: info.run(options.picture, options.json))
    _add_prompt(commands)
    _add_adapters(commands)
    _add_admin(commands)
    # These run as programs of their own, since they need torch and this one never imports it.
    commands.add_parser("models", help="install, list and remove models (easel models --help)", add_help=False)
    commands.add_parser("doctor", help="say what was found here, and what to do about what is missing", add_help=False)
    commands.add_parser("bench", help="measure this machine against plain diffusers", add_help=False)
    return whole


def _add_bot(commands: "argparse._SubParsersAction[_Parser]") -> None:
    run = commands.add_parser("run", help="run the bot (DISCORD_TOKEN holds its token)")
    run.set_defaults(run=lambda _options, settings: asyncio.run(play.run(settings)))
    local = commands.add_parser("play", help="run the bot in a Discord of its own on this machine, to try it out")
    local.add_argument("--port", type=_port, default=0, metavar="N", help="where it listens; default: a free port")
    local.add_argument("--open", action="store_true", help="open its page in a browser")
    local.set_defaults(
        run=lambda options, settings: asyncio.run(
            play.play(settings, options.port, Console(stderr=True), browse=options.open)
        )
    )


def _add_prompt(commands: "argparse._SubParsersAction[_Parser]") -> None:
    verbs = commands.add_parser("prompt", help="say how prompts are read").add_subparsers(metavar="VERB", required=True)
    command = verbs.add_parser("check", help="show a prompt's schedule, weights and networks, and what looks wrong")
    command.add_argument("texts", nargs="+", metavar="TEXT", help='a prompt; "-" reads prompts, one a line')
    command.add_argument("--model", metavar="NAME", help="count the tokens as this model does; starts the engine")
    command.add_argument(
        "--steps", type=_whole, metavar="N", help="steps of the picture; default: the model's, or 20 without one"
    )
    command.add_argument("--hires-steps", type=_whole, metavar="N", help="show the second pass (hires fix) of N steps")
    command.add_argument("--negative", action="store_true", help="read it as a negative prompt")
    command.add_argument("--json", action="store_true", help="print one JSON object a prompt, each on a line")
    command.set_defaults(run=_check_prompt)


def _add_adapters(commands: "argparse._SubParsersAction[_Parser]") -> None:
    whole = commands.add_parser("adapters", help="add, list and remove LoRAs and embeddings that everybody may use")
    verbs = whole.add_subparsers(metavar="VERB", required=True)
    adding = verbs.add_parser("add", help="look at files, and keep those that are LoRAs or embeddings")
    adding.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a .safetensors, .pt, .bin or .ckpt file, or a link to a page or a file of Hugging Face or Civitai",
    )
    adding.add_argument("--name", metavar="NAME", help="what prompts call it; default: what the file says, or its name")
    adding.add_argument("--triggers", metavar="WORDS", help="trigger words, with commas between; default: the file's")
    adding.add_argument("--weight", type=_number, default=1.0, metavar="W", help="where no prompt says one; default: 1")
    adding.add_argument("--description", default="", metavar="TEXT", help="what it does")
    adding.set_defaults(run=_add_adapter_files)
    listing = verbs.add_parser("list", help="say which there are")
    listing.add_argument("--json", action="store_true", help="print them as JSON")
    listing.set_defaults(run=lambda options, settings: asyncio.run(adapters.list_all(settings, options.json)))
    removing = verbs.add_parser("remove", help="remove one, and its file")
    removing.add_argument("name", metavar="NAME", help="its name")
    removing.set_defaults(run=lambda options, settings: asyncio.run(adapters.remove(options.name, settings)))


def _add_admin(commands: "argparse._SubParsersAction[_Parser]") -> None:
    whole = commands.add_parser("admin", help="see and decide, as whoever runs the bot: status, servers, backups")
    verbs = whole.add_subparsers(metavar="VERB", required=True)

    def verb(name: str, words: str, work: Callable[[admin.Desk, argparse.Namespace], Awaitable[int]]) -> _Parser:
        command = verbs.add_parser(name, help=words)
        command.add_argument("--json", action="store_true", help="print JSON")
        command.set_defaults(
            run=lambda options, settings: asyncio.run(
                _awaited(work(admin.Desk(settings, options.json, Console(stderr=True)), options))
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


async def _awaited(work: Awaitable[int]) -> int:
    return await work


def _kept_backups(text: str) -> int:
    number = _whole(text)
    if not 1 <= number <= MOST_KEPT:
        raise argparse.ArgumentTypeError(f"{number} is not from 1 to {MOST_KEPT}")
    return number


def _days(text: str) -> int:
    number = _whole(text)
    if not 0 <= number <= admin.MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{number} is not from 0 to {admin.MOST_DAYS}")
    return number


def _add_adapter_files(options: argparse.Namespace, settings: Settings) -> int:
    wanted = adapters.Adding(
        files=[Path(each) for each in options.files if not is_link(each)],
        links=[each for each in options.files if is_link(each)],
        name=options.name,
        triggers=options.triggers,
        weight=options.weight,
        description=options.description,
    )
    return asyncio.run(adapters.add(wanted, settings, Console(stderr=True)))


def _add_imagine(commands: "argparse._SubParsersAction[_Parser]") -> None:
    command = commands.add_parser(
        "imagine",
        help="paint pictures from words",
        description="Paint pictures from words, and save them as PNG files that know how they were made.",
        epilog='Example: easel imagine "a red circle on a blue background" --count 4 --output pictures',
    )
    command.set_defaults(run=_imagine)
    command.add_argument("prompt", nargs="?", metavar="PROMPT", help="what to paint; may be left out with --like")
    command.add_argument("--negative", metavar="TEXT", help="what to keep out of the picture")
    command.add_argument(
        "--second-prompt", metavar="TEXT", help="what SDXL's second text encoder reads instead of the prompt"
    )
    command.add_argument(
        "--regions", metavar="LAYOUT", help='where the texts that AND joins hold: "columns", "rows", "columns 1:2"'
    )
    command.add_argument(
        "--combinations", type=_whole, metavar="N", help="paint every combination of {a|b} and __lists__, which are N"
    )
    command.add_argument("--model", metavar="NAME", help="model, by its name or the beginning of its hash")
    command.add_argument("--vae", metavar="NAME", help="a VAE to use instead of the model's own")
    command.add_argument("--size", type=_size, metavar="WxH", help="pixels, multiples of 8; default: the model's size")
    command.add_argument("--steps", type=_whole, metavar="N", help="steps; more is slower and, up to a point, better")
    command.add_argument("--sampler", metavar="NAME", help=f"one of {', '.join(SAMPLER_NAMES.values())}")
    command.add_argument("--schedule", metavar="NAME", help=f"one of {', '.join(SCHEDULE_NAMES.values())}")
    command.add_argument(
        "--guidance", type=_number, metavar="SCALE", help="how closely to follow the prompt (CFG scale)"
    )
    command.add_argument(
        "--seed", type=_seed, metavar="N", help="the same seed gives the same picture; -1, the default: random"
    )
    command.add_argument("--count", type=_whole, default=1, metavar="N", help=f"pictures, 1 to {MAX_COUNT}; default: 1")
    command.add_argument("--clip-skip", type=_whole, metavar="N", help="1 is the text encoder's usual layer")
    command.add_argument("--variation-seed", type=_whole, metavar="N", help="mix in the noise of this seed")
    command.add_argument("--variation-strength", type=_number, metavar="S", help="how much of it, 0 to 1")
    command.add_argument("--hires", type=_size, metavar="WxH", help="paint again at this larger size (hires fix)")
    command.add_argument(
        "--hires-strength", type=_number, metavar="S", help="how much that changes, 0 to 1; default: 0.7"
    )
    command.add_argument("--init", type=Path, metavar="FILE", help="start from this picture (image to image)")
    command.add_argument(
        "--strength", type=_number, metavar="S", help="how much to change it, 0 to 1 (denoising strength)"
    )
    command.add_argument(
        "--mask", type=Path, metavar="FILE", help="paint only the white part of this mask (inpainting)"
    )
    command.add_argument("--mask-blur", type=_whole, metavar="PIXELS", help="soften the mask's edge; default: 0")
    command.add_argument(
        "--fit", choices=("crop", "stretch", "pad"), help="how --init meets another size; default: crop"
    )
    command.add_argument(
        "--like", type=Path, metavar="PICTURE", help="make this picture again; other options change it"
    )
    command.add_argument("--preview", action="store_true", help="show what grows in FOLDER/preview.jpg while painting")
    command.add_argument(
        "-o", "--output", type=Path, default=Path("pictures"), metavar="FOLDER", help="where to save; default: pictures"
    )


def _add_edits(commands: "argparse._SubParsersAction[_Parser]") -> None:
    vary = commands.add_parser("vary", help="paint variations of a picture")
    vary.add_argument("--strong", action="store_true", help="change more than a little")
    outpaint = commands.add_parser("outpaint", help="continue a picture beyond its sides")
    for side in ("left", "right", "top", "bottom"):
        outpaint.add_argument(
            f"--{side}", type=_whole, default=0, metavar="PIXELS", help="how much to add there: a multiple of 8"
        )
    outpaint.add_argument(
        "--zoom", type=_zoom, metavar="TIMES", help="zoom out: how many times as wide and high; 1.5, say"
    )
    outpaint.add_argument("--square", action="store_true", help="add what makes the picture square")
    edit = commands.add_parser("edit", help="paint a picture over, as a whole or in a part of it")
    edit.add_argument("--mask", type=Path, metavar="FILE", help="paint only the white part of a mask of this shape")
    edit.add_argument(
        "--box",
        metavar="PLACE",
        help="paint only this part: left,top,width,height in pixels or %%, or words such as 'left half'",
    )
    edit.add_argument("--colour", "--color", metavar="'#rrggbb'", help="paint only what has this colour")
    edit.add_argument("--mask-blur", type=_whole, metavar="PIXELS", help="soften the mask's edge")
    edit.add_argument("--guidance", type=_number, metavar="SCALE", help="how closely to follow the prompt (CFG scale)")
    edit.add_argument(
        "--instruct", action="store_true", help="the prompt says what to change: needs an instruct-pix2pix model"
    )
    edit.add_argument(
        "--image-guidance", type=_number, metavar="SCALE", help="how closely --instruct keeps to it; default: 1.5"
    )
    blend = commands.add_parser(
        "blend",
        help="paint a picture from words and 2 to 4 pictures",
        usage="%(prog)s [options] PICTURE PICTURE … PROMPT",
    )
    blend.set_defaults(prompt=None)
    blend.add_argument("words", nargs="+", metavar="PICTURE … PROMPT", help="2 to 4 pictures, and then what to paint")
    blend.add_argument("--weights", type=_numbers, metavar="W,W", help="how much of each; default: as much of each")
    blend.add_argument("--size", type=_size, metavar="WxH", help="default: as the first picture says, or the model's")
    for command, request_of in (
        (vary, edits.vary),
        (outpaint, edits.outpaint),
        (edit, edits.edit),
        (blend, edits.blend),
    ):
        command.set_defaults(run=_edit, request_of=request_of, strength=None)
        if command is not blend:
            command.add_argument("picture", type=Path, metavar="PICTURE", help="a PNG, JPEG, WebP or GIF file")
            command.add_argument(
                "prompt",
                nargs=None if command is edit else "?",
                metavar="PROMPT",
                help="what to paint" if command is edit else "what it shows; may be left out where the picture says it",
            )
        command.add_argument("--negative", metavar="TEXT", help="what to keep out of the picture")
        command.add_argument("--model", metavar="NAME", help="model, by its name or the beginning of its hash")
        command.add_argument("--seed", type=_seed, metavar="N", help="default: random")
        command.add_argument("--count", type=_whole, default=1, metavar="N", help=f"pictures, 1 to {MAX_COUNT}")
        command.add_argument("--preview", action="store_true", help="show what grows in FOLDER/preview.jpg")
        command.add_argument(
            "-o", "--output", type=Path, default=Path("pictures"), metavar="FOLDER", help="default: pictures"
        )
    for command in (outpaint, edit, blend):
        command.add_argument("--strength", type=_number, metavar="S", help="how much to change, 0 to 1")


def _add_upscale(commands: "argparse._SubParsersAction[_Parser]") -> None:
    command = commands.add_parser("upscale", help="make a picture 2 or 4 times as large, or restore its faces")
    command.set_defaults(run=_upscale)
    command.add_argument("picture", type=Path, metavar="PICTURE", help="a PNG, JPEG, WebP or GIF file")
    command.add_argument("--factor", type=_whole, default=2, metavar="1|2|4", help="how many times; default: 2")
    command.add_argument(
        "--model", metavar="NAME", help='an installed upscaler, or "lanczos"; default: the installed one that suits'
    )
    command.add_argument(
        "--faces", nargs="?", const="", metavar="NAME", help="restore faces, by this face restorer or the installed one"
    )
    command.add_argument("--face-strength", type=_number, metavar="S", help="how much of them shows, 0 to 1 (all)")
    command.add_argument("-o", "--output", type=Path, default=Path("pictures"), metavar="FOLDER", help="where to save")
    command.add_argument(
        "--by",
        choices=("network", "lanczos", "detail", "hires"),
        help="detail paints it over in tiles, hires paints it again larger; default: an installed network, or lanczos",
    )
    command.set_defaults(request_of=edits.larger, count=1, preview=False)
    painting = command.add_argument_group("with --by detail and --by hires, where --model is the model that paints")
    painting.add_argument(
        "prompt", nargs="?", metavar="PROMPT", help="what it shows; may be left out where the picture says it"
    )
    painting.add_argument("--negative", metavar="TEXT", help="what to keep out of the picture")
    painting.add_argument("--strength", type=_number, metavar="S", help="how much to change, 0 to 1")
    painting.add_argument("--tile", type=_size, metavar="WxH", help="size of the tiles of --by detail")
    painting.add_argument("--seed", type=_seed, metavar="N", help="default: random")


def _upscale(options: argparse.Namespace, settings: Settings) -> int:
    if options.by in ("detail", "hires"):
        return _edit(options, settings)
    request = upscale.request_of(options)
    prepare_folder(request.output)
    return asyncio.run(upscale.run(request, settings, Console(stderr=True)))


def _edit(options: argparse.Namespace, settings: Settings) -> int:
    request = options.request_of(options)
    prepare_folder(request.output)
    return asyncio.run(imagine.run(request, settings, Console(stderr=True)))


def _check_prompt(options: argparse.Namespace, settings: Settings) -> int:
    manner = prompt.Manner(
        steps=options.steps, hires_steps=options.hires_steps, negative=options.negative, as_json=options.json
    )
    prompts = prompt.every(options.texts)
    if options.model is None:
        return prompt.check(prompts, manner)
    # Nobody waits for standard input once the engine runs.
    return asyncio.run(prompt.check_for(list(prompts), manner, options.model, settings, Console(stderr=True)))


def _imagine(options: argparse.Namespace, settings: Settings) -> int:
    request = imagine.request_of(options)
    prepare_folder(request.output)
    return asyncio.run(imagine.run(request, settings, Console(stderr=True)))


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{1,5})[x×*](\d{1,5})", text.strip().lower())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no size; write it like 512x768")
    return int(match[1]), int(match[2])


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(_number(part) for part in text.split(","))


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no whole number") from None


def _port(text: str) -> int:
    number = _whole(text)
    if not 0 <= number < 65536:
        raise argparse.ArgumentTypeError(f"{number} is no port; ports go from 1 to 65535")
    return number


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no number") from None


def _zoom(text: str) -> float:
    times = _number(text)
    if not 1 < times <= 4:
        raise argparse.ArgumentTypeError(f"{text[:80]!r} is no zoom; it goes from above 1 to 4")
    return times


def _seed(text: str) -> int:
    seed = _whole(text)
    return draw_seed() if seed == -1 else seed


def _forward(module: str, words: Sequence[str], settings: Settings) -> int:
    """Run a program of ours that needs torch, on this terminal."""
    told = ["--folder", str(settings.models_folder)] if module != "benchmarks" else []
    if module == "inference.doctor":
        told += ["--checker", settings.safety_checker]
    try:
        code = subprocess.run([sys.executable, "-m", module, *told, *words], check=False).returncode
    except KeyboardInterrupt:
        return INTERRUPTED
    # A signal's number comes negative.
    return code if code >= 0 else 128 - code


def _complain(message: str, code: int) -> int:
    print(f"easel: {message}", file=sys.stderr)
    return code
