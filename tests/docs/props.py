"""What people have at hand when they read a document: pictures, models, LoRAs, backups of those names."""

import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from PIL import Image, ImageDraw, PngImagePlugin
from safetensors.torch import load_file

from inference.models.catalogue import Catalogue
from tests.adapter_files import lora
from tests.docs.documents import ROOT
from tests.inference.vision.face_networks import write_restoreformer
from tests.inference.vision.networks import esrgan_state

if TYPE_CHECKING:
    from tests.docs.machine import Machine

_SETTINGS = "a {name}\nSteps: 3, Sampler: Euler a, CFG scale: 5, Seed: 7, Size: 64x64, Model: sample"


def make(machine: "Machine", text: str, path: Path) -> None:
    """Make a file of this path, if it is of a kind that a command takes for granted."""
    for pattern, maker in _MAKERS:
        if re.search(pattern, path.name) and not re.search(r"(?:-o|--output|--to) *$", text.split(path.name)[0]):
            path.parent.mkdir(parents=True, exist_ok=True)
            maker(machine, text, path)
            return


def _picture(_machine: "Machine", _text: str, path: Path) -> None:
    image = Image.new("RGB", (64, 64), "navy")
    ImageDraw.Draw(image).ellipse((15, 20, 45, 50), fill="orange")
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", _SETTINGS.format(name=path.stem))
    if path.suffix == ".png":
        image.save(path, pnginfo=texts)
    else:
        image.save(path)


def _weights(machine: "Machine", text: str, path: Path) -> None:
    if "adapters" in text:
        path.write_bytes(lora())
    else:
        shutil.copyfile(machine.tiny_file("sd1"), path)


def _several(_machine: "Machine", _text: str, path: Path) -> None:
    for number, name in enumerate(("grain", "paper"), 2):
        path.with_name(f"{name}.safetensors").write_bytes(lora(number / 100))


def _pickle(_machine: "Machine", _text: str, path: Path) -> None:
    if "gan_x" in path.name.lower():
        torch.save({"params_ema": esrgan_state(4)}, path)
    else:
        file = write_restoreformer(path.with_suffix(".safetensors"))
        torch.save({"params_ema": load_file(file)}, path)
        file.unlink()


def _backup(machine: "Machine", _text: str, path: Path) -> None:
    """Take the newest that the document itself has made, or make one."""
    if not (made := sorted(machine.data.glob("backups/*.tar"))):
        ran = machine.shell.run(f"'{sys.executable}' -m bot admin backup")
        assert ran.code == 0, ran.err
        made = sorted(machine.data.glob("backups/*.tar"))
    shutil.copyfile(made[-1], path)


_MAKERS: list[tuple[str, Callable[["Machine", str, Path], None]]] = [
    (r"\.(png|jpe?g|webp)$", _picture),
    (r"^[^*]*\.safetensors$", _weights),
    (r"^\*\.safetensors$", _several),
    (r"\.(pth|ckpt|pt)$", _pickle),
    (r"^easel-\d{8}-\d{6}\.tar$", _backup),
]


def install_models(machine: "Machine", words: list[str]) -> None:
    """Install the models that a painting command asks for by name, or by what they can do."""
    if "easel" not in {Path(word).name for word in words} or "models" in words:
        return
    catalogue = Catalogue(machine.data / "models")
    known = {entry.name for entry in catalogue.entries}
    name = words[words.index("--model") + 1] if "--model" in words else ""
    if "--instruct" in words and not any(entry.instructs for entry in catalogue.entries):
        catalogue.add(machine.tiny_folder("sd1_instruct"), name="instruct")
    elif name and name not in known | {"lanczos"}:
        catalogue.add(machine.tiny_folder("sd1"), name=name)


def wheels(folder: Path) -> Path:
    """Return a folder with empty packages in place of torchvision and xformers, which nothing here may bring."""
    folder.mkdir(exist_ok=True)
    pinned = (ROOT / "constraints.txt").read_text("utf-8")
    for package in ("torchvision", "xformers"):
        version = re.search(rf"^{package}==(\S+)", pinned, re.MULTILINE)
        name = f"{package}-{version[1] if version else '0'}"
        told = f"Metadata-Version: 2.1\nName: {package}\nVersion: {name.removeprefix(f'{package}-')}\n"
        with zipfile.ZipFile(folder / f"{name}-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}.dist-info/METADATA", told)
            wheel.writestr(f"{name}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
            wheel.writestr(f"{name}.dist-info/RECORD", "")
    return folder
