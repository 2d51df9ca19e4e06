"""Names are found however people write them, and near misses are told what they may have meant."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocol.names import (
    SAMPLER_NAMES,
    SCHEDULE_NAMES,
    UnknownName,
    nearest,
    sampler_key,
    schedule_key,
    split_sampler,
)


@pytest.mark.parametrize("key", SAMPLER_NAMES)
def test_samplers_are_found_by_key_and_display_name_in_any_case(key: str) -> None:
    for name in (key, SAMPLER_NAMES[key]):
        for spelling in (name, name.upper(), name.lower(), f"  {name} "):
            assert sampler_key(spelling) == key


@pytest.mark.parametrize("key", SCHEDULE_NAMES)
def test_schedules_are_found_by_key_and_display_name_in_any_case(key: str) -> None:
    for name in (key, SCHEDULE_NAMES[key]):
        for spelling in (name, name.upper(), name.lower()):
            assert schedule_key(spelling) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("Euler a", "euler_a"),
        ("EULER A", "euler_a"),
        ("euler_ancestral", "euler_a"),
        ("k_euler_a", "euler_a"),
        ("DPM++ 2M", "dpmpp_2m"),
        ("dpmpp_2m", "dpmpp_2m"),
        ("k_dpmpp_2m", "dpmpp_2m"),
        ("sample_dpmpp_2m", "dpmpp_2m"),
        ("dpmpp_2m_sde_gpu", "dpmpp_2m_sde"),
        ("DPM++  2S a", "dpmpp_2s_a"),
        ("uni_pc", "unipc"),
        ("k_euler", "euler"),
        ("Euler Ancestral", "euler_a"),
        ("PNDM", "plms"),
        ("DPM++  2M\tSDE", "dpmpp_2m_sde"),
        (" DDIM ", "ddim"),
    ],
)
def test_finds_names_as_people_write_them(text: str, key: str) -> None:
    assert sampler_key(text) == key


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("DPM++ 2M Karras", ("dpmpp_2m", "karras")),
        ("DPM++ 2M SDE Exponential", ("dpmpp_2m_sde", "exponential")),
        ("dpm++ sde karras", ("dpmpp_sde", "karras")),
        ("DPM2 a Karras", ("dpm2_a", "karras")),
        ("Euler SGM Uniform", ("euler", "sgm_uniform")),
        ("DDIM DDIM Uniform", ("ddim", "ddim_uniform")),
        ("LMS Karras", ("lms", "karras")),
        ("Euler a", ("euler_a", None)),
        ("DDIM", ("ddim", None)),
        ("Euler", ("euler", None)),
    ],
)
def test_splits_old_names(text: str, expected: tuple[str, str | None]) -> None:
    assert split_sampler(text) == expected


@pytest.mark.parametrize("lookup", [sampler_key, split_sampler])
def test_an_unknown_name_is_told_its_neighbours(lookup: Callable[[str], object]) -> None:
    with pytest.raises(UnknownName) as caught:
        lookup("DPM++ 2N")
    assert "DPM++ 2M" in caught.value.nearest


def test_a_near_miss_is_told_what_it_may_have_meant() -> None:
    with pytest.raises(UnknownName, match="there is no sampler named 'Eulr'; did you mean Euler"):
        sampler_key("Eulr")


def test_a_far_miss_is_told_all_that_are_known() -> None:
    with pytest.raises(UnknownName, match="there is no schedule named 'qqqq'; known: Normal, Karras"):
        schedule_key("qqqq")


@given(st.text(max_size=300))
def test_any_text_is_a_known_key_or_unknown(text: str) -> None:
    error = None
    try:
        assert sampler_key(text) in SAMPLER_NAMES
    except UnknownName as unknown:
        error = unknown
    if error is not None:
        assert error.given == text
        assert len(error.nearest) <= 3
        assert set(error.nearest) <= set(SAMPLER_NAMES.values())


@given(st.sampled_from(sorted(SAMPLER_NAMES.values())))
def test_a_name_is_nearest_to_itself(name: str) -> None:
    assert nearest(name.upper(), SAMPLER_NAMES.values())[0] == name


def test_display_names_and_keys_are_unambiguous() -> None:
    folded = [name.casefold() for name in SAMPLER_NAMES.values()]
    assert len(set(folded)) == len(folded)
