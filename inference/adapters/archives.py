"""The zip archives that torch writes, looked at before torch does: plain parts of true sizes, where torch has them."""

import re
import stat
import zipfile
from typing import BinaryIO

from inference.adapters.safety import refused, shown

MAX_PARTS = 20_000
#: The pickle itself holds names and shapes, the tensors lie beside it.
MAX_PICKLE_BYTES = 16 * 2**20
_PARTS = re.compile(
    r"[^/\\]{1,200}/(data\.pkl|version|byteorder|data/\d{1,9}|\.data/serialization_id|\.format_version"
    r"|\.storage_alignment)"
)
_ENCRYPTED = 1


def check_archive(file: BinaryIO, size: int) -> None:
    """Raise Refused unless an archive is such as torch writes."""
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, ValueError, NotImplementedError, EOFError, OSError):
        raise refused("pickle_damaged") from None
    if len(parts) > MAX_PARTS:
        raise refused("archive_crowded", most=MAX_PARTS)
    if not any(part.filename.endswith("/data.pkl") for part in parts):
        raise refused("packed")
    for part in parts:
        _check_part(part)
    if sum(part.file_size for part in parts) > size or len({part.filename for part in parts}) < len(parts):
        raise refused("archive_lies")


def _check_part(part: zipfile.ZipInfo) -> None:
    kind = stat.S_IFMT(part.external_attr >> 16)
    if not _PARTS.fullmatch(part.filename) or kind not in (0, stat.S_IFREG):
        raise refused("archive_odd", name=shown(part.filename))
    if part.compress_type != zipfile.ZIP_STORED or part.flag_bits & _ENCRYPTED:
        raise refused("archive_compressed")
    if part.file_size != part.compress_size:
        raise refused("archive_lies")
    if part.filename.endswith("/data.pkl") and part.file_size > MAX_PICKLE_BYTES:
        raise refused("header_too_large", size=part.file_size, most=MAX_PICKLE_BYTES)
