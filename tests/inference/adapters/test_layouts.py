import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.adapters.layouts import embedding, family_of, fit, nearest, targets
from inference.adapters.modules import FAMILIES, TABLES_FOLDER, Family, Shape, modules, original_names, text_widths
from inference.adapters.tabulate import table, written

#: Names as trainers write them, and what they mean.
_WRITTEN: dict[tuple[Family, str], str] = {
    ("sd1", "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q"):
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q",
    ("sd1", "lora_unet_mid_block_attentions_0_proj_in"): "unet.mid_block.attentions.0.proj_in",
    ("sd1", "lora_unet_up_blocks_1_attentions_2_transformer_blocks_0_ff_net_0_proj"):
        "unet.up_blocks.1.attentions.2.transformer_blocks.0.ff.net.0.proj",
    ("sd1", "lora_unet_down_blocks_0_downsamplers_0_conv"): "unet.down_blocks.0.downsamplers.0.conv",
    ("sd1", "lora_unet_input_blocks_1_1_transformer_blocks_0_attn2_to_k"):
        "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k",
    ("sd1", "lora_unet_input_blocks_3_0_op"): "unet.down_blocks.0.downsamplers.0.conv",
    ("sd1", "lora_unet_output_blocks_2_1_conv"): "unet.up_blocks.0.upsamplers.0.conv",
    ("sd1", "lora_unet_output_blocks_5_2_conv"): "unet.up_blocks.1.upsamplers.0.conv",
    ("sd1", "lora_unet_output_blocks_11_1_proj_out"): "unet.up_blocks.3.attentions.2.proj_out",
    ("sd1", "lora_te_text_model_encoder_layers_11_self_attn_q_proj"): "text_encoder.encoder.layers.11.self_attn.q_proj",
    ("sd1", "text_encoder.text_model.encoder.layers.3.mlp.fc1"): "text_encoder.encoder.layers.3.mlp.fc1",
    ("sd1", "base_model.model.text_model.encoder.layers.3.mlp.fc1"): "text_encoder.encoder.layers.3.mlp.fc1",
    ("sd1", "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0"):
        "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0",
    ("sd2", "lora_te_text_model_encoder_layers_22_mlp_fc2"): "text_encoder.encoder.layers.22.mlp.fc2",
    ("sdxl", "lora_unet_input_blocks_4_1_transformer_blocks_1_attn1_to_q"):
        "unet.down_blocks.1.attentions.0.transformer_blocks.1.attn1.to_q",
    ("sdxl", "lora_unet_input_blocks_0_0"): "unet.conv_in",
    ("sdxl", "lora_unet_input_blocks_5_0_emb_layers_1"): "unet.down_blocks.1.resnets.1.time_emb_proj",
    ("sdxl", "lora_unet_input_blocks_7_0_skip_connection"): "unet.down_blocks.2.resnets.0.conv_shortcut",
    ("sdxl", "lora_unet_middle_block_1_transformer_blocks_9_ff_net_2"):
        "unet.mid_block.attentions.0.transformer_blocks.9.ff.net.2",
    ("sdxl", "lora_unet_middle_block_2_in_layers_2"): "unet.mid_block.resnets.1.conv1",
    ("sdxl", "lora_unet_output_blocks_2_2_conv"): "unet.up_blocks.0.upsamplers.0.conv",
    ("sdxl", "lora_unet_output_blocks_5_1_transformer_blocks_0_attn2_to_v"):
        "unet.up_blocks.1.attentions.2.transformer_blocks.0.attn2.to_v",
    ("sdxl", "lora_unet_output_blocks_8_0_out_layers_3"): "unet.up_blocks.2.resnets.2.conv2",
    ("sdxl", "lora_unet_label_emb_0_0"): "unet.add_embedding.linear_1",
    ("sdxl", "lora_unet_time_embed_2"): "unet.time_embedding.linear_2",
    ("sdxl", "lora_unet_out_2"): "unet.conv_out",
    ("sdxl", "lora_te1_text_model_encoder_layers_11_mlp_fc2"): "text_encoder.encoder.layers.11.mlp.fc2",
    ("sdxl", "lora_te2_text_model_encoder_layers_31_self_attn_out_proj"):
        "text_encoder_2.encoder.layers.31.self_attn.out_proj",
    ("sdxl", "base_model.model.text_model.encoder.layers.3.mlp.fc1"): "text_encoder.encoder.layers.3.mlp.fc1",
}  # fmt: skip


