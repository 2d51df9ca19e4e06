"""CLIP's vocabulary: where it is found, and what to do where it is not.

It is 1.5 MB of other people's data and does not ship with the project; every diffusers folder brings it, single files
do not.
"""

import os
from pathlib import Path
from typing import Literal

from transformers import CLIPTokenizer

from inference.models.architectures import CLIP_L, OPENCLIP
from inference.models.errors import ModelError

#: The repository on the Hugging Face hub that the vocabulary comes from.
HUB_ID = "openai/clip-vit-large-patch14"
FILES = ("vocab.json", "merges.txt")
#: OpenCLIP's models pad with this token instead of with the end of text.
OPENCLIP_PADDING = "!"


def clip_folder(models_folder: Path) -> Path:
    """Return where `easel models fetch-tokenizer` puts the vocabulary."""
    return models_folder / "tokenizers" / "clip"


def find_vocabulary(models_folder: Path) -> Path | None:
    """Return a folder that holds CLIP's vocabulary: the models folder's, else one in the hub's cache, else None."""
    own = clip_folder(models_folder)
    if _complete(own):
        return own
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(os.environ.get("HF_HOME") or "~/.cache/huggingface") / "hub")
    snapshots = cache.expanduser() / f"models--{HUB_ID.replace('/', '--')}" / "snapshots"
    return next((folder for folder in sorted(snapshots.glob("*")) if _complete(folder)), None)


def load_tokenizers(
    path: Path, layout: Literal["folder", "single_file"], family: str, models_folder: Path
) -> tuple[CLIPTokenizer, ...]:
    """Return the tokenizers of a checkpoint's text encoders, in their order. Raises ModelError."""
    if layout == "folder":
        names = ("tokenizer", "tokenizer_2") if family == "sdxl" else ("tokenizer",)
        return tuple(load_tokenizer(path / name) for name in names)
    paddings = [*([None] if family in CLIP_L else []), *([OPENCLIP_PADDING] if family in OPENCLIP else [])]
    return tuple(load_vocabulary(models_folder, padding) for padding in paddings)


def load_vocabulary(models_folder: Path, padding: str | None = None) -> CLIPTokenizer:
    """Return CLIP's tokenizer. Raises ModelError that names the command which fetches it."""
    folder = find_vocabulary(models_folder)
    if folder is None:
        raise ModelError(
            "A single-file checkpoint needs CLIP's vocabulary, which is not installed. "
            "Run `easel models fetch-tokenizer` once (1.5 MB), or install the model as a diffusers folder."
        )
    return load_tokenizer(folder, padding)


def load_tokenizer(folder: Path, padding: str | None = None) -> CLIPTokenizer:
    """Return the tokenizer of a folder with vocab.json and merges.txt. Raises ModelError."""
    if not _complete(folder):
        raise ModelError(f"{folder.name}/ lacks {' or '.join(FILES)}. Download the model's tokenizer folder again.")
    try:
        tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    except (OSError, ValueError) as error:
        raise ModelError(f"The tokenizer in {folder.name}/ cannot be read: {error}") from error
    if padding is not None:
        tokenizer.pad_token = padding
    return tokenizer


def _complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in FILES)
