"""Files that were uploaded, and their addresses, which are good for a day."""

from __future__ import annotations

import asyncio
import base64
import secrets
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from playground.clock import Clock
from playground.messages import Attachment, Upload, clean_filename, content_type_of, dimensions_of
from playground.snowflakes import Snowflakes

if TYPE_CHECKING:
    from playground.faults import Fault

_URL_SECONDS = 24 * 3600
#: One grey pixel: everyone's avatar.
_AVATAR = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
)


class Cdn:
    """Keeps the bytes of attachments; the oldest go when there are too many."""

    def __init__(self, clock: Clock, snowflakes: Snowflakes, bytes_kept: int) -> None:
        self._clock, self._snowflakes, self._bytes_kept = clock, snowflakes, bytes_kept
        self._files: dict[int, Upload] = {}
        self._signature = secrets.token_hex(16)
        self.bytes_held = 0
        self.base = ""
        #: Takes a request's fault: method, path and path again.
        self.faults: Callable[[str, str, str], Fault | None] = lambda method, path, template: None

    def store(
        self, upload: Upload, channel_id: int, description: str | None = None, ephemeral: bool = False
    ) -> Attachment:
        """Keep a file and return it as an attachment."""
        snowflake, name = self._snowflakes.draw(), clean_filename(upload.name)
        self._files[snowflake] = upload
        self.bytes_held += upload.size
        self._make_room()
        folder = "ephemeral-attachments" if ephemeral else "attachments"
        expiry = int(self._clock.now()) + _URL_SECONDS
        path = f"{folder}/{channel_id}/{snowflake}/{quote(name)}?ex={expiry:x}&is={expiry - _URL_SECONDS:x}"
        return Attachment(
            id=snowflake,
            filename=name,
            size=upload.size,
            url=f"{self.base}/cdn/{path}&hm={self._signature}&",
            proxy_url=f"{self.base}/media/{path}&hm={self._signature}&",
            content_type=content_type_of(upload),
            dimensions=dimensions_of(upload),
            description=description,
            ephemeral=ephemeral,
        )

    def _make_room(self) -> None:
        while self.bytes_held > self._bytes_kept and len(self._files) > 1:
            self.bytes_held -= self._files.pop(next(iter(self._files))).size

    def discard(self, attachments: Iterable[Attachment]) -> None:
        """Forget files whose message is gone or no longer has them."""
        for attachment in attachments:
            if upload := self._files.pop(attachment.id, None):
                self.bytes_held -= upload.size

    def content(self, attachment_id: int) -> bytes:
        """Return the bytes of an attachment.

        Raises:
            LookupError: It is gone.
        """
        if attachment_id not in self._files:
            raise LookupError("that file is gone")
        return self._files[attachment_id].content

    def add_routes(self, app: web.Application) -> None:
        """Serve the files."""
        for root in ("cdn", "media"):
            for folder in ("attachments", "ephemeral-attachments"):
                app.router.add_get(f"/{root}/{folder}/{{channel_id}}/{{attachment_id}}/{{name}}", self._serve)
        app.router.add_get("/cdn/{kind:avatars|icons|banners|embed}/{rest:.+}", self._serve_avatar)

    async def _serve(self, request: web.Request) -> web.Response:
        if fault := self.faults("GET", request.path, request.path):
            return await _fail(request, fault)
        try:
            upload = self._files[int(request.match_info["attachment_id"])]
            expiry = int(request.query["ex"], 16)
        except (KeyError, ValueError):
            return web.Response(status=404, text="This content is no longer available.")
        if request.query.get("hm") != self._signature or expiry < self._clock.now():
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=upload.content, content_type=content_type_of(upload))

    async def _serve_avatar(self, request: web.Request) -> web.Response:
        return web.Response(body=_AVATAR, content_type="image/png")


async def _fail(request: web.Request, fault: Fault) -> web.Response:
    """Return the answer of a fault, after its delay; status 0 cuts the wire."""
    await asyncio.sleep(fault.delay_seconds)
    if fault.status == 0 and request.transport is not None:
        request.transport.abort()
    return web.Response(status=fault.status or 500)
