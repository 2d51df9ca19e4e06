"""The names people know, and the keys that recipes store for them."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from types import MappingProxyType

#: Sampler key -> display name, as AUTOMATIC1111 and ComfyUI users know it.
SAMPLER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "euler": "Euler",
        "euler_a": "Euler a",
        "heun": "Heun",
        "lms": "LMS",
        "dpm2": "DPM2",
        "dpm2_a": "DPM2 a",
        "dpmpp_2s_a": "DPM++ 2S a",
        "dpmpp_2m": "DPM++ 2M",
        "dpmpp_sde": "DPM++ SDE",
        "dpmpp_2m_sde": "DPM++ 2M SDE",
        "dpmpp_3m_sde": "DPM++ 3M SDE",
        "dpm_fast": "DPM fast",
        "dpm_adaptive": "DPM adaptive",
        "ddim": "DDIM",
        "plms": "PLMS",
        "unipc": "UniPC",
        "deis": "DEIS",
        "lcm": "LCM",
        "tcd": "TCD",
    }
)

#: Sampler key -> how often a step asks the network, where that is more than once; the last step may ask once.
EVALUATIONS: Mapping[str, int] = MappingProxyType(
    {"heun": 2, "dpm2": 2, "dpm2_a": 2, "dpmpp_2s_a": 2, "dpmpp_sde": 2, "dpm_adaptive": 3}
)

#: Schedule key -> display name.
SCHEDULE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "normal": "Normal",
        "karras": "Karras",
        "exponential": "Exponential",
        "sgm_uniform": "SGM Uniform",
        "simple": "Simple",
        "beta": "Beta",
        "ddim_uniform": "DDIM Uniform",
    }
)

#: Spellings that are neither a key nor a display name, met in other programs.
_SAMPLER_ALIASES = {
    "euler ancestral": "euler_a",
    "euler_ancestral": "euler_a",
    "k_dpm_2": "dpm2",
    "k_dpm_2_a": "dpm2_a",
    "dpm_2": "dpm2",
    "dpm_2_ancestral": "dpm2_a",
    "dpm2 ancestral": "dpm2_a",
    "dpmpp_2s_ancestral": "dpmpp_2s_a",
    "dpm++ 2s ancestral": "dpmpp_2s_a",
    "pndm": "plms",
    "uni_pc": "unipc",
}


class UnknownName(ValueError):
    """A name that none of the known ones matches; `nearest` holds what the person may have meant."""

    def __init__(self, kind: str, given: str, known: Iterable[str]) -> None:
        self.kind = kind
        self.given = given
        self.known = tuple(known)
        self.nearest = nearest(given, self.known)
        hint = f"did you mean {' or '.join(self.nearest)}?" if self.nearest else f"known: {', '.join(self.known)}"
        super().__init__(f"there is no {kind} named {given[:80]!r}; {hint}")


def nearest(given: str, known: Iterable[str]) -> tuple[str, ...]:
    """Return up to three of `known` that look like `given`, the likeliest first, ignoring case."""
    by_folded = {name.casefold(): name for name in known}
    return tuple(by_folded[match] for match in get_close_matches(given.casefold(), by_folded, n=3, cutoff=0.5))


def sampler_key(text: str) -> str:
    """Return the key of the sampler that `text` names, however it is spelt.

    ComfyUI's and k-diffusion's "sample_euler", "k_euler_a" and "dpmpp_sde_gpu" are among these. Raises UnknownName.
    """
    with suppress(UnknownName):
        return _find("sampler", text, SAMPLER_NAMES, _SAMPLER_ALIASES)
    bare = text.strip().casefold().removeprefix("sample_").removeprefix("k_").removesuffix("_gpu")
    with suppress(UnknownName):
        return _find("sampler", bare, SAMPLER_NAMES, _SAMPLER_ALIASES)
    raise UnknownName("sampler", text, SAMPLER_NAMES.values())


def split_sampler(text: str) -> tuple[str, str | None]:
    """Return the keys of the sampler and, or None, of the schedule in one name: "DPM++ 2M Karras", "Euler a".

    AUTOMATIC1111 before 1.9 wrote both as one name. Raises UnknownName.
    """
    words = text.split()
    for count in range(1, min(3, len(words))):
        with suppress(UnknownName):
            return sampler_key(" ".join(words[:-count])), schedule_key(" ".join(words[-count:]))
    return sampler_key(text), None


def schedule_key(text: str) -> str:
    """Return the key of the schedule that `text` names: a key or a display name, in any case.

    Raises UnknownName.
    """
    return _find("schedule", text, SCHEDULE_NAMES, {})


def _find(kind: str, text: str, names: Mapping[str, str], aliases: Mapping[str, str]) -> str:
    folded = " ".join(text.casefold().split())
    known = {name.casefold(): key for key, name in names.items()}
    for table in (known, aliases):
        if folded in table:
            return table[folded]
    key = folded.replace(" ", "_")
    if key in names:
        return key
    raise UnknownName(kind, text, names.values())
