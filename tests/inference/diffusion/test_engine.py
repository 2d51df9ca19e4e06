"""The tick: pictures that share passes, join, leave, pause, are cancelled, and fail alone."""

import io
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import pytest
import torch
from PIL import Image

from inference.diffusion.engine import Engine
from inference.diffusion.painting import total_steps
from inference.families.base import Conditioning
from inference.protocol.messages import (
    Cancel,
    Cancelled,
    EngineSettings,
    Event,
    Failed,
    Finished,
    Generate,
    JobId,
    LaunchId,
    Loaded,
    Notice,
    Pause,
    Progress,
    Resume,
    Started,
)
from inference.protocol.names import SAMPLER_NAMES
from inference.protocol.recipe import (
    HiresFix,
    ImageToImage,
    Inpaint,
    Instruct,
    Outpaint,
    Recipe,
    Regions,
    TextToImage,
    Variation,
)
from tests.inference.diffusion.toy import OTHER_TOY, TOY, ToyModel, ToyModels


class Studio:
    """An engine over toys, with the events it sent."""

    def __init__(self, models: ToyModels | None = None, **settings: object) -> None:
        self.models = models or ToyModels()
        self.events: list[Event] = []
        self.engine = Engine(
            self.models,
            EngineSettings(models_folder="", **settings),  # type: ignore[arg-type]
            LaunchId("launch"),
            self.events.append,
        )

    @property
    def toy(self) -> ToyModel:
        return self.models.models[TOY]

    def ask(self, job: str, recipe: Recipe, **options: object) -> None:
        self.engine.handle(Generate(job=JobId(job), recipe=recipe, **options))  # type: ignore[arg-type]

    def run(self) -> None:
        for _ in range(10_000):
            if not self.engine.tick():
                return
        raise AssertionError("the engine does not come to an end")

    def of(self, kind: type, job: str | None = None) -> list:
        return [
            event for event in self.events if isinstance(event, kind) and job in (None, getattr(event, "job", None))
        ]

    def pixels(self, job: str, index: int = 0) -> np.ndarray:
        (finished,) = self.of(Finished, job)
        return np.asarray(Image.open(io.BytesIO(finished.pictures[index].data)), np.int16)


def recipe(**changes: object) -> TextToImage:
    base = TextToImage(
        prompt="a red circle",
        model=TOY,
        width=64,
        height=64,
        steps=6,
        sampler="euler",
        schedule="karras",
        guidance_scale=5.0,
        seed=1,
    )
    return msgspec.structs.replace(base, **changes)


def alone(wanted: Recipe, **options: object) -> np.ndarray:
    studio = Studio()
    studio.ask("alone", wanted, **options)
    studio.run()
    return studio.pixels("alone")


MIXED = [
    recipe(seed=1),
    recipe(seed=2, steps=9, sampler="euler_a", prompt="a blue square", negative_prompt="blurry"),
    recipe(seed=3, steps=4, sampler="heun", guidance_scale=1.0),
    recipe(seed=4, steps=7, sampler="dpmpp_2m", schedule="normal", guidance_scale=9.5),
    recipe(seed=5, steps=5, sampler="ddim", prompt="x" * 400),
]


def test_pictures_of_a_mixed_batch_equal_those_made_alone() -> None:
    studio = Studio()
    for index, wanted in enumerate(MIXED):
        studio.ask(f"job{index}", wanted)
    studio.run()
    for index, wanted in enumerate(MIXED):
        assert np.abs(studio.pixels(f"job{index}") - alone(wanted)).max() <= 1


def test_a_mixed_batch_shares_passes() -> None:
    studio = Studio()
    for index, wanted in enumerate(MIXED[:4]):
        studio.ask(f"job{index}", wanted)
    studio.run()
    assert studio.toy.passes[0] == 7  # three guided pictures of two rows, one unguided of one
    assert len(studio.toy.passes) == max(6, 9, 2 * 4 - 1, 7)


def test_the_same_recipe_twice_is_identical() -> None:
    assert (alone(MIXED[1]) == alone(MIXED[1])).all()


def test_two_seeds_differ() -> None:
    assert (alone(recipe(seed=1)) != alone(recipe(seed=2))).any()


