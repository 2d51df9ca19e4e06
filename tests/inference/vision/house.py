"""A painter with upscalers and a face restorer installed, pictures to make larger, and a portrait.

The portrait is Eileen Collins's by NASA, which is in the public domain and comes with scikit-image.
"""

import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage import data as photographs

from inference.models.catalogue import Catalogue, Entry
from inference.protocol.messages import EngineSettings, Event, Finished, Generate, JobId, LaunchId
from inference.protocol.recipe import AnyRecipe, ContentHash, Upscale
from inference.worker.studio import Studio
from tests.inference.vision.face_networks import write_restoreformer
from tests.inference.vision.networks import write_esrgan

E = TypeVar("E")

#: Where her eyes are, as they are seen by people.
EYES = (202 + 102j, 245 + 104j)


def portrait() -> Image.Image:
    """Return the portrait, 512x512 pixels."""
    return Image.fromarray(photographs.astronaut())


def crowd(columns: int, rows: int) -> Image.Image:
    """Return so many of her heads, 160x160 pixels each."""
    head = portrait().crop((145, 35, 305, 195))
    picture = Image.new("RGB", (160 * columns, 160 * rows))
    for number in range(columns * rows):
        picture.paste(head, (number % columns * 160, number // columns * 160))
    return picture


class House:
    """A painter with an upscaler installed, and the events it sent."""

    def __init__(self, folder: Path) -> None:
        catalogue = Catalogue(folder / "models")
        self.sample = catalogue.entries[0].hash
        self.upscalers: dict[int, Entry] = {
            factor: catalogue.add(write_esrgan(folder / f"x{factor}.safetensors", factor)) for factor in (2, 4)
        }
        self.restorer = catalogue.add(write_restoreformer(folder / "faces.safetensors"))
        self.events: list[Event] = []
        settings = EngineSettings(models_folder=str(folder / "models"), device="cpu", threads=1)
        self.studio = Studio(settings, LaunchId("launch"), self.events.append)

    def ask(
        self,
        job: str,
        data: bytes,
        factor: int = 2,
        network: int | None = 4,
        faces: bool = False,
        strength: float = 1.0,
        **more: Any,
    ) -> None:
        name = ContentHash(hashlib.sha256(data).hexdigest())
        model = None if network is None else self.upscalers[network].hash
        restorer = self.restorer.hash if faces else None
        wanted: AnyRecipe = Upscale(
            image=name,
            factor=factor,  # type: ignore[arg-type]
            model=model,
            faces=restorer,
            face_strength=strength,
        )
        self.studio.handle(Generate(job=JobId(job), recipe=wanted, images={name: data}, **more))

    def run(self, until: Callable[[], object] = lambda: False) -> None:
        for _ in range(10_000):
            if not self.studio.tick() or until():
                return
        raise AssertionError("the painter does not come to an end")

    def pixels(self, job: str) -> NDArray[np.uint8]:
        """Return the finished picture of a job (H, W, 3)."""
        (finished,) = self.of(Finished, job)
        return np.asarray(Image.open(io.BytesIO(finished.pictures[0].data)))

    def of(self, kind: type[E], job: str) -> list[E]:
        return [event for event in self.events if isinstance(event, kind) and getattr(event, "job", None) == job]


def saved(picture: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def red(width: int = 100, height: int = 80, mode: str = "RGB") -> Image.Image:
    return Image.new("RGB", (width, height), (200, 30, 40)).convert(mode)