@pytest.mark.parametrize(("family", "name"), _WRITTEN)
def test_names_of_trainers_are_known(family: Family, name: str) -> None:
    target = _WRITTEN[family, name]
    matched = targets(_lora(name, modules(family)[target]), family)
    assert matched.unmatched == ()
    assert list(matched.modules) == [target]


@pytest.mark.parametrize("family", FAMILIES)
def test_tables_are_those_of_the_networks(family: Family) -> None:
    assert (TABLES_FOLDER / f"{family}.json").read_text("utf-8") == written(table(family))


@pytest.mark.parametrize("family", FAMILIES)
def test_flattened_names_are_unambiguous(family: Family) -> None:
    paths = [target.partition(".")[::2] for target in modules(family)]
    assert len({(part, path.replace(".", "_")) for part, path in paths}) == len(paths)
    original = original_names(modules(family))
    assert len({name.replace(".", "_") for name in original}) == len(original)
    assert set(original.values()) == {target for target in modules(family) if target.startswith("unet.")}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("only", ["unet.", "text_encoder", ".attn2.to_k", "text_encoder.", ".resnets.", ".attn1."])
def test_family_is_found_by_names_and_shapes(family: Family, only: str) -> None:
    wanted = [target for target in modules(family) if only in target]
    keys: dict[str, Shape] = {}
    for target in wanted:
        keys |= _lora(_kohya(target, family), modules(family)[target])
    fitting = {other for other in FAMILIES if not targets(keys, other).unmatched}
    assert family in fitting
    if only in ("unet.", ".attn2.to_k"):
        assert fitting == {family}
    assert family_of(keys, {"ss_base_model_version": _TOLD[family]}) == family


_TOLD: Mapping[Family, str] = {
    "sd1": "sd_v1", "sd2": "sd_v2_768_v", "sdxl": "sdxl_base_v1-0", "sample": "",
}  # fmt: skip


def test_what_several_families_share_is_told_by_metadata() -> None:
    keys = _lora(
        "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q",
        modules("sd1")["unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q"],
    )
    assert family_of(keys) == "sd1"
    assert family_of(keys, {"ss_v2": "True"}) == "sd2"
    assert family_of(keys, {"modelspec.architecture": "stable-diffusion-v2-768-v/lora"}) == "sd2"
    # What the file says counts for nothing against its shapes.
    assert family_of(keys, {"modelspec.architecture": "stable-diffusion-xl-v1-base/lora"}) == "sd1"
    text = _lora("lora_te1_text_model_encoder_layers_0_mlp_fc1", (3072, 768))
    assert family_of(text) == "sdxl"
    assert family_of(_lora("lora_te_text_model_encoder_layers_0_mlp_fc1", (3072, 768))) == "sd1"


def test_every_key_that_means_nothing_is_named() -> None:
    good = _lora("lora_unet_mid_block_attentions_0_proj_in", (1280, 1280, 1, 1))
    bad = _lora("lora_unet_mid_block_attentions_7_proj_in", (1280, 1280, 1, 1))
    strange = {"optimizer.state": (3,), "lora_unet_mid_block_attentions_0_proj_out.diff_b": (1280,), "": (1,)}
    matched = targets(good | bad | strange, "sd1")
    assert list(matched.modules) == ["unet.mid_block.attentions.0.proj_in"]
    assert matched.unmatched == tuple(sorted([*bad, *strange]))
    assert family_of(good | bad) is None
    found = nearest(good | bad)
    assert found is not None and found[0] == "sd1" and found[1].unmatched == tuple(sorted(bad))
    assert nearest(strange) is None
    assert family_of({}) is None


def test_a_module_named_twice_is_refused() -> None:
    shape = (320, 320, 1, 1)
    keys = _lora("lora_unet_down_blocks_0_attentions_0_proj_in", shape)
    again = _lora("lora_unet_input_blocks_1_1_proj_in", shape)
    matched = targets(keys | again, "sd1")
    assert len(matched.modules) == 1
    assert len(matched.unmatched) == len(again)
    spelled = {
        "unet.mid_block.attentions.0.proj_in.lora_A.weight": (4, 1280),
        **_peft("mid_block.attentions.0.proj_in"),
    }
    assert len(targets(spelled | {"unet.mid_block_attentions.0.proj_in.lora_A.weight": (4, 1280)}, "sd1").unmatched) > 0


def _peft(path: str) -> dict[str, Shape]:
    return {f"base_model.model.{path}.lora_A.weight": (4, 1280), f"base_model.model.{path}.lora_B.weight": (1280, 4)}