@pytest.mark.parametrize("sampler", SAMPLER_NAMES)
def test_every_sampler_finishes_with_rising_progress(sampler: str) -> None:
    studio = Studio()
    studio.ask("job", recipe(sampler=sampler, steps=8, schedule="normal"))
    studio.run()
    steps = [event.step for event in studio.of(Progress)]
    assert steps == sorted(set(steps))
    assert steps[-1] == 8
    assert len(studio.of(Finished)) == 1


def test_events_of_a_job_come_in_order() -> None:
    studio = Studio()
    studio.ask("job", recipe())
    studio.run()
    names = [type(event).__name__ for event in studio.events]
    assert names == ["Loading", "Loaded", "Started", *["Progress"] * 6, "Finished"]


def test_four_pictures_have_four_seeds_and_come_in_order() -> None:
    studio = Studio()
    studio.ask("job", recipe(seed=10), count=4)
    studio.run()
    (finished,) = studio.of(Finished)
    assert [picture.recipe.seed for picture in finished.pictures] == [10, 11, 12, 13]
    assert (studio.pixels("job", 2) == alone(recipe(seed=12))).all()


def test_a_variation_counts_its_own_seed() -> None:
    studio = Studio()
    studio.ask("job", recipe(variation=Variation(seed=5, strength=0.2)), count=2)
    studio.run()
    (finished,) = studio.of(Finished)
    assert [picture.recipe.variation.seed for picture in finished.pictures] == [5, 6]
    base, first = alone(recipe()), studio.pixels("job", 0)
    assert 0 < np.abs(first - base).mean() < np.abs(alone(recipe(seed=99)) - base).mean()


def test_previews_come_every_so_many_steps() -> None:
    studio = Studio()
    studio.ask("job", recipe(steps=7), preview_every=3)
    studio.run()
    shown = [event.step for event in studio.of(Progress) if event.preview is not None]
    assert shown == [3, 6]
    preview = studio.of(Progress)[2].preview
    assert Image.open(io.BytesIO(preview.data)).size == (preview.width, preview.height)


# Joining, leaving, pausing ---------------------------------------------------------------------------------------


def test_a_picture_joins_at_any_step_and_is_the_same() -> None:
    studio = Studio()
    studio.ask("early", recipe())
    for _ in range(3):
        studio.engine.tick()
    studio.ask("late", MIXED[1])
    studio.run()
    assert 4 in studio.toy.passes
    assert (studio.pixels("early") == alone(recipe())).all()
    assert np.abs(studio.pixels("late") - alone(MIXED[1])).max() <= 1


@pytest.mark.parametrize("ticks", range(6))
def test_a_cancel_is_effective_within_one_step(ticks: int) -> None:
    studio = Studio()
    studio.ask("gone", recipe())
    studio.ask("stays", recipe(seed=2))
    for _ in range(ticks):
        studio.engine.tick()
    studio.engine.handle(Cancel(job=JobId("gone")))
    before = len(studio.toy.passes)
    studio.run()
    assert studio.of(Cancelled, "gone")
    assert not studio.of(Finished, "gone")
    assert all(rows == 2 for rows in studio.toy.passes[before:])
    assert (studio.pixels("stays") == alone(recipe(seed=2))).all()


def test_a_cancel_of_an_unknown_job_changes_nothing() -> None:
    studio = Studio()
    studio.engine.handle(Cancel(job=JobId("nobody")))
    assert studio.events == []
    assert studio.engine.tick() is False


def test_a_paused_job_keeps_its_state() -> None:
    studio = Studio()
    studio.ask("job", recipe())
    studio.engine.tick()
    studio.engine.tick()
    studio.engine.handle(Pause(job=JobId("job")))
    passes = len(studio.toy.passes)
    assert studio.engine.tick() is False
    assert len(studio.toy.passes) == passes
    studio.engine.handle(Resume(job=JobId("job")))
    studio.run()
    assert len(studio.toy.passes) == 6
    assert (studio.pixels("job") == alone(recipe())).all()


def test_the_row_cap_lets_the_earliest_finish_first() -> None:
    studio = Studio(max_rows=4)
    for index in range(4):
        studio.ask(f"job{index}", recipe(seed=index))
    studio.run()
    assert max(studio.toy.passes) == 4
    assert [event.job for event in studio.of(Finished)] == ["job0", "job1", "job2", "job3"]
    assert len(studio.toy.passes) == 12


