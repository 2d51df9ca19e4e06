"""Every command, used in the page by somebody: what they fill in, and what they then see."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Locator

from bot.app import Easel
from playground import Playground
from playground.messages import EPHEMERAL
from tests.page.browser import Window
from tests.page.conftest import Opens

#: The channel is as wide as a document's column.
WIDTH, HEIGHT = 72 + 240 + 720, 1500

Play = Callable[["Stage", "Scene"], Awaitable[None]]


@dataclass(frozen=True)
class Scene:
    """The use of a command, or of a message's menu."""

    #: "admin models deny"; of a menu "menu Vary".
    command: str
    #: Words of the answer; all of them are there.
    sees: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    #: By option, the name of a file of the stage.
    files: Mapping[str, str] = field(default_factory=dict)
    #: Whoever plays all of them, where it is not said.
    by: str = ""
    #: How it is used, where that is not by filling it in and reading one answer.
    play: Play | None = None
    #: A button of the answer that is there when all of it is.
    until: str = ""

    @property
    def picture(self) -> str:
        """Return the name of its picture."""
        return picture_of(self.command)


def picture_of(command: str) -> str:
    """Return the name of a command's picture."""
    return command.lower().replace(" ", "-")


def scene(
    command: str,
    *sees: str,
    by: str = "",
    files: Mapping[str, str] | None = None,
    play: Play | None = None,
    until: str = "",
    **options: Any,
) -> Scene:
    """Return a scene; an option that Python keeps for itself ends with an underscore."""
    chosen = {name.rstrip("_").replace("__", "-"): value for name, value in options.items()}
    return Scene(command, sees, chosen, files or {}, by, play, until)


class Stage:
    """A server with the bot, and the windows of those who are in it."""

    def __init__(self, playground: Playground, easel: Easel, opens: Opens, folder: Path) -> None:
        self.playground, self.easel, self.folder = playground, easel, folder
        self._opens = opens
        self._windows: dict[tuple[str, str], Window] = {}
        #: What holds the worker.
        self.until_cancelled = ExitStack()

    async def window(self, person: str, channel: str = "general") -> Window:
        """Return somebody's window, opened on first use."""
        if (person, channel) not in self._windows:
            self._windows[person, channel] = await self._opens(person, channel, width=WIDTH, height=HEIGHT)
        return self._windows[person, channel]

    def file(self, name: str, data: bytes | None = None) -> Path:
        """Return where a file is; `data` makes it."""
        path = self.folder / name
        if data is not None:
            path.write_bytes(data)
        return path

    async def play(self, scene: Scene) -> None:
        """Play a scene, see what it shows, and keep a picture of it."""
        if scene.play is not None:
            await scene.play(self, scene)
        else:
            await self.show(scene)

    async def asked(self, scene: Scene) -> tuple[Window, bytes | None, Locator]:
        """Use a scene's command; return the window, how its form looks, and the answers to come."""
        window = await self.window(scene.by)
        # What others were answered just before is not taken for this answer.
        seen = self.playground.person(scene.by).messages()
        for newest in [each["id"] for each in seen if not each["flags"] & EPHEMERAL][-1:]:
            await window.page.locator(f'li.message[data-message="{newest}"]').wait_for()
        answers = await window.since()
        form = await window.begin(scene.command)
        await window.fill(form, scene.options, {option: self.file(name) for option, name in scene.files.items()})
        filled = await window.view(form) if scene.options or scene.files else None
        await form.get_by_role("button", name=f"Send /{scene.command}").click()
        return window, filled, answers

    async def show(self, scene: Scene) -> Locator:
        """Use a scene's command, see its answer, keep both in a picture, and return the answers."""
        window, filled, answers = await self.asked(scene)
        await self.seen(window, answers, scene)
        await window.keep(f"commands/{scene.picture}", *([filled] if filled else []), await window.view(answers))
        return answers

    async def seen(self, window: Window, answers: Locator, scene: Scene) -> None:
        """Wait until the answers are complete, and look for what they say."""
        if scene.until:
            await window.button(scene.until, answers.last).wait_for()
        for words in scene.sees:
            await answers.filter(has_text=words).first.wait_for()
        await answers.locator(".thinking").first.wait_for(state="detached")
        # Who looked at something older has left the end.
        await window.page.locator("#messages").evaluate("each => each.scrollTo(0, each.scrollHeight)")
        assert not await answers.locator(".failure:not([hidden])").count()


async def perform(stage: Stage, scenes: Sequence[Scene]) -> None:
    """Play scenes one after the other."""
    for each in scenes:
        try:
            await stage.play(each)
        except Exception as error:
            error.add_note(f"in the scene /{each.command}")
            raise


async def unshown(stage: Stage, scene: Scene) -> None:
    """Use a command for what it does; the picture of it is another scene's."""
    window, _filled, answers = await stage.asked(scene)
    await stage.seen(window, answers, scene)


async def dialog_kept(window: Window, scene: Scene, *before: bytes | None) -> Locator:
    """Wait for a form that says what the scene sees, keep a picture of it, and return it."""
    dialog = window.page.get_by_role("dialog")
    await dialog.wait_for()
    for words in scene.sees:
        await dialog.filter(has_text=words).first.wait_for()
    await window.keep(f"commands/{scene.picture}", *(each for each in before if each), await window.view(dialog))
    return dialog


async def left(window: Window, dialog: Locator) -> None:
    """Leave a form without sending it."""
    await dialog.get_by_role("button", name="Cancel").click()
    await dialog.wait_for(state="detached")
