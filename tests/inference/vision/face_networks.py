"""Face restorers with random weights, as spandrel builds them from the shapes of their files."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from inference.vision.torchvision_stand_in import torchvision_at_hand

with torchvision_at_hand():
    from spandrel import ImageModelDescriptor
    from spandrel.architectures.GFPGAN import GFPGAN, GFPGANArch
    from spandrel.architectures.RestoreFormer import RestoreFormer


def write_restoreformer(path: Path) -> Path:
    """Write a RestoreFormer with few channels to a file."""
    torch.manual_seed(0)
    size: dict[str, Any] = {"n_embed": 16, "embed_dim": 32, "ch": 32, "num_res_blocks": 1, "z_channels": 32}
    network = RestoreFormer(**size, ch_mult=(1, 1, 1, 1, 1, 1))
    save_file({key: value.contiguous() for key, value in network.state_dict().items()}, path)
    return path


def write_codeformer(path: Path | str) -> None:
    """Write a CodeFormer of one layer as its authors write theirs; needs spandrel_extra_arches."""
    with torchvision_at_hand():
        from spandrel_extra_arches.architectures.CodeFormer import CodeFormer
    torch.manual_seed(0)
    torch.save({"params_ema": CodeFormer(n_layers=1, codebook_size=16, connect_list=["32"]).state_dict()}, path)


def shapes_of_gfpgan() -> dict[str, tuple[int, ...]]:
    """Return the shapes of GFPGAN 1.2 to 1.4's tensors."""
    with torch.device("meta"):
        return {key: tuple(value.shape) for key, value in GFPGAN().state_dict().items()}


def small_gfpgan() -> Any:
    """Return spandrel's descriptor of a GFPGAN with an eighth of the channels."""
    torch.manual_seed(0)
    network = GFPGAN(narrow=0.125)
    for value in network.parameters():
        if value.numel() == 1:
            # How strong its noise is: 0 at first, where it would make no difference.
            torch.nn.init.constant_(value, 0.5)
    return ImageModelDescriptor(
        network,
        network.state_dict(),
        architecture=GFPGANArch(),
        purpose="FaceSR",
        tags=[],
        supports_half=False,
        supports_bfloat16=True,
        scale=1,
        input_channels=3,
        output_channels=3,
    )
