"""`easel models`: install, list, describe and remove models."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn
from rich.table import Table

from inference.models.catalogue import Catalogue, Entry, OnProgress
from inference.models.errors import ModelError
from inference.output import said

FAILED, INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. Mistakes end in one clear sentence on stderr."""
    options = _parser().parse_args(arguments)
    try:
        catalogue = Catalogue(options.folder)
        options.run(options, catalogue)
    except ModelError as error:
        print(f"easel: {error}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("easel: interrupted; nothing was installed.", file=sys.stderr)
        return INTERRUPTED
    return 0


def _parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="easel models", description="Install, list, describe and remove models.")
    whole.add_argument("--folder", type=Path, required=True, help=argparse.SUPPRESS)
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    add = commands.add_parser(
        "add",
        help="install a checkpoint, a VAE, an upscaler or a face restorer",
        description="Install a .safetensors checkpoint (SD 1.x, 2.x, SDXL), a VAE, an upscaler (ESRGAN and "
        "others), a face restorer (GFPGAN and others), or a diffusers folder. Pickles (.ckpt, .pth) are converted "
        "once, without running anything in them.",
        epilog="Examples: easel models add model.safetensors · easel models add owner/name · easel models add https://…",
    )
    add.add_argument("source", metavar="FILE|FOLDER|HUB_ID|URL", help="what to install")
    add.add_argument("--name", help="what to call it; default: the file's name")
    add.add_argument("--prediction", choices=("epsilon", "v_prediction"), help="what it predicts, if found out wrongly")
    add.add_argument("--link", action="store_true", help="leave the weights where they are, and only list them")
    add.set_defaults(run=_add)
    listed = commands.add_parser("list", help="list what is installed")
    listed.add_argument("--json", action="store_true", help="print JSON")
    listed.set_defaults(run=_list)
    described = commands.add_parser("info", help="describe a model")
    described.add_argument("name", metavar="NAME", help="its name, or the beginning of its hash")
    described.add_argument("--json", action="store_true", help="print JSON")
    described.set_defaults(run=_info)
    removed = commands.add_parser("remove", help="uninstall a model")
    removed.add_argument("name", metavar="NAME", help="its name, or the beginning of its hash")
    removed.set_defaults(run=_remove)
    fetch = commands.add_parser(
        "fetch-tokenizer", help="download CLIP's vocabulary, which single-file checkpoints need"
    )
    fetch.set_defaults(run=_fetch_tokenizer)
    return whole


def _add(options: argparse.Namespace, catalogue: Catalogue) -> None:
    with _bar("Installing") as on_progress, _at_hand(options, catalogue, on_progress) as path:
        source = options.source
        name = options.name or _name_in(source)
        before = {entry.hash for entry in catalogue.entries}
        entry = catalogue.add(
            path,
            name=name if options.name else None,
            suggested_name=name,
            source=source,
            prediction=options.prediction,
            link=options.link,
            on_progress=on_progress,
        )
    word = "is installed already as" if entry.hash in before else "is installed as"
    print(f"{source} {word} {entry.name}: {_sentence(entry)}.")


@contextmanager
def _at_hand(options: argparse.Namespace, catalogue: Catalogue, on_progress: OnProgress) -> Iterator[Path]:
    """Give a local safetensors file or folder, downloaded or converted first if need be. Raises ModelError."""
    from inference.models import fetching, pickles

    if fetching.is_address(options.source):
        with (
            fetching.fetched(options.source, catalogue.folder, on_progress) as path,
            _converted(path, pickles) as plain,
        ):
            yield plain
    elif fetching.is_hub_id(options.source):
        with fetching.fetched_from_hub(options.source, catalogue.folder, on_progress) as path:
            yield path
    else:
        path = Path(options.source)
        if not path.exists():
            raise ModelError(f"There is no file or folder {options.source}. Is the path right?")
        with _converted(path, pickles) as plain:
            yield plain


@contextmanager
def _converted(path: Path, pickles: Any) -> Iterator[Path]:
    if path.is_dir() or path.suffix.lower() not in pickles.PICKLE_SUFFIXES:
        yield path
        return
    with TemporaryDirectory(prefix="easel-") as folder:
        target = Path(folder) / f"{path.stem}.safetensors"
        print(f"Converting {path.name} to safetensors …", file=sys.stderr)
        pickles.convert(path, target)
        yield target


def _name_in(source: str) -> str:
    path = Path(source.split("?", 1)[0].rstrip("/"))
    return path.stem if path.suffix in (".safetensors", ".ckpt", ".pth") else path.name


def _list(options: argparse.Namespace, catalogue: Catalogue) -> None:
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(catalogue.entries), indent=2).decode())
        return
    table = Table("Name", "Kind", "Family", "Size", "Pixels", "Hash", box=None)
    for entry in catalogue.entries:
        kind = "inpainting" if entry.inpainting else "instruct" if entry.instructs else entry.kind
        side = f"x{entry.factor}" if entry.kind == "upscaler" else f"{entry.side}x{entry.side}"
        family = "" if entry.kind in ("upscaler", "face_restorer") else entry.family
        table.add_row(entry.name, kind.replace("_", " "), family, decimal(entry.bytes), side, entry.hash[:10])
    Console().print(table)


def _info(options: argparse.Namespace, catalogue: Catalogue) -> None:
    entry = catalogue.find(options.name)
    fields = {**msgspec.structs.asdict(entry), "path": str(catalogue.path(entry))}
    if options.json:
        print(json.dumps(fields, indent=2))
        return
    for name, value in fields.items():
        if value is not None:
            print(f"{name + ':':12} {value}")


def _remove(options: argparse.Namespace, catalogue: Catalogue) -> None:
    entry = catalogue.remove(options.name)
    kept = f" Its weights stay at {entry.linked}." if entry.linked else f" {decimal(entry.bytes)} are free again."
    print(f"{entry.name} is removed.{kept}")


def _fetch_tokenizer(options: argparse.Namespace, catalogue: Catalogue) -> None:
    from inference.models.fetching import fetch_tokenizer

    place = fetch_tokenizer(catalogue.folder, lambda done, total: None)
    print(f"CLIP's vocabulary is in {place}.")


def _sentence(entry: Entry) -> str:
    if entry.kind == "upscaler":
        what = f"upscaler, {entry.factor} times as large"
    elif entry.kind == "face_restorer":
        what = f"face restorer, {entry.side}x{entry.side} pixels"
    elif entry.kind == "vae":
        what = f"VAE, {entry.prediction}"
    else:
        special = "inpainting " if entry.inpainting else "instruct-pix2pix " if entry.instructs else ""
        what = f"{entry.family} {special}checkpoint, {entry.prediction}"
    return f"{what}, {decimal(entry.bytes)}, hash {entry.hash[:10]}"


@contextmanager
def _bar(text: str) -> Iterator[Callable[[int, int], None]]:
    """Give a callback that moves a progress bar on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(text), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(text, total=None)

        def move(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        yield move


if __name__ == "__main__":
    sys.exit(said(main))
