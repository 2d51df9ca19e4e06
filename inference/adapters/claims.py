"""What an adapter's file says of itself: trigger words, a name, its base model. Never believed, only shown."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping

from inference.protocol.adapters import MAX_NAME_CHARACTERS, MAX_TRIGGER_CHARACTERS, MAX_TRIGGERS

_MAX_JSON_CHARACTERS = 4_000_000
#: A tag that at least this share of the training pictures has belongs to what was trained.
_USUAL_SHARE = 0.5
_NAMES = ("modelspec.title", "ss_output_name", "name")
_MODELS = ("ss_sd_model_name", "ss_base_model_version", "modelspec.architecture")


def triggers(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Return the words that call for what was trained: those that its maker names, else the usual tags of training."""
    told = metadata.get("modelspec.trigger_phrase") or metadata.get("modelspec.trigger_word") or ""
    words = told.split(",") if told.strip() else _usual_tags(metadata.get("ss_tag_frequency", ""))
    cleaned = (_line(word[: 4 * MAX_TRIGGER_CHARACTERS], MAX_TRIGGER_CHARACTERS) for word in words[: 4 * MAX_TRIGGERS])
    return tuple(dict.fromkeys(word for word in cleaned if word))[:MAX_TRIGGERS]


def suggested_name(metadata: Mapping[str, str], word: str = "") -> str:
    """Return a name as it may stand in a prompt, "" where the file has none; `word` is an embedding's own."""
    for name in (*(metadata.get(key, "") for key in _NAMES), word):
        plain = unicodedata.normalize("NFKC", name[:500])
        plain = re.sub(r"\.(?:safetensors|pt|bin|ckpt|pth)$", "", plain.strip(), flags=re.IGNORECASE)
        plain = re.sub(r"[^\w .()+'-]", " ", plain)
        plain = " ".join(plain.split())[:MAX_NAME_CHARACTERS].strip(" .-")
        if plain:
            return plain
    return ""


def base_model(metadata: Mapping[str, str]) -> str:
    """Return the name of the model that it was trained on, "" where the file does not say."""
    for key in _MODELS:
        # Trainers write the whole path, which is nobody's business.
        name = re.split(r"[/\\]", metadata.get(key, "")[:1000])[-1]
        if line := _line(name, MAX_TRIGGER_CHARACTERS):
            return line
    return ""


def _usual_tags(written: str) -> list[str]:
    if not 0 < len(written) <= _MAX_JSON_CHARACTERS:
        return []
    try:
        folders = json.loads(written)
    except (ValueError, RecursionError):
        return []
    counts: Counter[str] = Counter()
    for tags in folders.values() if isinstance(folders, dict) else ():
        for tag, count in tags.items() if isinstance(tags, dict) else ():
            if type(count) is int and 0 < count < 2**31:
                counts[tag.strip()] += count
    if not counts:
        return []
    most = counts.most_common(1)[0][1]
    return [tag for tag, count in counts.most_common(MAX_TRIGGERS) if count >= _USUAL_SHARE * most]


def _line(text: str, most: int) -> str:
    """Return a text in one line of printable characters, without what opens a network in a prompt."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(re.sub(r"[<>`]", " ", plain).split())[:most].strip()
