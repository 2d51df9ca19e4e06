"""One style: its words, what it chooses beside them, and what each of these may be."""

import re
import unicodedata
from collections.abc import Mapping

import msgspec
from pydantic import BaseModel, ConfigDict, Field, field_validator

from bot.errors import UserError
from bot.services.names import named_sampler
from bot.services.sizes import Pixels, parse_size
from bot.texts import Mistake
from inference.protocol.limits import MAX_GUIDANCE_SCALE, MAX_STEPS, require_size
from inference.protocol.names import SAMPLER_NAMES, SCHEDULE_NAMES, split_sampler
from storage.styles import MAX_NAME, MAX_WORDS, NewStyle, StyleSettings

#: Would end `<style:name>`, or divide names where several are chosen.
_UNNAMED = re.compile(r"[<>,]")
#: Of characters that are not to be seen, or change the order of what is; and of line breaks.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


class Style(BaseModel):
    """One style. `{prompt}` stands for what the member wrote; without it, the style's words come after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = "{prompt}"
    negative: str = ""
    #: What it chooses where the member does not. Sampler and size as people write them.
    steps: int | None = Field(default=None, ge=1, le=MAX_STEPS)
    guidance: float | None = Field(default=None, ge=0, le=MAX_GUIDANCE_SCALE)
    sampler: str | None = None
    size: str | None = None
    model: str | None = None

    @field_validator("sampler")
    @classmethod
    def _is_a_sampler(cls, value: str | None) -> str | None:
        if value is not None:
            split_sampler(value)
        return value

    @field_validator("size")
    @classmethod
    def _is_a_size(cls, value: str | None) -> str | None:
        try:
            return value if value is None else _size(value)
        except UserError as error:
            raise ValueError(error.message) from error

    @property
    def settings(self) -> StyleSettings:
        """Return what it chooses beside words."""
        return StyleSettings(
            steps=self.steps, guidance=self.guidance, sampler=self.sampler, size=self.size, model=self.model
        )


#: What there is where the settings name none.
STYLES: Mapping[str, Style] = {
    "photo": Style(prompt="photograph of {prompt}, natural light, sharp focus", negative="drawing, painting"),
    "oil painting": Style(prompt="oil painting of {prompt}, visible brushstrokes, on canvas", negative="photo"),
    "watercolour": Style(prompt="watercolour of {prompt}, soft washes, paper texture", negative="photo"),
    "ink": Style(prompt="ink drawing of {prompt}, bold lines, black and white", negative="photo, colour"),
    "anime": Style(prompt="anime illustration of {prompt}, clean lines", negative="photo"),
    "pixel art": Style(prompt="pixel art of {prompt}, limited palette", negative="photo, blurry"),
    "3d": Style(prompt="3d render of {prompt}, soft studio light", negative="drawing"),
}


def style_of(new: NewStyle) -> Style:
    """Return a style that was checked when it came in: its sampler may have gone since."""
    return Style.model_construct(
        prompt=new.prompt, negative=new.negative_prompt, **msgspec.structs.asdict(new.settings)
    )


def checked_name(name: str) -> str:
    """Return a name as it is kept. Raises Mistake for what cannot be one."""
    hidden = any(unicodedata.category(character) in _HIDDEN for character in name)
    called = unicodedata.normalize("NFC", " ".join(name.split()))
    if hidden or _UNNAMED.search(called) or not 1 <= len(called) <= MAX_NAME:
        raise Mistake("style_name", name=name, most=MAX_NAME)
    return called


def settings_from(
    *,
    steps: int | None = None,
    guidance: float | None = None,
    sampler: str | None = None,
    size: str | None = None,
    model: str | None = None,
) -> StyleSettings:
    """Return settings as people write them, each in its usual form. Raises Mistake and OutOfRange."""
    return StyleSettings(
        steps=steps,
        guidance=guidance,
        sampler=None if sampler is None else _sampler(sampler),
        size=None if size is None else _size(size),
        model=model,
    )


def _sampler(text: str) -> str:
    """Return a sampler's name, with its schedule where that was said. Raises Mistake."""
    sampler, schedule = named_sampler(text)
    return SAMPLER_NAMES[sampler] + (f" {SCHEDULE_NAMES[schedule]}" if schedule else "")


def _size(text: str) -> str:
    """Return a size as it is usually written. Raises Mistake and OutOfRange."""
    size = parse_size(text)
    if isinstance(size, Pixels):
        require_size(size.width, size.height)
        return f"{size.width}x{size.height}"
    return f"{size.width}:{size.height}"


def checked_words(text: str) -> str:
    """Return a style's words. Raises Mistake for too many of them."""
    if len(text) > MAX_WORDS:
        raise Mistake("style_words", most=MAX_WORDS)
    return text.strip()