_LINEAR, _CONV, _POINT = (6, 4), (6, 4, 3, 3), (6, 4, 1, 1)
_FITS: list[tuple[Mapping[str, Shape], Shape, tuple[str, int] | None]] = [
    ({"down": (2, 4), "up": (6, 2)}, _LINEAR, ("LoRA", 2)),
    ({"down": (2, 4), "up": (6, 2), "alpha": ()}, _LINEAR, ("LoRA", 2)),
    ({"down": (2, 4), "up": (6, 2), "alpha": (2,)}, _LINEAR, None),
    ({"down": (2, 4, 1, 1), "up": (6, 2, 1, 1)}, _LINEAR, ("LoRA", 2)),
    ({"down": (2, 4), "up": (6, 2)}, _POINT, ("LoRA", 2)),
    ({"down": (2, 4, 3, 3), "up": (6, 2, 1, 1)}, _CONV, ("LoCon", 2)),
    ({"down": (2, 36), "up": (6, 2)}, _CONV, ("LoCon", 2)),
    ({"down": (2, 4, 1, 1), "mid": (2, 2, 3, 3), "up": (6, 2, 1, 1)}, _CONV, ("LoCon", 2)),
    ({"down": (2, 4, 1, 1), "mid": (3, 2, 3, 3), "up": (6, 3, 1, 1)}, _CONV, ("LoCon", 3)),
    ({"down": (2, 4, 1, 1), "mid": (2, 3, 3, 3), "up": (6, 3, 1, 1)}, _CONV, None),
    ({"down": (2, 4), "mid": (2, 2), "up": (6, 2)}, _LINEAR, None),
    ({"down": (2, 4), "up": (6, 3)}, _LINEAR, None),
    ({"down": (2, 5), "up": (6, 2)}, _LINEAR, None),
    ({"down": (0, 4), "up": (6, 0)}, _LINEAR, None),
    ({"down": (2, 4)}, _LINEAR, None),
    ({"alpha": ()}, _LINEAR, None),
    ({"down": (), "up": ()}, _LINEAR, None),
    ({"hada_w1_a": (6, 2), "hada_w1_b": (2, 4), "hada_w2_a": (6, 2), "hada_w2_b": (2, 4)}, _LINEAR, ("LoHa", 2)),
    ({"hada_w1_a": (6, 2), "hada_w1_b": (2, 36), "hada_w2_a": (6, 2), "hada_w2_b": (2, 36)}, _CONV, ("LoHa", 2)),
    ({"hada_w1_a": (6, 2), "hada_w1_b": (2, 4), "hada_w2_a": (6, 2), "hada_w2_b": (3, 4)}, _LINEAR, None),
    ({"hada_w1_a": (6, 2), "hada_w1_b": (2, 4), "hada_w2_a": (6, 2)}, _LINEAR, None),
    ({"lokr_w1": (2, 2), "lokr_w2": (3, 2)}, _LINEAR, ("LoKr", 0)),
    ({"lokr_w1": (2, 2), "lokr_w2": (3, 2, 3, 3)}, _CONV, ("LoKr", 0)),
    ({"lokr_w1": (2, 2), "lokr_w2_a": (3, 1), "lokr_w2_b": (1, 18)}, _CONV, ("LoKr", 1)),
    ({"lokr_w1": (2, 2), "lokr_w2_a": (1, 3), "lokr_w2_b": (1, 2), "lokr_t2": (1, 1, 3, 3)}, _CONV, ("LoKr", 1)),
    ({"lokr_w1_a": (2, 1), "lokr_w1_b": (1, 2), "lokr_w2": (3, 2)}, _LINEAR, ("LoKr", 1)),
    ({"lokr_w1": (2, 2), "lokr_w1_a": (2, 1), "lokr_w1_b": (1, 2), "lokr_w2": (3, 2)}, _LINEAR, None),
    ({"lokr_w1": (4, 2), "lokr_w2": (3, 2)}, _LINEAR, None),
    ({"lokr_w1": (0, 2), "lokr_w2": (3, 2)}, _LINEAR, None),
    ({"lokr_w1": (2, 2)}, _LINEAR, None),
    ({"down": (2, 4), "up": (6, 2), "dora": (6, 1)}, _LINEAR, ("DoRA", 2)),
    ({"down": (2, 4), "up": (6, 2), "dora": (1, 4)}, _LINEAR, ("DoRA", 2)),
    ({"down": (2, 4), "up": (6, 2), "magnitude": (6,)}, _LINEAR, ("DoRA", 2)),
    ({"down": (2, 4, 3, 3), "up": (6, 2, 1, 1), "magnitude": (1, 6, 1, 1)}, _CONV, ("DoRA", 2)),
    ({"lokr_w1": (2, 2), "lokr_w2": (3, 2), "dora": (6, 1)}, _LINEAR, ("DoRA", 0)),
    ({"down": (2, 4), "up": (6, 2), "dora": (4,)}, _LINEAR, None),
    ({"down": (2, 4), "up": (6, 2), "dora": (1, 6)}, _LINEAR, None),
    ({"down": (2, 4), "up": (6, 2), "dora": ()}, _LINEAR, None),
    ({"down": (2, 4), "up": (6, 2), "magnitude": (4,)}, _LINEAR, None),
    ({"down": (2, 4), "up": (6, 2), "dora": (6, 1), "magnitude": (6,)}, _LINEAR, None),
    ({"dora": (6, 1)}, _LINEAR, None),
]


