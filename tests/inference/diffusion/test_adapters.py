"""Adapters at work: each picture has its own, in any company, and the model is what it was afterwards."""

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import msgspec
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from benchmarks.studio import Studio
from benchmarks.tiny_models import Kind
from inference.adapters.application import Adapters
from inference.adapters.deltas import named_modules
from inference.adapters.reading import Adapter, read_adapter
from inference.adapters.selection import Selection
from inference.families.sd import UNetModel
from inference.models.errors import ModelError
from inference.models.loading import load_model
from inference.protocol.limits import OutOfRange
from inference.protocol.messages import Cancel, Cancelled, Failed, Finished, Generate, JobId
from inference.protocol.recipe import AdapterUse, ContentHash, TextToImage, Words

RANK = 2
_PREFIXES = {"unet": "lora_unet_", "text_encoder": "lora_te_text_model_"}


@pytest.fixture
def model(tiny_root: Path, tiny_folder: Callable[[Kind], Path]) -> UNetModel:
    return loaded(tiny_root, tiny_folder("sd1"))


def loaded(root: Path, folder: Path) -> UNetModel:
    model = load_model(folder, models_folder=root, device=torch.device("cpu"), dtype=torch.float32)
    assert isinstance(model, UNetModel)
    return model


def modules_of(model: UNetModel) -> dict[str, nn.Linear | nn.Conv2d]:
    unet, *encoders = model.networks.values()
    return named_modules(unet, encoders)


def everything(target: str) -> bool:
    return True


def of_unet(target: str) -> bool:
    return target.startswith("unet.")


def of_text(target: str) -> bool:
    return not of_unet(target)


def factors(seed: int, model: UNetModel, chosen: Callable[[str], bool]) -> dict[str, tuple[Tensor, Tensor]]:
    """Return up and down of each chosen module: strong enough to change a picture, weak enough to leave it finite."""
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for target, module in modules_of(model).items():
        out, into, *kernel = module.weight.shape
        down = torch.randn(RANK, into, *kernel, generator=generator) / (into * max(1, sum(kernel))) ** 0.5
        up = torch.randn(out, RANK, *[1] * len(kernel), generator=generator) * 0.3
        if chosen(target):
            found[target] = up, down
    return found


def write(folder: Path, tensors: Mapping[str, Tensor]) -> ContentHash:
    """Write an adapter into a folder and return its hash."""
    folder.mkdir(exist_ok=True)
    place = folder / "new"
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, place)
    name = ContentHash(hashlib.sha256(place.read_bytes()).hexdigest())
    place.replace(folder / f"{name}.safetensors")
    return name


def kohya(target: str) -> str:
    part, _, path = target.partition(".")
    return _PREFIXES[part] + path.replace(".", "_")


def lora(folder: Path, seed: int, model: UNetModel, chosen: Callable[[str], bool] = everything) -> ContentHash:
    """Write a LoRA in kohya's layout, of an alpha that is not its rank."""
    tensors: dict[str, Tensor] = {}
    for target, (up, down) in factors(seed, model, chosen).items():
        name = kohya(target)
        tensors |= {f"{name}.lora_up.weight": up, f"{name}.lora_down.weight": down}
        tensors[f"{name}.alpha"] = torch.tensor(RANK / 2)
    return write(folder, tensors)


def loha(folder: Path, seed: int, model: UNetModel) -> ContentHash:
    """Write a LoHa of the attentions' queries: a form that has no short way."""
    tensors: dict[str, Tensor] = {}
    ups_and_downs = factors(seed, model, lambda target: target.endswith("to_q"))
    for target, (up, down) in ups_and_downs.items():
        ones = torch.full_like(up, 0.5), torch.ones_like(down)
        for side, (left, right) in (("1", (up, down)), ("2", ones)):
            tensors |= {f"{kohya(target)}.hada_w{side}_a": left, f"{kohya(target)}.hada_w{side}_b": right}
    return write(folder, tensors)


@torch.no_grad()
def merge(model: UNetModel, seed: int, unet: float, text: float) -> None:
    """Add a LoRA's product to a model's own weights, by the formula of its paper."""
    modules = modules_of(model)
    for target, (up, down) in factors(seed, model, everything).items():
        weight = modules[target].weight
        change = (up.flatten(1) @ down.flatten(1)).reshape(weight.shape) / 2
        weight += change * (unet if of_unet(target) else text)


