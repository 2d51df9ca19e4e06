"""`easel doctor`: what was found on this machine, and what to do about what is missing."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import psutil
import torch

from inference import __version__
from inference.extras import to_install
from inference.findings import Finding
from inference.models.catalogue import Catalogue
from inference.models.device import choose_device, choose_dtype, device_name, installed_version, memory_bytes
from inference.models.errors import ModelError
from inference.models.tokenizers import find_vocabulary
from inference.output import said
from inference.surroundings import disk, folders, in_container, memory_limit, why_no_gpu
from inference.vision.safety import open_checker

_GIB = 2**30
#: In less memory than this SDXL's weights leave no room for a pass (`python -m benchmarks memory`).
SDXL_BYTES = 7 * _GIB


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings; return 1 where something is bad."""
    options = argparse.ArgumentParser(prog="easel doctor", description=__doc__)
    options.add_argument("--folder", type=Path, required=True, help=argparse.SUPPRESS)
    options.add_argument("--data", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--checker", default="", help=argparse.SUPPRESS)
    options.add_argument("--json", action="store_true", help="print JSON")
    chosen = options.parse_args(arguments)
    findings = examine(chosen.folder, chosen.checker, chosen.data)
    if chosen.json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            mark = {"ok": "✓", "note": "·", "bad": "✗"}[finding.state]
            print(f"{mark} {finding.subject + ':':12} {finding.found}")
            if finding.advice:
                print(f"{'':15}→ {finding.advice}")
    return int(any(finding.state == "bad" for finding in findings))


def examine(folder: Path, checker: str = "", data: Path | None = None) -> list[Finding]:
    """Return everything that was found, in the order in which a person would look.

    `folder` is the models' and `data` that of the database and the pictures; without it, the models' stands for both.
    """
    places = {"models": folder} if data is None else {"models": folder, "database and pictures": data}
    return [
        *_versions(),
        *_device(),
        *memory_limit(psutil.virtual_memory().total),
        _attention(),
        _upscaling(),
        _faces(),
        _checker(checker),
        *_models(folder),
        _vocabulary(folder),
        *folders(places),
        *disk(folder, data or folder),
    ]


def _versions() -> list[Finding]:
    packages = ("torch", "diffusers", "transformers", "accelerate", "safetensors")
    versions = ", ".join(f"{package} {installed_version(package) or 'missing'}" for package in packages)
    advice = "" if "missing" not in versions else "In its folder, run pip install -c constraints.txt -e ."
    system = f"easel {__version__}, Python {platform.python_version()}, {platform.platform(terse=True)}"
    system += ", in a container" if in_container() else ""
    return [Finding("ok", "system", system), Finding("bad" if advice else "ok", "packages", versions, advice)]


def _device() -> list[Finding]:
    wanted = os.environ.get("EASEL_DEVICE", "auto")
    try:
        device = choose_device(wanted)
    except ModelError as error:
        return [Finding("bad", "device", str(error), "Set EASEL_DEVICE to one that is there, or leave it out.")]
    memory = memory_bytes(device)
    dtype = str(choose_dtype(os.environ.get("EASEL_DTYPE", "auto"), device)).removeprefix("torch.")
    text = f"{device} ({device_name(device)}), {memory / _GIB:.0f} GiB, {dtype}"
    if device.type == "cpu":
        advice = "" if wanted == "cpu" else why_no_gpu(torch.version.cuda)
        return [Finding("note", "device", text, advice)]
    low = memory < SDXL_BYTES
    return [Finding("note" if low else "ok", "device", text, "SDXL will not fit; SD 1.x will." if low else "")]


def _attention() -> Finding:
    version = installed_version("xformers")
    if version is not None:
        return Finding("ok", "attention", f"torch's own, and xformers {version} (EASEL_ATTENTION=xformers uses it)")
    return Finding("ok", "attention", "torch's own (xformers is not installed, and not needed)")


def _upscaling() -> Finding:
    version = installed_version("spandrel")
    if version is not None:
        return Finding("ok", "upscaling", f"by networks (spandrel {version}), and by Lanczos's filter")
    advice = f"For networks such as Real-ESRGAN: {to_install('upscale')}"
    return Finding("note", "upscaling", "by Lanczos's filter (spandrel is not installed)", advice)


def _faces() -> Finding:
    version = installed_version("opencv-python-headless")
    if version is not None:
        return Finding("ok", "faces", f"found by OpenCV {version}, for face restorers such as GFPGAN")
    advice = f"To restore faces: {to_install('upscale')}"
    return Finding("note", "faces", "not restored (opencv-python-headless is not installed)", advice)


def _checker(named: str) -> Finding:
    if not named:
        advice = "Servers that want pictures checked are shown none until EASEL_SAFETY_CHECKER names what does so."
        return Finding("note", "checker", "none", advice)
    try:
        return Finding("ok", "checker", open_checker(Path(named).expanduser()).description)
    except ModelError as error:
        advice = "Until it can, pictures are withheld where a server wants them checked. docs/operator.md says more."
        return Finding("bad", "checker", f"the check cannot run: {error}", advice)


def _models(folder: Path) -> list[Finding]:
    try:
        catalogue = Catalogue(folder)
    except ModelError as error:
        return [Finding("bad", "models", str(error))]
    findings = []
    gone = [entry for entry in catalogue.entries if not catalogue.path(entry).exists()]
    names = ", ".join(entry.name for entry in catalogue.entries) or "none"
    findings.append(Finding("ok" if names != "none" else "bad", "models", f"{names} (in {folder})"))
    for entry in gone:
        advice = f"Run `easel models remove {entry.name}` and add it again."
        findings.append(
            Finding("bad", "models", f"{entry.name} is listed, but gone from {catalogue.path(entry)}", advice)
        )
    if len(catalogue.entries) == 1:
        findings.append(
            Finding(
                "note", "models", "only the sample model", "`easel models add <file | folder | hub id | URL>` adds one."
            )
        )
    return findings


def _vocabulary(folder: Path) -> Finding:
    place = find_vocabulary(folder)
    if place is not None:
        return Finding("ok", "vocabulary", f"CLIP's, in {place}")
    advice = (
        "Single-file checkpoints need it: run `easel models fetch-tokenizer` once. Diffusers folders bring their own."
    )
    return Finding("note", "vocabulary", "CLIP's is not installed", advice)


if __name__ == "__main__":
    sys.exit(said(main))
