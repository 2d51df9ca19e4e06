"""Models from elsewhere: a file at an address, or a repository of the Hugging Face hub."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import httpx2 as httpx
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

from inference.models.catalogue import OnProgress
from inference.models.errors import ModelError
from inference.models.pickles import PICKLE_SUFFIXES
from inference.models.tokenizers import FILES, HUB_ID, clip_folder

#: A longer answer is no model of a family that is known here.
MAX_BYTES = 64 * 2**30
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_CHUNK = 1024 * 1024
_COMPONENTS = ("unet", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", "scheduler")


def is_address(text: str) -> bool:
    """Tell whether the text is a web address."""
    return urlsplit(text).scheme in ("http", "https")


def is_hub_id(text: str) -> bool:
    """Tell whether the text has the form of a hub repository's id, owner/name."""
    return bool(_HUB_ID.fullmatch(text)) and not Path(text).exists()


@contextmanager
def fetched(address: str, folder: Path, on_progress: OnProgress) -> Iterator[Path]:
    """Give a downloaded file under a name that only its ending is taken of, and remove it afterwards.

    Raises ModelError; a broken download leaves nothing.
    """
    suffix = Path(unquote(urlsplit(address).path)).suffix.lower()
    if suffix not in (".safetensors", *PICKLE_SUFFIXES):
        suffix = ".safetensors"
    place = folder / "incoming" / uuid4().hex
    target = place / f"download{suffix}"
    try:
        place.mkdir(parents=True, exist_ok=True)
        _download(address, target, on_progress)
        yield target
    except httpx.HTTPError as error:
        raise ModelError(f"{address} could not be downloaded: {error or type(error).__name__}.") from error
    except OSError as error:
        raise ModelError(
            f"The download could not be written: {error.strerror or error}. Nothing was installed."
        ) from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _download(address: str, target: Path, on_progress: OnProgress) -> None:
    with httpx.stream("GET", address, follow_redirects=True, timeout=60) as answer, target.open("wb") as file:
        if answer.status_code in (401, 403):
            raise ModelError(f"{address} needs a login. Download the file yourself, then `easel models add FILE`.")
        if answer.status_code >= 400:
            raise ModelError(f"{address} answered {answer.status_code} {answer.reason_phrase}. Is the link right?")
        total = int(answer.headers.get("content-length", 0))
        done = 0
        for piece in answer.iter_bytes(_CHUNK):
            done += len(piece)
            if max(done, total) > MAX_BYTES:
                raise ModelError(f"{address} is longer than {MAX_BYTES // 2**30} GiB and was refused.")
            file.write(piece)
            on_progress(done, total)
        if total and done < total:
            raise ModelError(f"The download of {address} broke off at {done:,} of {total:,} bytes. Try again.")


@contextmanager
def fetched_from_hub(hub_id: str, folder: Path, on_progress: OnProgress) -> Iterator[Path]:
    """Give a folder with a hub repository's diffusers model, or its one checkpoint, and remove it afterwards.

    Only weights as safetensors, configurations and vocabularies are downloaded. Raises ModelError.
    """
    place = folder / "incoming" / uuid4().hex
    try:
        place.mkdir(parents=True, exist_ok=True)
        sizes = _hub_files(hub_id)
        wanted = _wanted(hub_id, sizes)
        total, done = sum(sizes[name] for name in wanted), 0
        for name in wanted:
            hf_hub_download(hub_id, name, local_dir=place)
            done += sizes[name]
            on_progress(done, total)
        shutil.rmtree(place / ".cache", ignore_errors=True)
        yield place / wanted[0] if len(wanted) == 1 else place
    except HfHubHTTPError as error:
        raise ModelError(_hub_words(hub_id, error)) from error
    except httpx.HTTPError as error:
        raise ModelError(f"{hub_id} could not be downloaded: {error or type(error).__name__}.") from error
    except OSError as error:
        raise ModelError(f"{hub_id} could not be downloaded or written: {error}. Nothing was installed.") from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def fetch_tokenizer(folder: Path, on_progress: OnProgress) -> Path:
    """Download CLIP's vocabulary into the models folder and return where it is. Raises ModelError."""
    with _collected(HUB_ID, FILES, folder, on_progress) as place:
        target = clip_folder(folder)
        target.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (place / name).replace(target / name)
    return target


@contextmanager
def _collected(hub_id: str, names: tuple[str, ...], folder: Path, on_progress: OnProgress) -> Iterator[Path]:
    place = folder / "incoming" / uuid4().hex
    try:
        place.mkdir(parents=True, exist_ok=True)
        for number, name in enumerate(names, 1):
            hf_hub_download(hub_id, name, local_dir=place)
            on_progress(number, len(names))
        yield place
    except HfHubHTTPError as error:
        raise ModelError(_hub_words(hub_id, error)) from error
    except (OSError, httpx.HTTPError) as error:
        raise ModelError(f"{hub_id} could not be downloaded: {error}. Is there a connection to the hub?") from error
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _hub_files(hub_id: str) -> dict[str, int]:
    listing = HfApi().model_info(hub_id, files_metadata=True).siblings or []
    return {file.rfilename: file.size or 0 for file in listing}


def _wanted(hub_id: str, sizes: dict[str, int]) -> list[str]:
    """Return which files of a repository make the model: half precision where it is offered. Raises ModelError."""
    if "model_index.json" in sizes:
        return ["model_index.json", *(name for part in _COMPONENTS for name in _of_component(part, sizes))]
    checkpoints = [name for name in sizes if "/" not in name and name.endswith(".safetensors")]
    if len(checkpoints) == 1:
        return checkpoints
    if checkpoints:
        names = ", ".join(checkpoints[:5])
        raise ModelError(f"{hub_id} holds several checkpoints ({names}). Give the address of the one you want.")
    raise ModelError(f"{hub_id} holds neither a diffusers model nor a .safetensors checkpoint.")


def _of_component(part: str, sizes: dict[str, int]) -> list[str]:
    inside = [name for name in sizes if name.startswith(f"{part}/") and name.count("/") == 1]
    weights = [name for name in inside if name.endswith(".safetensors")]
    half = [name for name in weights if ".fp16." in name]
    plain = [name for name in weights if ".fp16." not in name and ".non_ema." not in name]
    texts = [name for name in inside if name.endswith((".json", ".txt")) and not name.endswith(".index.json")]
    return sorted([*texts, *(half or plain)])


def _hub_words(hub_id: str, error: HfHubHTTPError) -> str:
    status = getattr(error.response, "status_code", None)
    if status in (401, 403):
        return f"{hub_id} needs a login or does not exist. Accept its terms on the hub and run `hf auth login` first."
    if status == 404:
        return f"There is no repository {hub_id} on the hub. Is the name right?"
    return f"{hub_id} could not be downloaded: {str(error).splitlines()[0]}"