def recipe(*uses: AdapterUse, **changes: object) -> TextToImage:
    base = TextToImage(
        prompt="a red circle, small",
        model=ContentHash("0" * 64),
        width=64,
        height=64,
        steps=4,
        sampler="euler",
        schedule="normal",
        guidance_scale=5.0,
        seed=1,
        adapters=uses,
    )
    return msgspec.structs.replace(base, **changes)


def use(name: ContentHash, weight: float = 1.0, text: float | None = None) -> AdapterUse:
    return AdapterUse(hash=name, weight=weight, text_encoder_weight=text)


def paint(model: UNetModel, folder: Path, *recipes: TextToImage, budget: int = 0) -> list[Tensor]:
    return Studio(model, adapters=folder, adapters_bytes=budget).latents(recipes)


def differ(one: Tensor, other: Tensor) -> float:
    return float((one - other).abs().max() / other.abs().max())


def hooks(model: UNetModel) -> int:
    return sum(len(module._forward_hooks) for module in modules_of(model).values())


def test_a_picture_equals_that_of_merged_weights(
    model: UNetModel, tiny_root: Path, tiny_folder: Callable[[Kind], Path], tmp_path: Path
) -> None:
    one, two = lora(tmp_path, 1, model), lora(tmp_path, 2, model)
    cases: Iterable[tuple[tuple[AdapterUse, ...], tuple[tuple[int, float, float], ...]]] = (
        ((use(one),), ((1, 1.0, 1.0),)),
        ((use(one, 0.7, -0.4),), ((1, 0.7, -0.4),)),
        ((use(one, 0.5), use(two, -0.8, 0.3)), ((1, 0.5, 0.5), (2, -0.8, 0.3))),
        ((use(one, 0.5), use(one, 0.25)), ((1, 0.75, 0.75),)),
    )
    plain = paint(model, tmp_path, recipe())[0]
    for uses, merged in cases:
        other = loaded(tiny_root, tiny_folder("sd1"))
        for seed, unet, text in merged:
            merge(other, seed, unet, text)
        [wanted] = paint(other, tmp_path, recipe())
        assert differ(wanted, plain) > 0.02
        assert differ(paint(model, tmp_path, recipe(*uses))[0], wanted) < 1e-4


def test_sets_of_adapters_in_company_give_what_they_give_alone(model: UNetModel, tmp_path: Path) -> None:
    one, two = lora(tmp_path, 1, model), lora(tmp_path, 2, model, of_unet)
    recipes = [
        recipe(),
        recipe(use(one), seed=2),
        recipe(use(two, 0.5), seed=3, steps=6),
        recipe(use(one), use(two), seed=4, prompt="a blue star"),
        recipe(use(one), seed=5, guidance_scale=1.0),
    ]
    together = paint(model, tmp_path, *recipes)
    for wanted, found in zip(recipes, together, strict=True):
        assert differ(found, paint(model, tmp_path, wanted)[0]) < 1e-4


def test_the_same_adapters_share_passes_in_whatever_order_they_come(model: UNetModel, tmp_path: Path) -> None:
    one, two = lora(tmp_path, 1, model), lora(tmp_path, 2, model)
    rows: list[int] = []
    handle = model.networks["unet"].register_forward_hook(lambda _m, inputs, _o: rows.append(len(inputs[0])))
    first, second, _ = paint(model, tmp_path, recipe(use(one), use(two)), recipe(use(two), use(one)), recipe())
    handle.remove()
    assert rows == [4, 2] * 4
    assert torch.equal(first, second)


def test_the_model_is_what_it_was_afterwards(model: UNetModel, tmp_path: Path) -> None:
    before = {name: tensor.clone() for name, tensor in model.unet.state_dict().items()}
    studio = Studio(model, adapters=tmp_path)
    [plain] = studio.latents([recipe()])
    uses = use(lora(tmp_path, 1, model)), use(loha(tmp_path, 2, model))
    studio.engine.handle(Generate(job=JobId("both"), recipe=recipe(*uses)))
    studio.engine.tick()
    assert hooks(model)
    while studio.engine.tick():
        pass
    assert not hooks(model)
    assert torch.equal(studio.latents([recipe()])[0], plain)
    after = model.unet.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_no_weight_is_no_adapter(model: UNetModel, tmp_path: Path) -> None:
    one = lora(tmp_path, 1, model)
    studio = Studio(model, adapters=tmp_path)
    plain, without, undone = studio.latents([recipe(), recipe(use(one, 0.0)), recipe(use(one, 0.5), use(one, -0.5))])
    assert torch.equal(plain, without)
    assert torch.equal(plain, undone)


