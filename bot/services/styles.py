"""Styles: words under a name that are put around a prompt."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict

from bot.texts import Mistake
from inference.protocol.names import nearest


class Style(BaseModel):
    """One style. `{prompt}` stands for what the member wrote; without it, the style's words come after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: str = "{prompt}"
    negative: str = ""

    def around(self, prompt: str) -> str:
        """Return the prompt in this style."""
        if "{prompt}" in self.prompt:
            return self.prompt.replace("{prompt}", prompt)
        return _joined(prompt, self.prompt)

    def around_negative(self, negative: str) -> str:
        """Return the negative prompt in this style."""
        return _joined(negative, self.negative)


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


def find_style(name: str, styles: Mapping[str, Style]) -> Style:
    """Return the style of a name, however it is capitalised. Raises Mistake that names the nearest."""
    for known, style in styles.items():
        if known.casefold() == name.strip().casefold():
            return style
    near = nearest(name, list(styles))
    raise Mistake("no_style_near", name=name, near=", ".join(near)) if near else Mistake("no_style", name=name)


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part.strip())
