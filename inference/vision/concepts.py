"""diffusers' safety checker: a CLIP vision network, and the concepts that a picture must not be too near to."""

import logging
import tempfile
from pathlib import Path
from typing import Any

import torch
from diffusers.pipelines.stable_diffusion import safety_checker as diffusers_checker
from PIL import Image
from safetensors import SafetensorError
from safetensors.torch import load_file
from transformers import CLIPConfig
from transformers.utils import logging as transformers_logging

from inference.models import pickles
from inference.models.errors import ModelError
from inference.vision.preprocessing import CLIP_MEAN, CLIP_STD, FILE, Preprocessing, described
from inference.vision.safety import Judgement

_CONFIG = "config.json"
_WEIGHTS = ("model.safetensors", "model.fp16.safetensors", "pytorch_model.bin", "pytorch_model.fp16.bin")
#: What a wrong configuration, or weights that do not fit it, raise.
_MISFITS = (OSError, RuntimeError, KeyError, ValueError, TypeError, AttributeError, SafetensorError)


class ConceptChecker:
    """The checker of a folder as diffusers writes it. Runs on the CPU: it takes no memory from what paints."""

    def __init__(self, folder: Path) -> None:
        """Load it. Raises ModelError."""
        weights = next((folder / name for name in _WEIGHTS if (folder / name).is_file()), None)
        if weights is None or not (folder / _CONFIG).is_file():
            raise ModelError(
                f"{folder} holds no safety checker: {_CONFIG} and {_WEIGHTS[0]} are wanted, as in the folder "
                "safety_checker of a Stable Diffusion model, or a file model.onnx."
            )
        self._model = _loaded(folder, weights)
        side = int(self._model.config.vision_config.image_size)
        # Beside the weights, or where a whole pipeline keeps it.
        places = (folder / FILE, folder.parent / "feature_extractor" / FILE)
        extractor = next((path for path in places if path.is_file()), None)
        self._preprocessing = (
            Preprocessing(width=side, height=side, mean=CLIP_MEAN, std=CLIP_STD)
            if extractor is None
            else described(extractor, side)
        )
        if (self._preprocessing.width, self._preprocessing.height) != (side, side):
            raise ModelError(f"{extractor} prepares pictures of another size than the {side} pixels of {folder}.")
        self.files = (folder / _CONFIG, weights, *([] if extractor is None else [extractor]))
        self.description = f"diffusers' safety checker in {folder}"
        self._seen: torch.Tensor | None = None
        self._model.visual_projection.register_forward_hook(self._note)

    def _note(self, _module: Any, _given: Any, embeddings: torch.Tensor) -> None:
        self._seen = embeddings

    @torch.inference_mode()
    def judge(self, picture: Image.Image) -> Judgement:
        """Judge an RGB picture: it is flagged where any view of it is. Raises ModelError."""
        flagged = False
        for view in self._preprocessing.views(picture):
            # What it would black out is a stand-in: only the decision is wanted.
            _, found = self._model(torch.from_numpy(view)[None], torch.zeros(1, 1))
            seen = self._seen
            if seen is None or not bool(torch.isfinite(seen).all()) or not bool(seen.any()):
                raise ModelError("The safety checker gives numbers that mean nothing; its file may be damaged.")
            flagged = flagged or bool(found[0])
        return Judgement(flagged)


def _loaded(folder: Path, weights: Path) -> Any:
    """Return the network in float32. Raises ModelError unless every one of its tensors is there, and finite."""
    transformers_logging.disable_progress_bar()
    # It announces black pictures, and there are none.
    diffusers_checker.logger.setLevel(logging.ERROR)
    try:
        config = CLIPConfig.from_pretrained(folder, local_files_only=True)
        model, told = diffusers_checker.StableDiffusionSafetyChecker.from_pretrained(
            None, config=config, state_dict=_tensors(weights), dtype=torch.float32, output_loading_info=True
        )
    except _MISFITS as error:
        if isinstance(error, ModelError):
            raise
        words = (str(error) or type(error).__name__).splitlines()[0][:300]
        raise ModelError(f"The safety checker in {folder} cannot be loaded: {words}") from None
    lacking = [*told["missing_keys"], *(key[0] for key in told["mismatched_keys"])]
    if lacking:
        raise ModelError(f"{weights} is no whole safety checker: {sorted(lacking)[0]} is missing or of a wrong shape.")
    if not all(bool(torch.isfinite(tensor).all()) for tensor in model.state_dict().values()):
        raise ModelError(f"{weights} holds numbers that are none; it may be damaged.")
    return model.eval().requires_grad_(False)


def _tensors(weights: Path) -> dict[str, torch.Tensor]:
    """Return the tensors of a file; a pickle is read in a process of its own. Raises ModelError, SafetensorError."""
    if weights.suffix == ".safetensors":
        return dict(load_file(weights))
    with tempfile.TemporaryDirectory(prefix="easel-checker-") as folder:
        converted = Path(folder) / "model.safetensors"
        pickles.convert(weights, converted)
        # Copies: the file that they are mapped from goes away.
        return {name: tensor.clone() for name, tensor in load_file(converted).items()}