def test_a_text_encoders_part_alone_changes_how_the_text_is_read(model: UNetModel, tmp_path: Path) -> None:
    whole, unet, text = (lora(tmp_path, 1, model, chosen) for chosen in (everything, of_unet, of_text))
    studio = Studio(model, adapters=tmp_path)
    selected = studio.adapters.select((use(whole, 0.0, 1.0),), model)
    assert (selected.unet, selected.text) == ((), ((whole, 1.0),))
    assert studio.adapters.select((use(text),), model) == Selection(text=((text, 1.0),))
    assert studio.adapters.select((use(unet),), model) == Selection(unet=((unet, 1.0),))
    plain, read, same = studio.latents([recipe(), recipe(use(whole, 0.0, 1.0)), recipe(use(text))])
    assert differ(read, plain) > 1e-3
    assert torch.equal(read, same)


def test_an_embedding_is_read_for_its_word(model: UNetModel, tmp_path: Path) -> None:
    encoder = model.encoders[0]
    vectors = encoder.model.get_input_embeddings()(torch.tensor(encoder.tokens("red circle"))).detach()
    zorp = AdapterUse(hash=write(tmp_path, {"emb_params": vectors}), word="zorp")
    studio = Studio(model, adapters=tmp_path)
    spelt, read, plain = studio.latents(
        [
            recipe(prompt="a red circle", negative_prompt="(red circle:1.2)"),
            recipe(zorp, prompt="a zorp", negative_prompt="(zorp:1.2)"),
            recipe(prompt="a zorp", negative_prompt="(zorp:1.2)"),
        ]
    )
    assert differ(read, spelt) < 1e-4
    assert differ(plain, spelt) > 1e-3
    assert studio.adapters.select((zorp,), model).unet == ()


def test_pictures_of_one_request_may_have_adapters_of_their_own(model: UNetModel, tmp_path: Path) -> None:
    one = lora(tmp_path, 1, model)
    wanted = [recipe(), recipe(use(one), prompt="a star")]
    studio = Studio(model, adapters=tmp_path)
    words = tuple(Words(each.prompt, "", each.adapters) for each in wanted)
    studio.engine.handle(Generate(job=JobId("two"), recipe=wanted[0], count=2, words=words))
    while studio.engine.tick():
        pass
    [finished] = [event for event in studio.events if isinstance(event, Finished)]
    singly = [studio.paint([msgspec.structs.replace(each, seed=1 + index)])[0] for index, each in enumerate(wanted)]
    assert [picture.data for picture in finished.pictures] == [each.pictures[0].data for each in singly]


# Memory -----------------------------------------------------------------------------------------------------------


def test_the_longest_unused_leave_when_there_is_no_room(model: UNetModel, tmp_path: Path) -> None:
    names = [lora(tmp_path, seed, model) for seed in (1, 2, 3)]
    wanted = [paint(model, tmp_path, recipe(use(name)))[0] for name in names]
    size = Studio(model, adapters=tmp_path).adapters
    size.select((use(names[0]),), model)
    studio = Studio(model, adapters=tmp_path, adapters_bytes=int(size.used_bytes * 2.5))
    found = [studio.latents([recipe(use(name))])[0] for name in (*names, names[0])]
    assert studio.adapters.kept == (names[2], names[0])
    assert studio.adapters.used_bytes == size.used_bytes * 2
    for each, expected in zip(found, (*wanted, wanted[0]), strict=True):
        assert torch.equal(each, expected)
    tight = Studio(model, adapters=tmp_path, adapters_bytes=1).latents([recipe(use(name)) for name in names])
    assert all(torch.equal(*pair) for pair in zip(tight, wanted, strict=True))


def test_what_leaves_is_taken_off(model: UNetModel, tmp_path: Path) -> None:
    one, two = lora(tmp_path, 1, model, of_unet), lora(tmp_path, 2, model, of_text)
    adapters = Adapters(tmp_path, model.device, model.dtype, budget_bytes=1)
    adapters.put_on(model, "unet", adapters.select((use(one),), model).unet)
    assert hooks(model)
    adapters.select((use(two),), model)
    assert not hooks(model)