def test_an_urgent_job_takes_the_rows_first() -> None:
    studio = Studio(max_rows=2)
    studio.ask("patient", recipe())
    studio.engine.tick()
    studio.ask("urgent", recipe(seed=2), urgency=1)
    studio.run()
    assert [event.job for event in studio.of(Finished)] == ["urgent", "patient"]
    assert (studio.pixels("patient") == alone(recipe())).all()


# What goes wrong --------------------------------------------------------------------------------------------------


def test_out_of_memory_halves_the_pass_and_says_so() -> None:
    studio = Studio()

    def at_most_three(rows: Sequence[Conditioning]) -> None:
        if len(rows) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")

    studio.toy.before_pass = at_most_three
    for index in range(4):
        studio.ask(f"job{index}", recipe(seed=index))
    studio.run()
    assert len(studio.of(Finished)) == 4
    assert studio.of(Notice)
    assert max(studio.toy.passes) == 2
    assert (studio.pixels("job3") == alone(recipe(seed=3))).all()


def test_what_does_not_fit_alone_fails_with_words() -> None:
    studio = Studio()

    def never(rows: Sequence[Conditioning]) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    studio.toy.before_pass = never
    studio.ask("job", recipe())
    studio.run()
    (failed,) = studio.of(Failed)
    assert failed.kind == "memory"
    assert "smaller size" in failed.message


def test_a_poison_picture_fails_alone() -> None:
    studio = Studio()
    poison = studio.toy.condition(["poison", ""], width=64, height=64, clip_skip=1)[0].context

    def choke(rows: Iterable[Conditioning]) -> None:
        if any(torch.equal(row.context, poison) for row in rows):
            raise RuntimeError("the network chokes")

    studio.toy.before_pass = choke
    studio.ask("good", recipe())
    studio.ask("bad", recipe(prompt="poison"))
    studio.ask("also good", recipe(seed=3))
    studio.run()
    assert [event.job for event in studio.of(Failed)] == ["bad"]
    assert studio.of(Failed)[0].kind == "internal"
    assert {event.job for event in studio.of(Finished)} == {"good", "also good"}
    assert (studio.pixels("good") == alone(recipe())).all()


def test_not_a_number_fails_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    studio = Studio()
    plain = studio.toy._context
    broken = torch.full((77, 4), float("nan"))
    monkeypatch.setattr(studio.toy, "_context", lambda text, chunks: broken if text == "nan" else plain(text, chunks))
    studio.ask("good", recipe())
    studio.ask("bad", recipe(prompt="nan"))
    studio.run()
    assert studio.of(Failed)[0].kind == "nonfinite"
    assert (studio.pixels("good") == alone(recipe())).all()


def test_a_job_of_another_model_waits_for_the_one_at_work() -> None:
    models = ToyModels({TOY: ToyModel(), OTHER_TOY: ToyModel(OTHER_TOY)})
    studio = Studio(models)
    studio.ask("first", recipe())
    studio.ask("other", recipe(model=OTHER_TOY))
    studio.ask("second", recipe(seed=2))
    studio.run()
    assert models.loads == [TOY, OTHER_TOY]
    assert [event.job for event in studio.of(Finished)] == ["first", "second", "other"]
    assert [event.evicted for event in studio.of(Loaded)] == [(), (TOY,)]
    assert len(studio.of(Started)) == 3


# From pictures ----------------------------------------------------------------------------------------------------


def png(colour: tuple[int, int, int] | int, size: tuple[int, int] = (64, 64)) -> bytes:
    data = io.BytesIO()
    Image.new("L" if isinstance(colour, int) else "RGB", size, colour).save(data, "PNG")
    return data.getvalue()


