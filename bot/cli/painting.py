"""The commands that make pictures: `easel imagine`, `vary`, `outpaint`, `edit`, `blend` and `upscale`."""

import argparse
import asyncio
from pathlib import Path

from rich.console import Console

from bot import edits, imagine, upscale
from bot.cli.parsing import Commands, number, numbers, seed, size, whole, zoom
from bot.saving import prepare_folder
from bot.settings import Settings
from inference.protocol.limits import MAX_COUNT
from inference.protocol.names import SAMPLER_NAMES, SCHEDULE_NAMES


def add_imagine(commands: Commands) -> None:
    """Add what paints pictures from words."""
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
        "--combinations", type=whole, metavar="N", help="paint every combination of {a|b} and __lists__, which are N"
    )
    command.add_argument("--model", metavar="NAME", help="model, by its name or the beginning of its hash")
    command.add_argument("--vae", metavar="NAME", help="a VAE to use instead of the model's own")
    command.add_argument("--size", type=size, metavar="WxH", help="pixels, multiples of 8; default: the model's size")
    command.add_argument("--steps", type=whole, metavar="N", help="steps; more is slower and, up to a point, better")
    command.add_argument("--sampler", metavar="NAME", help=f"one of {', '.join(SAMPLER_NAMES.values())}")
    command.add_argument("--schedule", metavar="NAME", help=f"one of {', '.join(SCHEDULE_NAMES.values())}")
    command.add_argument(
        "--guidance", type=number, metavar="SCALE", help="how closely to follow the prompt (CFG scale)"
    )
    command.add_argument(
        "--seed", type=seed, metavar="N", help="the same seed gives the same picture; -1, the default: random"
    )
    command.add_argument("--count", type=whole, default=1, metavar="N", help=f"pictures, 1 to {MAX_COUNT}; default: 1")
    command.add_argument("--clip-skip", type=whole, metavar="N", help="1 is the text encoder's usual layer")
    command.add_argument("--variation-seed", type=whole, metavar="N", help="mix in the noise of this seed")
    command.add_argument("--variation-strength", type=number, metavar="S", help="how much of it, 0 to 1")
    command.add_argument("--hires", type=size, metavar="WxH", help="paint again at this larger size (hires fix)")
    command.add_argument(
        "--hires-strength", type=number, metavar="S", help="how much that changes, 0 to 1; default: 0.7"
    )
    command.add_argument("--init", type=Path, metavar="FILE", help="start from this picture (image to image)")
    command.add_argument(
        "--strength", type=number, metavar="S", help="how much to change it, 0 to 1 (denoising strength)"
    )
    command.add_argument(
        "--mask", type=Path, metavar="FILE", help="paint only the white part of this mask (inpainting)"
    )
    command.add_argument("--mask-blur", type=whole, metavar="PIXELS", help="soften the mask's edge; default: 0")
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


def add_edits(commands: Commands) -> None:
    """Add what makes new pictures of pictures."""
    vary = commands.add_parser("vary", help="paint variations of a picture")
    vary.add_argument("--strong", action="store_true", help="change more than a little")
    outpaint = commands.add_parser("outpaint", help="continue a picture beyond its sides")
    for side in ("left", "right", "top", "bottom"):
        outpaint.add_argument(
            f"--{side}", type=whole, default=0, metavar="PIXELS", help="how much to add there: a multiple of 8"
        )
    outpaint.add_argument(
        "--zoom", type=zoom, metavar="TIMES", help="zoom out: how many times as wide and high; 1.5, say"
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
    edit.add_argument("--mask-blur", type=whole, metavar="PIXELS", help="soften the mask's edge")
    edit.add_argument("--guidance", type=number, metavar="SCALE", help="how closely to follow the prompt (CFG scale)")
    edit.add_argument(
        "--instruct", action="store_true", help="the prompt says what to change: needs an instruct-pix2pix model"
    )
    edit.add_argument(
        "--image-guidance", type=number, metavar="SCALE", help="how closely --instruct keeps to it; default: 1.5"
    )
    blend = commands.add_parser(
        "blend",
        help="paint a picture from words and 2 to 4 pictures",
        usage="%(prog)s [options] PICTURE PICTURE … PROMPT",
    )
    blend.set_defaults(prompt=None)
    blend.add_argument("words", nargs="+", metavar="PICTURE … PROMPT", help="2 to 4 pictures, and then what to paint")
    blend.add_argument("--weights", type=numbers, metavar="W,W", help="how much of each; default: as much of each")
    blend.add_argument("--size", type=size, metavar="WxH", help="default: as the first picture says, or the model's")
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
        command.add_argument("--seed", type=seed, metavar="N", help="default: random")
        command.add_argument("--count", type=whole, default=1, metavar="N", help=f"pictures, 1 to {MAX_COUNT}")
        command.add_argument("--preview", action="store_true", help="show what grows in FOLDER/preview.jpg")
        command.add_argument(
            "-o", "--output", type=Path, default=Path("pictures"), metavar="FOLDER", help="default: pictures"
        )
    for command in (outpaint, edit, blend):
        command.add_argument("--strength", type=number, metavar="S", help="how much to change, 0 to 1")


def add_upscale(commands: Commands) -> None:
    """Add what makes pictures larger."""
    command = commands.add_parser("upscale", help="make a picture 2 or 4 times as large, or restore its faces")
    command.set_defaults(run=_upscale)
    command.add_argument("picture", type=Path, metavar="PICTURE", help="a PNG, JPEG, WebP or GIF file")
    command.add_argument("--factor", type=whole, default=2, metavar="1|2|4", help="how many times; default: 2")
    command.add_argument(
        "--model", metavar="NAME", help='an installed upscaler, or "lanczos"; default: the installed one that suits'
    )
    command.add_argument(
        "--faces", nargs="?", const="", metavar="NAME", help="restore faces, by this face restorer or the installed one"
    )
    command.add_argument("--face-strength", type=number, metavar="S", help="how much of them shows, 0 to 1 (all)")
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
    painting.add_argument("--strength", type=number, metavar="S", help="how much to change, 0 to 1")
    painting.add_argument("--tile", type=size, metavar="WxH", help="size of the tiles of --by detail")
    painting.add_argument("--seed", type=seed, metavar="N", help="default: random")


def _imagine(options: argparse.Namespace, settings: Settings) -> int:
    request = imagine.request_of(options)
    prepare_folder(request.output)
    return asyncio.run(imagine.run(request, settings, Console(stderr=True)))


def _edit(options: argparse.Namespace, settings: Settings) -> int:
    request = options.request_of(options)
    prepare_folder(request.output)
    return asyncio.run(imagine.run(request, settings, Console(stderr=True)))


def _upscale(options: argparse.Namespace, settings: Settings) -> int:
    if options.by in ("detail", "hires"):
        return _edit(options, settings)
    request = upscale.request_of(options)
    prepare_folder(request.output)
    return asyncio.run(upscale.run(request, settings, Console(stderr=True)))