def test_what_was_read_ahead_is_not_read_again(tiny_root: Path, sample_model: UNetModel, tmp_path: Path) -> None:
    one = lora(tmp_path, 1, sample_model)
    [wanted] = paint(sample_model, tmp_path, recipe(use(one)))
    studio = Studio(sample_model, adapters=tmp_path)
    studio.adapters.prefetch([one, ContentHash("f" * 64)], "sample")
    studio.adapters.wait()
    assert studio.adapters.kept == (one,)
    (tmp_path / f"{one}.safetensors").write_bytes(b"")
    assert torch.equal(studio.latents([recipe(use(one))])[0], wanted)


def test_reading_ahead_throws_nothing_away_that_was_read_ahead(sample_model: UNetModel, tmp_path: Path) -> None:
    names = [lora(tmp_path, seed, sample_model) for seed in (1, 2)]
    room = (tmp_path / f"{names[0]}.safetensors").stat().st_size * 5 // 2
    now = [0.0]
    adapters = Adapters(tmp_path, sample_model.device, sample_model.dtype, room, clock=lambda: now[0])
    for name in names:
        adapters.prefetch([name], "sample")
        adapters.wait()
    assert adapters.kept == (names[0],)
    adapters.put_on(sample_model, "unet", adapters.select((use(names[0]),), sample_model).unet)
    adapters.put_on(sample_model, "unet", ())
    adapters.prefetch([names[1]], "sample")
    adapters.wait()
    assert adapters.kept == (names[1],)
    now[0] = 3600.0  # whatever waited for it has long been cancelled
    adapters.prefetch([names[0]], "sample")
    adapters.wait()
    assert adapters.kept == (names[0],)


def test_nobody_waits_for_what_others_have_read_ahead(sample_model: UNetModel, tmp_path: Path) -> None:
    slow, wanted = (lora(tmp_path, seed, sample_model) for seed in (1, 2))
    go_on, here = threading.Event(), threading.current_thread()
    readers: list[threading.Thread] = []

    def read(path: Path, *how: object) -> Adapter:
        if path.stem == slow:
            assert go_on.wait(50)
        readers.append(threading.current_thread())
        return read_adapter(path, *how)  # type: ignore[arg-type]

    adapters = Adapters(tmp_path, sample_model.device, sample_model.dtype, read=read)
    adapters.prefetch([slow, wanted], "sample")
    assert adapters.select((use(wanted),), sample_model).unet
    go_on.set()
    adapters.wait()
    assert adapters.kept == (wanted, slow)
    assert [reader is here for reader in readers] == [True, False]


def test_what_cannot_be_read_ahead_for_a_family_may_fit_a_model_of_it(model: UNetModel, tmp_path: Path) -> None:
    name = lora(tmp_path, 1, model)  # of a network that is smaller than its family's
    adapters = Adapters(tmp_path, model.device, model.dtype)
    adapters.prefetch([name], "sd1")
    assert adapters.select((use(name),), model).unet == ((name, 1.0),)


def test_a_form_without_a_short_way_is_worked_out_once_where_there_is_room(model: UNetModel, tmp_path: Path) -> None:
    name = loha(tmp_path, 1, model)
    roomy, tight = Studio(model, adapters=tmp_path), Studio(model, adapters=tmp_path, adapters_bytes=1)
    [kept] = roomy.latents([recipe(use(name, 0.8))])
    [anew] = tight.latents([recipe(use(name, 0.8))])
    assert differ(kept, paint(model, tmp_path, recipe())[0]) > 1e-3
    assert differ(kept, anew) < 1e-4
    assert roomy.adapters.used_bytes > 2 * tight.adapters.used_bytes


# What goes wrong --------------------------------------------------------------------------------------------------


def test_a_cancelled_picture_leaves_nothing_on_the_model(model: UNetModel, tmp_path: Path) -> None:
    studio = Studio(model, adapters=tmp_path)
    studio.engine.handle(Generate(job=JobId("a"), recipe=recipe(use(lora(tmp_path, 1, model)))))
    studio.engine.tick()
    studio.engine.handle(Cancel(job=JobId("a")))
    assert isinstance(studio.events[-1], Cancelled)
    assert torch.equal(studio.latents([recipe()])[0], paint(model, tmp_path, recipe())[0])


def failure(model: UNetModel, folder: Path, *uses: AdapterUse) -> Failed:
    """Return how a picture with these adapters fails, while one without them beside it does not."""
    studio = Studio(model, adapters=folder)
    studio.engine.handle(Generate(job=JobId("bad"), recipe=recipe(*uses)))
    studio.engine.handle(Generate(job=JobId("good"), recipe=recipe()))
    while studio.engine.tick():
        pass
    failed, finished = (event for event in studio.events if isinstance(event, Failed | Finished))
    assert isinstance(failed, Failed)
    assert isinstance(finished, Finished)
    assert (failed.job, finished.job) == ("bad", "good")
    assert not hooks(model)
    return failed


