"""Requests that tests send: small, valid and always the same for the same arguments."""

from inference.protocol.messages import EngineSettings, Generate, JobId
from inference.protocol.recipe import ContentHash, TextToImage

MODEL_HASH = ContentHash("c" * 64)


def settings(folder: str = "", heartbeat_seconds: float = 0.05) -> EngineSettings:
    return EngineSettings(models_folder=folder, device="cpu", heartbeat_seconds=heartbeat_seconds, threads=1)


def recipe(
    prompt: str = "a red circle",
    steps: int = 4,
    seed: int = 7,
    model: ContentHash = MODEL_HASH,
    **more: object,
) -> TextToImage:
    return TextToImage(
        prompt=prompt,
        model=model,
        width=64,
        height=64,
        steps=steps,
        sampler="euler",
        schedule="normal",
        guidance_scale=5.0,
        seed=seed,
        **more,  # type: ignore[arg-type]
    )


def generate(job: str, prompt: str = "a red circle", steps: int = 4, count: int = 1, **more: object) -> Generate:
    return Generate(job=JobId(job), recipe=recipe(prompt, steps), count=count, **more)  # type: ignore[arg-type]
