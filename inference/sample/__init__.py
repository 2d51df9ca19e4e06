"""The embedded sample model: a tiny latent diffusion model that paints coloured shapes, and how it was trained."""

from pathlib import Path

#: A diffusers folder in Stable Diffusion 1.x format.
MODEL_FOLDER = Path(__file__).parent / "model"
#: Small files for it: what `inference.sample.train_adapters` writes.
ADAPTERS_FOLDER = Path(__file__).parent / "adapters"