def half_mask(size: tuple[int, int] = (64, 64)) -> bytes:
    mask = Image.new("L", size, 0)
    mask.paste(255, (size[0] // 2, 0, *size))
    data = io.BytesIO()
    mask.save(data, "PNG")
    return data.getvalue()


PICTURE, MASK, OTHER_PICTURE = "c" * 64, "d" * 64, "e" * 64


def from_picture(**changes: object) -> ImageToImage:
    fields = msgspec.structs.asdict(recipe()) | {"image": PICTURE, "strength": 0.5}
    fields.pop("hires")
    return ImageToImage(**(fields | changes))


def inpainted(**changes: object) -> Inpaint:
    fields = msgspec.structs.asdict(recipe()) | {"image": PICTURE, "mask": MASK}
    fields.pop("hires")
    return Inpaint(**(fields | changes))


def test_a_low_strength_stays_nearer_to_the_source() -> None:
    images = {PICTURE: png((200, 30, 60))}
    source = np.asarray(Image.open(io.BytesIO(images[PICTURE])), np.int16)
    distances = [
        np.abs(alone(from_picture(strength=strength, steps=10), images=images) - source).mean()
        for strength in (0.0, 0.2, 0.5, 0.9)
    ]
    assert distances[0] <= 1
    assert distances == sorted(distances)


@pytest.mark.parametrize("sampler", ["euler", "euler_a", "dpmpp_2m"])
@pytest.mark.parametrize("strength", [0.6, 1.0])
def test_inpainting_keeps_what_the_mask_leaves(sampler: str, strength: float) -> None:
    images = {PICTURE: png((200, 30, 60)), MASK: half_mask()}
    for keep in (True, False):
        result = alone(inpainted(sampler=sampler, strength=strength, keep_unmasked=keep), images=images)
        assert np.abs(result[:, :32] - np.array([200, 30, 60])).max() <= 1
        assert np.abs(result[:, 32:] - np.array([200, 30, 60])).mean() > 5


def test_an_inpainting_network_gets_mask_and_masked_picture() -> None:
    studio = Studio(ToyModels({TOY: ToyModel(inpainting=True)}))
    studio.ask("inpaint", inpainted(), images={PICTURE: png((200, 30, 60)), MASK: half_mask()})
    studio.ask("text", recipe())
    studio.run()
    assert len(studio.of(Finished)) == 2
    assert studio.toy.passes[0] == 4
    assert np.abs(studio.pixels("inpaint")[:, :32] - np.array([200, 30, 60])).max() <= 1


@pytest.mark.parametrize("inpainting", [False, True], ids=["ordinary", "inpainting network"])
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_outpainting_keeps_the_source_beyond_the_overlap(inpainting: bool, strength: float) -> None:
    studio = Studio(ToyModels({TOY: ToyModel(inpainting=inpainting)}))
    fields = msgspec.structs.asdict(recipe()) | {"width": 96, "height": 80, "left": 24, "right": 8, "top": 16}
    fields.pop("hires")
    continued = Outpaint(**fields | {"image": PICTURE, "strength": strength, "mask_blur": 8})
    values = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(values).save(data, "PNG")
    studio.ask("job", continued, images={PICTURE: data.getvalue()})
    studio.run()
    result = studio.pixels("job")
    assert result.shape == (80, 96, 3)
    assert np.array_equal(result[24:, 32:80], values[8:, 8:56])
    assert not np.array_equal(result[16:, 24:88], values)
    assert studio.of(Progress)[-1].steps == total_steps(continued)


def instructed(**changes: object) -> Instruct:
    fields = msgspec.structs.asdict(recipe()) | {"image": PICTURE, "prompt": "make it snow"}
    fields.pop("hires")
    return Instruct(**(fields | changes))


def follower(**settings: object) -> Studio:
    return Studio(ToyModels({TOY: ToyModel(instructs=True)}), **settings)


INSTRUCTED = [
    instructed(seed=1),
    instructed(seed=2, image_guidance_scale=1.0, sampler="heun"),
    instructed(seed=3, image_guidance_scale=1.0, guidance_scale=1.0),
    instructed(seed=4, image_guidance_scale=2.5, guidance_scale=1.0, image=OTHER_PICTURE),
    instructed(seed=5, steps=9, sampler="euler_a", prompt="make it snow AND [a cat:a dog:0.5] :0.4"),
    instructed(
        seed=6, prompt="snow AND rain", regions=Regions(direction="columns", ratios=(1, 1)), guidance_rescale=0.7
    ),
]


def test_instructions_of_a_batch_equal_those_alone() -> None:
    images = {PICTURE: png((200, 30, 60)), OTHER_PICTURE: png((20, 130, 90))}
    studio = follower()
    for index, wanted in enumerate(INSTRUCTED):
        studio.ask(f"job{index}", wanted, images=images)
    studio.run()
    # The last one's four rows have no room in the first pass.
    assert studio.toy.passes[0] == 3 + 2 + 1 + 3 + 4
    for index, wanted in enumerate(INSTRUCTED):
        single = follower()
        single.ask("alone", wanted, images=images)
        single.run()
        assert np.abs(studio.pixels(f"job{index}") - single.pixels("alone")).max() <= 1


def test_the_picture_the_scales_and_the_words_of_an_instruction_all_count() -> None:
    images = {PICTURE: png((200, 30, 60)), OTHER_PICTURE: png((20, 130, 90))}
    wishes = [
        instructed(),
        instructed(image=OTHER_PICTURE),
        instructed(image_guidance_scale=2.5),
        instructed(guidance_scale=2.0),
        instructed(prompt="make it rain"),
        instructed(negative_prompt="fog"),
    ]
    studio = follower(max_rows=64)
    for index, wanted in enumerate(wishes):
        studio.ask(f"job{index}", wanted, images=images)
    studio.run()
    made = [studio.pixels(f"job{index}") for index in range(len(wishes))]
    for index, one in enumerate(made):
        assert all(np.abs(one - other).max() > 1 for other in made[:index])
    assert studio.of(Progress, "job0")[-1].steps == total_steps(wishes[0]) == 6


@pytest.mark.parametrize("kind", ["text", "image", "inpaint"])
def test_a_model_that_follows_instructions_does_nothing_else(kind: str) -> None:
    wanted: dict[str, Recipe] = {"text": recipe(), "image": from_picture(), "inpaint": inpainted()}
    studio = follower()
    studio.ask("job", wanted[kind], images={PICTURE: png((1, 2, 3)), MASK: half_mask()} if kind != "text" else {})
    studio.run()
    (failed,) = studio.of(Failed)
    assert failed.kind == "invalid"
    assert "instruct-pix2pix" in failed.message


def test_an_ordinary_model_follows_no_instructions() -> None:
    studio = Studio()
    studio.ask("job", instructed(), images={PICTURE: png((1, 2, 3))})
    studio.run()
    (failed,) = studio.of(Failed)
    assert failed.kind == "invalid"
    assert "instruct-pix2pix" in failed.message


def test_a_mask_of_another_size_is_refused_in_words() -> None:
    studio = Studio()
    studio.ask("job", inpainted(), images={PICTURE: png((1, 2, 3)), MASK: half_mask((72, 64))})
    studio.run()
    (failed,) = studio.of(Failed)
    assert failed.kind == "invalid"
    assert "72" in failed.message
    assert "64" in failed.message


def test_a_truncated_picture_is_refused_in_words() -> None:
    studio = Studio()
    studio.ask("job", from_picture(), images={PICTURE: png((1, 2, 3))[:40]})
    studio.run()
    assert studio.of(Failed)[0].kind == "invalid"


def test_hires_fix_paints_a_second_larger_pass() -> None:
    studio = Studio()
    studio.ask("job", recipe(hires=HiresFix(width=128, height=96, steps=4, strength=0.5)))
    studio.run()
    (finished,) = studio.of(Finished)
    assert Image.open(io.BytesIO(finished.pictures[0].data)).size == (128, 96)
    assert [event.step for event in studio.of(Progress)] == list(range(1, 9))
    assert studio.of(Progress)[0].steps == 8
    assert len(studio.toy.passes) == 8


def test_seed_resize_keeps_the_middle_of_the_noise() -> None:
    small, large = recipe(), recipe(width=128, height=128, seed_resize_from=(64, 64))
    shifted = alone(large)[32:96, 32:96]
    unrelated = alone(recipe(width=128, height=128))[32:96, 32:96]
    base = alone(small)
    assert np.abs(shifted - base).mean() < np.abs(unrelated - base).mean()


def test_conditioning_is_computed_once_for_the_same_text() -> None:
    studio = Studio()
    for index in range(3):
        studio.ask(f"job{index}", recipe(seed=index))
    studio.run()
    assert (studio.engine.conditioning.misses, studio.engine.conditioning.hits) == (2, 4)
