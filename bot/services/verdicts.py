"""What the checker says of finished pictures: asked once about each, and kept with it."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Iterable

from bot.errors import EngineDead
from bot.queue.dispatcher import Dispatcher
from inference.protocol.limits import OutOfRange
from inference.protocol.messages import Checked, LaunchId
from inference.protocol.recipe import ContentHash
from storage import ContentFolder, Database, images
from storage.images import Image, ImageId, Verdict

log = logging.getLogger("easel.checks")

#: Pictures at the checker at a time: each is held in memory as a whole.
_AT_ONCE = 4
#: An engine that dies over a picture is asked about it once more.
_TRIES = 2
#: Verdicts of pictures that no request has, such as previews of adapters, which are kept in memory.
_REMEMBERED = 1_000


class Verdicts:
    """Asks the engine. A verdict is good for the checker that gave it; another judges anew."""

    def __init__(self, *, database: Database, pictures: ContentFolder, dispatcher: Dispatcher) -> None:
        self._database = database
        self._pictures = pictures
        self._dispatcher = dispatcher
        self._at_once = asyncio.Semaphore(_AT_ONCE)
        #: Which model checks, as a launch of the engine told.
        self._checker: tuple[LaunchId, ContentHash] | None = None
        self._asked: dict[ImageId, asyncio.Task[Verdict | None]] = {}
        self._remembered: OrderedDict[ContentHash, Verdict] = OrderedDict()
        #: Why pictures could not be checked when that was last tried, in words for the operator; None: they could.
        self.trouble: str | None = None

    @property
    def stopping(self) -> bool:
        """Tell whether the engine is being stopped."""
        return self._dispatcher.board.stopping

    async def stop(self) -> None:
        """Ask nothing more."""
        for task in list(self._asked.values()):
            task.cancel()
        await asyncio.gather(*self._asked.values(), return_exceptions=True)

    # Of a picture ---------------------------------------------------------------------------------------------------

    async def of(self, image: Image) -> Verdict | None:
        """Return what the present checker says of a picture, None where it cannot say. Raises StorageError."""
        if image.verdict is not None and await self.present() == image.verdict.checker:
            return image.verdict
        task = self._asked.get(image.id)
        if task is None:
            task = asyncio.create_task(self._judge(image))
            self._asked[image.id] = task
            task.add_done_callback(lambda done: self._note_asked(image.id, done))
        return await asyncio.shield(task)

    async def of_all(self, found: Iterable[Image]) -> dict[ImageId, Verdict]:
        """Return what the checker says of pictures; without those of which it cannot say. Raises StorageError."""
        every = list(found)
        judged = await asyncio.gather(*map(self.of, every))
        return {image.id: verdict for image, verdict in zip(every, judged, strict=True) if verdict is not None}

    async def by(self, end: float, image: Image) -> Verdict | None:
        """Return what the checker says of a picture, None where that is not known by that time of the loop."""
        try:
            async with asyncio.timeout_at(end):
                return await self.of(image)
        except TimeoutError:
            known = image.verdict
            return known if known is not None and self._known() == known.checker else None

    async def of_content(self, name: ContentHash, data: bytes) -> Verdict | None:
        """Return what the checker says of a picture that no request has, by its content; None where it cannot say."""
        found = self._remembered.get(name)
        if found is None or await self.present() != found.checker:
            async with self._at_once:
                found = await self._judged(data)
        if found is not None:
            self._remembered[name] = found
            while len(self._remembered) > _REMEMBERED:
                self._remembered.popitem(last=False)
        return found

    # The checker ----------------------------------------------------------------------------------------------------

    async def present(self) -> ContentHash | None:
        """Return which model checks, None where that cannot be said."""
        if (known := self._known()) is not None:
            return known
        answer = await self._ask(b"")
        return None if answer is None else answer.checker

    def _known(self) -> ContentHash | None:
        """Return which model checks, if the present launch of the engine has told."""
        ready, told = self._dispatcher.ready, self._checker
        return told[1] if ready is not None and told is not None and told[0] == ready.launch else None

    def _note_asked(self, image_id: ImageId, task: asyncio.Task[Verdict | None]) -> None:
        self._asked.pop(image_id, None)
        # Whoever asked may not wait any more.
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("image=%d could not be checked: %s", image_id, error)

    async def _judge(self, image: Image) -> Verdict | None:
        now = await images.get(self._database, image.id)
        if now is not None and now.verdict is not None and await self.present() == now.verdict.checker:
            return now.verdict
        async with self._at_once:
            data = await self._pictures.read(image.hash)
            found = None if data is None else await self._judged(data)
        if found is not None:
            async with self._database.transaction() as write:
                await images.judge(write, image.id, found)
        return found

    async def _judged(self, data: bytes) -> Verdict | None:
        answer = await self._ask(data)
        if answer is None or answer.flagged is None:
            return None
        return Verdict(flagged=answer.flagged, score=answer.score, checker=answer.checker)

    async def _ask(self, data: bytes) -> Checked | None:
        """Return the checker's answer, None where there is none that could be relied on."""
        problem = ""
        for _ in range(_TRIES):
            try:
                answer = await self._dispatcher.check(data)
            except EngineDead as dead:
                problem = dead.message
                continue
            except (TimeoutError, OutOfRange) as error:
                problem = str(error) or "it takes too long"
                break
            if answer.problem is None and answer.checker:
                self.trouble, self._checker = None, (answer.launch, answer.checker)
                return answer
            problem = answer.problem or "the engine does not say what checks"
            break
        if problem != self.trouble and not self.stopping:
            log.error("the check of pictures cannot run: %s", problem)
        self.trouble = problem
        return None
