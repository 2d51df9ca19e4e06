"""A Civitai for one command: a network of its own, in which civitai.com is a server of ours at a public address.

What is typed looks names up, checks addresses and certificates, and connects, as on anybody's machine. Linux alone has
such networks, for root and, where the system lets them, for everybody. They are gone when the command has ended.
"""

import asyncio
import hashlib
import json
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from bot.services.link_hosts import PORT
from tests.adapter_files import lora
from tests.bot.services.link_servers import AUTHORITY, PUBLIC, Internet, answer, led_on, opened
from tests.docs.documents import ROOT

#: The LoRA that is to be had, by the name that prompts call it.
NAME = "lantern"
_MODEL, _VERSION = 7, 70
_SITE, _STORE = "civitai.com", "b2.civitai.com"
_ASIDE = ("unshare", "--net", "--mount")

# <linux/sockios.h>, and the flag of <linux/if.h>.
_GET_FLAGS, _SET_FLAGS, _SET_ADDRESS, _UP = 0x8913, 0x8914, 0x8916, 1


def can_have() -> str:
    """Return why this machine cannot have a network of ours, "" if it can."""
    if sys.platform != "linux":
        return "only Linux has networks of a command's own"
    missing = [program for program in ("unshare", "mount") if shutil.which(program) is None]
    return f"there is no program {missing[0]}" if missing else _refusal()


def said(text: str) -> str:
    """Return a command with a model of this Civitai where the document leaves one open."""
    return re.sub(rf"(https://{re.escape(_SITE)}/models/)…", rf"\g<1>{_MODEL}", text)


def wrapped(text: str) -> str:
    """Return the command that runs a command of `sh` where this Civitai is, with its own folder, output and exit code.

    There `/etc/hosts` may be written to, and `SSL_CERT_FILE` names whom this Civitai's certificate is by.
    """
    # Nothing of the reader's environment is for this interpreter, and nothing of this one for the command.
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from tests.docs import civitai; civitai.main()"
    return shlex.join([*_aside(), sys.executable, "-I", "-c", program, text])


def _aside() -> tuple[str, ...]:
    # Windows has no such numbers, nor such networks: there nothing is typed.
    return _ASIDE if not hasattr(os, "geteuid") or os.geteuid() == 0 else (*_ASIDE, "--map-root-user")


@cache
def _refusal() -> str:
    """Return what the system says to somebody who wants networks and mounts of their own."""
    tried = [*_aside(), "mount", "--bind", "/etc/hosts", "/etc/hosts"]
    ended = subprocess.run(tried, capture_output=True, text=True, errors="replace")
    return "" if ended.returncode == 0 else ended.stderr.strip() or f"{tried[0]} ended with {ended.returncode}"


# Inside -------------------------------------------------------------------------------------------------------------


def main() -> None:
    """Run the command that is the one argument, and end as it does."""
    try:
        _have_addresses()
        _have_names()
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"There is no network of ours: {error}")
    code = asyncio.run(_run(sys.argv[1]))
    # As a shell says that a signal ended it.
    sys.exit(code if code >= 0 else 128 - code)


def _have_addresses() -> None:
    """Have the loopback of this network, and a public address there. Raises OSError."""
    # Windows has none, and reads this module too.
    import fcntl

    flags, address = "=16sh22x", struct.pack("=16sHH4s16x", b"lo:1", socket.AF_INET, 0, socket.inet_aton(PUBLIC))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        # A new network's is down: nobody's own is ever changed.
        if struct.unpack(flags, fcntl.ioctl(control, _GET_FLAGS, struct.pack(flags, b"lo", 0)))[1] & _UP:
            raise OSError("this one is somebody's own")
        fcntl.ioctl(control, _SET_FLAGS, struct.pack(flags, b"lo", _UP))
        fcntl.ioctl(control, _SET_ADDRESS, address)


def _have_names() -> None:
    """Have the sites' names lead here, and nobody asked for others. Raises OSError and CalledProcessError."""
    order = Path("/etc/nsswitch.conf")
    covers = {
        Path("/etc/hosts"): f"127.0.0.1 localhost\n{PUBLIC} {_SITE} {_STORE}\n",
        order: re.sub(r"(?m)^hosts:.*", "hosts: files", order.read_text("utf-8")) if order.exists() else "",
        # A cache of names outside would answer in the place of these files.
        Path("/run/nscd/socket"): "",
    }
    with tempfile.TemporaryDirectory() as folder:
        for number, (path, text) in enumerate(covers.items()):
            if path.exists():
                cover = Path(folder) / str(number)
                cover.write_text(text, "utf-8")
                # What is mounted stays when its own name is gone.
                subprocess.run(["mount", "--bind", str(cover), str(path)], check=True)


async def _run(text: str) -> int:
    try:
        async with opened(PUBLIC, PORT) as internet:
            _fill(internet)
            trusting = os.environ | {"SSL_CERT_FILE": str(AUTHORITY)}
            process = await asyncio.create_subprocess_exec("sh", "-c", text, env=trusting)
            return await process.wait()
    except OSError as error:
        sys.exit(f"There is no Civitai of ours: {error}")


def _fill(internet: Internet) -> None:
    """Have one model, whose file is kept elsewhere, as the site says and keeps them."""
    data = lora(0.05, ("lantern light",))
    download, kept = f"https://{_SITE}/api/download/models/{_VERSION}", f"https://{_STORE}/file/{NAME}.safetensors"
    file = {
        "id": 11,
        "name": f"{NAME}.safetensors",
        "sizeKB": len(data) / 1024,
        "type": "Model",
        "primary": True,
        "hashes": {"SHA256": hashlib.sha256(data).hexdigest().upper()},
        "downloadUrl": download,
    }
    version = {"id": _VERSION, "baseModel": "SD 1.5", "files": [file]}
    model = {"id": _MODEL, "name": "Lantern", "type": "LORA", "modelVersions": [version]}
    page = answer(json.dumps(model).encode(), headers={"Content-Type": "application/json"})
    internet.put(f"https://{_SITE}/api/v1/models/{_MODEL}", page)
    internet.put(download, led_on(kept, "307 Temporary Redirect"))
    internet.put(kept, answer(data))