def test_an_adapter_that_is_gone_is_told_by_its_hash(model: UNetModel, tmp_path: Path) -> None:
    failed = failure(model, tmp_path, use(ContentHash("f" * 64)))
    assert failed.kind == "model"
    assert failed.message.startswith("The adapter ffffffffff is not here")


def test_what_was_deleted_is_used_no_more_though_it_is_in_memory(model: UNetModel, tmp_path: Path) -> None:
    name = lora(tmp_path, 1, model)
    adapters = Adapters(tmp_path, model.device, model.dtype)
    adapters.put_on(model, "unet", adapters.select((use(name),), model).unet)
    (tmp_path / f"{name}.safetensors").unlink()
    with pytest.raises(ModelError, match=f"The adapter {name[:10]} is not here"):
        adapters.select((use(name),), model)
    assert adapters.kept == ()
    assert not hooks(model)


def test_one_that_went_while_the_picture_was_painted_ends_that_picture(model: UNetModel, tmp_path: Path) -> None:
    one, two = lora(tmp_path, 1, model), lora(tmp_path, 2, model)
    studio = Studio(model, adapters=tmp_path, adapters_bytes=1)
    for name in (one, two):
        studio.engine.handle(Generate(job=JobId(name), recipe=recipe(use(name))))
    studio.engine.tick()
    (tmp_path / f"{one}.safetensors").unlink()
    while studio.engine.tick():
        pass
    assert [event.job for event in studio.events if isinstance(event, Failed)] == [JobId(one)]
    assert [event.job for event in studio.events if isinstance(event, Finished)] == [JobId(two)]


def test_a_damaged_file_is_told_by_its_hash(model: UNetModel, tmp_path: Path) -> None:
    name = lora(tmp_path, 1, model)
    place = tmp_path / f"{name}.safetensors"
    place.write_bytes(place.read_bytes()[:-100])
    failed = failure(model, tmp_path, use(name))
    assert failed.kind == "model"
    assert name[:10] in failed.message


def test_an_adapter_of_another_family_is_refused(model: UNetModel, sample_model: UNetModel, tmp_path: Path) -> None:
    name = lora(tmp_path, 1, sample_model)
    failed = failure(model, tmp_path, use(name))
    assert failed.kind == "model"
    assert name[:10] in failed.message
    assert "does not fit" in failed.message


def test_words_are_for_embeddings_and_for_them_alone(model: UNetModel, tmp_path: Path) -> None:
    changing, spot = lora(tmp_path, 1, model), write(tmp_path, {"emb_params": torch.zeros(1, 64)})
    assert failure(model, tmp_path, use(spot)).kind == "invalid"
    assert failure(model, tmp_path, AdapterUse(hash=changing, word="zorp")).kind == "invalid"


def test_an_engine_without_a_folder_has_no_adapters(model: UNetModel) -> None:
    adapters = Adapters(None, model.device, model.dtype)
    adapters.prefetch([ContentHash("f" * 64)], "sd1")
    with pytest.raises(ModelError, match="no folder of adapters"):
        adapters.select((use(ContentHash("f" * 64)),), model)


@pytest.fixture
def sample_model() -> UNetModel:
    from inference.sample import MODEL_FOLDER

    model = loaded(MODEL_FOLDER.parent, MODEL_FOLDER)
    model.adapter_family = "sample"
    return model


def test_sdxl_has_two_text_encoders(tiny_root: Path, tiny_folder: Callable[[Kind], Path], tmp_path: Path) -> None:
    model = loaded(tiny_root, tiny_folder("sdxl"))
    first, second = (each.model.get_input_embeddings() for each in model.encoders)
    ids = torch.tensor(model.encoders[0].tokens("red circle"))
    pair = {"clip_l": first(ids).detach(), "clip_g": second(ids).detach()}
    zorp = AdapterUse(hash=write(tmp_path, pair), word="zorp")
    spelt, read = paint(model, tmp_path, recipe(prompt="a red circle"), recipe(zorp, prompt="a zorp"))
    assert differ(read, spelt) < 1e-4
    with pytest.raises((ModelError, OutOfRange)):
        Adapters(tmp_path, model.device, model.dtype).select(
            (AdapterUse(hash=write(tmp_path, {"emb_params": torch.zeros(1, 64)}), word="x"),), model
        )