@pytest.mark.parametrize(("shapes", "weight", "expected"), _FITS)
def test_forms_are_told_by_their_shapes(
    shapes: Mapping[str, Shape], weight: Shape, expected: tuple[str, int] | None
) -> None:
    found = fit(shapes, weight)
    assert (None if found is None else (found.form, found.rank)) == expected


_PARTS = st.sampled_from(
    "down up mid alpha dora magnitude hada_w1_a hada_w1_b hada_w2_a hada_w2_b hada_t1 hada_t2 "
    "lokr_w1 lokr_w1_a lokr_w1_b lokr_w2 lokr_w2_a lokr_w2_b lokr_t2".split()
)
_SHAPES = st.lists(st.integers(0, 6), max_size=5).map(tuple)


@given(st.dictionaries(_PARTS, _SHAPES, max_size=8), st.sampled_from([_LINEAR, _CONV, _POINT]))
def test_any_shapes_are_answered(shapes: dict[str, Shape], weight: Shape) -> None:
    found = fit(shapes, weight)
    assert found is None or found.rank >= 0


@given(st.dictionaries(st.text(max_size=60), _SHAPES, max_size=5))
def test_any_keys_are_answered(keys: dict[str, Shape]) -> None:
    assert sorted(targets(keys, "sample").unmatched) == sorted(keys)


@pytest.mark.parametrize(
    ("keys", "family", "count"),
    [
        ({"emb_params": (4, 768)}, "sd1", 4),
        ({"<concept>": (768,)}, "sd1", 1),
        ({"emb_params": (2, 1024)}, "sd2", 2),
        ({"clip_l": (3, 768), "clip_g": (3, 1280)}, "sdxl", 3),
        ({"text_encoders_1": (2, 1280), "text_encoders_0": (2, 768)}, "sdxl", 2),
        ({"emb_params": (1, text_widths("sample")[0])}, "sample", 1),
        ({"emb_params": (1, 500)}, None, 1),
    ],
)
def test_embeddings_are_told_by_their_widths(keys: Mapping[str, Shape], family: str | None, count: int) -> None:
    found = embedding(keys)
    assert found is not None
    assert found.count == count
    assert family_of(keys) == family


@pytest.mark.parametrize(
    "keys",
    [
        {"clip_l": (3, 768), "clip_g": (2, 1280)},
        {"emb_params": (0, 768)},
        {"emb_params": ()},
        {"emb_params": (1, 2, 768)},
        {"one": (1, 768), "other": (1, 768)},
        {},
    ],
)
def test_what_is_no_embedding(keys: Mapping[str, Shape]) -> None:
    assert embedding(keys) is None


def test_tables_hold_one_target_a_line() -> None:
    text = (TABLES_FOLDER / "sample.json").read_text("utf-8")
    assert len(text.splitlines()) == len(json.loads(text)) + 2


def test_a_family_without_a_table_is_told() -> None:
    with pytest.raises(ValueError, match="sd3"):
        modules("sd3")


def _lora(name: str, weight: Shape, rank: int = 4) -> dict[str, Shape]:
    out, into, *kernel = weight
    ones = tuple(1 for _ in kernel)
    return {
        f"{name}.lora_down.weight": (rank, into, *kernel),
        f"{name}.lora_up.weight": (out, rank, *ones),
        f"{name}.alpha": (),
    }


def _kohya(target: str, family: str) -> str:
    part, _, path = target.partition(".")
    first = "lora_te1_text_model_" if family == "sdxl" else "lora_te_text_model_"
    before = {"unet": "lora_unet_", "text_encoder": first, "text_encoder_2": "lora_te2_text_model_"}
    return before[part] + path.replace(".", "_")
