"""Strategies for everything that the protocol can say."""

from typing import get_args

from hypothesis import strategies as st

from inference.protocol import limits, marks, messages
from inference.protocol.names import SAMPLER_NAMES, SCHEDULE_NAMES
from inference.protocol.recipe import (
    AdapterUse,
    Blend,
    Detail,
    HiresFix,
    ImageToImage,
    Inpaint,
    Instruct,
    Outpaint,
    TextToImage,
    Upscale,
    Variation,
    sources,
)

#: Text that UTF-8 can hold: every plane, no lone surrogates.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
hashes = st.text("0123456789abcdef", min_size=64, max_size=64)
ids = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
seeds = st.integers(0, limits.MAX_SEED)
unit = st.floats(0, 1)
seconds = st.floats(0, 1e6)
counts = st.integers(0, 2**62)
blobs = st.binary(max_size=500)


@st.composite
def sizes(draw: st.DrawFn, low: int = limits.MIN_SIDE, high: int = limits.MAX_SIDE) -> tuple[int, int]:
    """Return a width and height that a recipe allows."""
    multiple = limits.SIDE_MULTIPLE
    width = draw(st.integers(low // multiple, high // multiple)) * multiple
    most = min(high, limits.MAX_PIXELS // width)
    height = draw(st.integers(low // multiple, max(low, most) // multiple)) * multiple
    return width, height


variations = st.builds(Variation, seed=seeds, strength=unit)
adapters = st.builds(
    AdapterUse,
    hash=hashes,
    weight=st.floats(-10, 10),
    text_encoder_weight=st.none() | st.floats(-10, 10),
    word=st.none() | st.sampled_from(("zorp", "a b")),
)


@st.composite
def common(draw: st.DrawFn, high: int = limits.MAX_SIDE) -> dict[str, object]:
    """Return the fields that every recipe has."""
    width, height = draw(sizes(high=high))
    return {
        "prompt": draw(texts),
        "negative_prompt": draw(texts),
        "model": draw(hashes),
        "vae": draw(st.none() | hashes),
        "width": width,
        "height": height,
        "steps": draw(st.integers(1, limits.MAX_STEPS)),
        "sampler": draw(st.sampled_from(sorted(SAMPLER_NAMES))),
        "schedule": draw(st.sampled_from(sorted(SCHEDULE_NAMES))),
        "guidance_scale": draw(st.floats(0, limits.MAX_GUIDANCE_SCALE)),
        "guidance_rescale": draw(unit),
        "seed": draw(seeds),
        "variation": draw(st.none() | variations),
        "seed_resize_from": draw(st.none() | sizes()),
        "clip_skip": draw(st.integers(1, limits.MAX_CLIP_SKIP)),
        "eta": draw(st.none() | unit),
        "adapters": tuple(draw(st.lists(adapters, max_size=3))),
    }


@st.composite
def text_to_images(draw: st.DrawFn) -> TextToImage:
    """Return a TextToImage, with and without a second pass."""
    fields = draw(common(high=1024))
    hires = None
    if draw(st.booleans()):
        width, height = fields["width"], fields["height"]
        assert isinstance(width, int)
        assert isinstance(height, int)
        times = draw(st.sampled_from((1, 2)))
        hires = HiresFix(width=width * times, height=height * times, steps=draw(st.integers(0, 500)))
    return TextToImage(**fields, hires=hires)  # type: ignore[arg-type]


image_to_images = st.builds(
    lambda fields, **more: ImageToImage(**fields, **more),
    common(),
    image=hashes,
    strength=unit,
    fit=st.sampled_from(("crop", "stretch", "pad")),
)
inpaints = st.builds(
    lambda fields, **more: Inpaint(**fields, **more),
    common(),
    image=hashes,
    mask=hashes,
    strength=unit,
    mask_blur=st.integers(0, 256),
    keep_unmasked=st.booleans(),
)


instructs = st.builds(
    lambda fields, **more: Instruct(**fields, **more),
    common(),
    image=hashes,
    image_guidance_scale=st.floats(0, limits.MAX_GUIDANCE_SCALE),
    fit=st.sampled_from(("crop", "stretch", "pad")),
)


@st.composite
def outpaints(draw: st.DrawFn) -> Outpaint:
    """Return an Outpaint, its sides added to a source of every size."""
    fields = draw(common(high=512))
    margins = st.integers(0, 32).map(lambda cells: 8 * cells)
    sides = draw(st.tuples(margins, margins, margins, margins).filter(any))
    width, height = fields["width"], fields["height"]
    assert isinstance(width, int)
    assert isinstance(height, int)
    fields |= {"width": width + sides[0] + sides[1], "height": height + sides[2] + sides[3]}
    fields |= dict(zip(("left", "right", "top", "bottom"), sides, strict=True))
    fields |= {"image": draw(hashes), "strength": draw(unit), "mask_blur": draw(st.integers(0, 256))}
    return Outpaint(**fields, fit=draw(st.sampled_from(("crop", "stretch", "pad"))))  # type: ignore[arg-type]


@st.composite
def details(draw: st.DrawFn) -> Detail:
    """Return a Detail, of up to some tiles a row."""
    fields = draw(common(high=512))
    width, height = fields["width"], fields["height"]
    assert isinstance(width, int)
    assert isinstance(height, int)
    fields |= {"image": draw(hashes), "strength": draw(unit)}
    fields |= {"full_width": draw(st.integers(width - 7, 3 * width))}
    fields |= {"full_height": draw(st.integers(height - 7, 3 * height))}
    return Detail(**fields, overlap=draw(st.integers(0, min(width, height) // 16)) * 8)  # type: ignore[arg-type]


@st.composite
def blends(draw: st.DrawFn) -> Blend:
    """Return a Blend, with and without weights."""
    images = tuple(draw(st.lists(hashes, min_size=2, max_size=4)))
    weight = st.floats(0.01, 1)
    weights = draw(st.just(()) | st.tuples(*(weight for _ in images)))
    fit = draw(st.sampled_from(("crop", "stretch", "pad")))
    fields = draw(common()) | {"strength": draw(unit), "fit": fit}
    return Blend(**fields, images=images, weights=weights)  # type: ignore[arg-type]


recipes = st.one_of(text_to_images(), image_to_images, inpaints, outpaints(), details(), blends(), instructs)
upscales = st.one_of(
    st.builds(
        Upscale,
        image=hashes,
        factor=st.sampled_from((2, 4)),
        model=st.none() | hashes,
        faces=st.none() | hashes,
        face_strength=st.floats(0, 1),
        of=st.none() | recipes,
    ),
    st.builds(
        Upscale, image=hashes, factor=st.just(1), faces=hashes, face_strength=st.floats(0, 1), of=st.none() | recipes
    ),
)
any_recipes = st.one_of(recipes, upscales)

settings = st.builds(
    messages.EngineSettings,
    models_folder=texts,
    adapters_folder=texts,
    device=texts,
    max_rows=st.integers(1, 1024),
    memory_budget_bytes=st.integers(0, 2**50),
    adapters_budget_bytes=st.integers(0, 2**50),
    threads=st.integers(0, 64),
    heartbeat_seconds=st.floats(0.01, 60),
)


@st.composite
def generates(draw: st.DrawFn) -> messages.Generate:
    """Return a Generate that carries the bytes of its recipe's sources."""
    recipe = draw(any_recipes)
    return messages.Generate(
        job=messages.JobId(draw(ids)),
        recipe=recipe,
        count=1 if isinstance(recipe, Upscale) else draw(st.integers(1, limits.MAX_COUNT)),
        images={name: draw(blobs) for name in sources(recipe)},
        preview_every=draw(st.integers(0, 1000)),
        urgency=draw(st.integers(-(2**62), 2**62)),
    )


unit_pairs = st.tuples(unit, unit).filter(lambda pair: pair[1] > 0 and sum(pair) <= 1)
bytes_of_colour = st.integers(0, 255)
pixels = st.integers(1, 2**20)
marks_made = st.one_of(
    st.just(marks.Transparent()),
    st.builds(marks.Colour, red=bytes_of_colour, green=bytes_of_colour, blue=bytes_of_colour),
    st.builds(marks.Box, left=pixels, top=pixels, width=pixels, height=pixels),
    st.tuples(unit_pairs, unit_pairs).map(
        lambda pairs: marks.Part(left=pairs[0][0], width=pairs[0][1], top=pairs[1][0], height=pairs[1][1])
    ),
    st.builds(marks.Drawn, data=blobs),
)

commands = st.one_of(
    st.builds(messages.Hello, launch=ids, settings=settings, protocol=st.integers(0, 1000)),
    generates(),
    st.builds(messages.Cancel, job=ids),
    st.builds(messages.Pause, job=ids),
    st.builds(messages.Resume, job=ids),
    st.just(messages.Rescan()),
    st.builds(messages.Tokenize, request=ids, model=hashes, texts=st.lists(texts, min_size=1, max_size=3).map(tuple)),
    st.builds(messages.Examine, request=ids, data=blobs, mask=st.none() | marks_made),
    st.builds(messages.Check, request=ids, data=blobs),
    st.builds(messages.Prefetch, adapters=st.lists(hashes, max_size=3).map(tuple), family=texts),
    st.just(messages.Shutdown()),
)

models = st.builds(
    messages.ModelInfo,
    hash=hashes,
    name=texts,
    family=st.sampled_from(("sd1", "sd2", "sdxl")),
    adapter_family=st.sampled_from(("", "sample", "sd1")),
    prediction_type=st.sampled_from(("epsilon", "v_prediction")),
    inpainting=st.booleans(),
    default_width=counts,
    default_height=counts,
    bytes=counts,
)
devices = st.builds(
    messages.DeviceInfo,
    kind=texts,
    name=texts,
    memory_bytes=counts,
    dtype=texts,
    attention=texts,
    versions=st.dictionaries(texts, texts, max_size=3),
)
model_lists = st.lists(models, max_size=3).map(tuple)
hash_lists = st.lists(hashes, max_size=3).map(tuple)
previews = st.builds(messages.Preview, data=blobs, width=counts, height=counts)
pictures = st.builds(messages.Picture, data=blobs, width=counts, height=counts, recipe=recipes)
timings = st.builds(
    messages.Timings, total_seconds=seconds, loading_seconds=seconds, network_seconds=seconds, steps=counts
)
tokens = st.builds(messages.Token, text=texts, weight=st.floats(-10_000, 10_000))
chunk_lists = st.lists(
    st.builds(messages.TokenChunk, tokens=st.lists(tokens, max_size=3).map(tuple), room=counts), max_size=2
).map(tuple)
failure_kinds = st.sampled_from(("invalid", "model", "memory", "nonfinite", "internal"))

events = st.one_of(
    st.builds(messages.Ready, launch=ids, device=devices, models=model_lists),
    st.builds(messages.Refused, launch=ids, reason=texts),
    st.builds(messages.Models, launch=ids, models=model_lists),
    st.builds(
        messages.Heartbeat,
        launch=ids,
        jobs=st.lists(ids, max_size=3).map(tuple),
        resident_models=hash_lists,
        memory_used_bytes=counts,
        turn_seconds=seconds,
    ),
    st.builds(
        messages.Tokenized,
        launch=ids,
        request=ids,
        chunks=st.lists(chunk_lists, max_size=2).map(tuple),
        problem=st.none() | texts,
    ),
    st.builds(
        messages.Examined,
        launch=ids,
        request=ids,
        width=counts,
        height=counts,
        transparent=st.booleans(),
        mask=st.none() | blobs,
        problem=st.none()
        | st.builds(
            messages.Problem,
            code=st.sampled_from(get_args(messages.ProblemCode)),
            of=st.sampled_from(("picture", "mask")),
            values=st.dictionaries(texts, counts | texts, max_size=3),
        ),
    ),
    st.builds(
        messages.Checked,
        launch=ids,
        request=ids,
        checker=hashes,
        flagged=st.none() | st.booleans(),
        score=st.none() | st.floats(0, 1),
        problem=st.none() | texts,
    ),
    st.builds(messages.Loading, launch=ids, job=ids, model=hashes),
    st.builds(messages.Loaded, launch=ids, job=ids, model=hashes, seconds=seconds, bytes=counts, evicted=hash_lists),
    st.builds(messages.Started, launch=ids, job=ids),
    st.builds(
        messages.Progress,
        launch=ids,
        job=ids,
        picture=counts,
        step=counts,
        steps=counts,
        preview=st.none() | previews,
    ),
    st.builds(messages.Notice, launch=ids, job=st.none() | ids, text=texts),
    st.builds(
        messages.Finished,
        launch=ids,
        job=ids,
        pictures=st.lists(pictures, max_size=2).map(tuple),
        timings=timings,
    ),
    st.builds(messages.Failed, launch=ids, job=ids, kind=failure_kinds, message=texts),
    st.builds(messages.Cancelled, launch=ids, job=ids),
)
