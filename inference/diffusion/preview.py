"""A rough picture of latents: a linear map to RGB, a thousandth of the VAE's work."""

import io

from PIL import Image
from torch import Tensor

from inference.protocol.messages import Preview

#: The shorter side of a preview is enlarged to about so many pixels: one latent cell a pixel is too small to see.
_SHORT_SIDE = 192


def preview(latents: Tensor, latent_rgb: Tensor) -> Preview:
    """Return a JPEG of clean latents (C, h, w), by a map (C + 1, 3) whose last row is the bias."""
    cells = latents.float().movedim(0, -1)
    rgb = cells @ latent_rgb[:-1].to(cells) + latent_rgb[-1].to(cells)
    pixels = ((rgb.clamp(-1, 1) + 1) * 127.5).round().byte().cpu().numpy()
    picture = Image.fromarray(pixels, "RGB")
    scale = max(1, _SHORT_SIDE // min(picture.size))
    picture = picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.BILINEAR)
    data = io.BytesIO()
    picture.save(data, "JPEG", quality=80)
    return Preview(data=data.getvalue(), width=picture.width, height=picture.height)
