"""What a picture that somebody sent is, before anything is painted from it: its size, and a mask for it.

The only place where such a picture is decoded besides the engine itself. No torch: it takes no model.
"""

import io

from msgspec.structs import replace
from PIL import Image

from inference.diffusion.pictures import PictureError, decode
from inference.protocol.messages import Examine, Examined, LaunchId
from inference.vision.masks import mask_of, transparency_mask


def examine(command: Examine, launch: LaunchId) -> Examined:
    """Return what a picture is, or why it cannot be used. Slow for a large one: seconds for 64 million pixels."""
    answer = Examined(launch=launch, request=command.request)
    try:
        picture = decode(command.data)
        clear = picture.has_transparency_data and transparency_mask(picture).getextrema() == (0, 255)
        answer = replace(answer, width=picture.width, height=picture.height, transparent=clear)
        if command.mask is not None:
            answer = replace(answer, mask=_png(mask_of(command.mask, picture)))
    except PictureError as error:
        return replace(answer, problem=error.problem)
    return answer


def _png(mask: Image.Image) -> bytes:
    """Return a mask as PNG. What came with the pixels, such as a colour profile, stays behind."""
    mask.info.clear()
    file = io.BytesIO()
    mask.save(file, "PNG", compress_level=1)
    return file.getvalue()
