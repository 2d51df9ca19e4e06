"""Adapters that prompts name: which they are, how strong, whether they fit, and what a writer is told."""

import msgspec
import pytest

from bot.services.networks import (
    Named,
    Networks,
    asked,
    networks_for,
    require_usable,
    told_of,
    whose,
    with_asked,
)
from bot.services.prompts import Choices, Written, named, write
from bot.services.requests import Actor
from bot.texts import Mistake
from inference.prompt.places import PromptError
from inference.protocol.messages import ModelInfo
from inference.protocol.recipe import AdapterUse, ContentHash, Recipe, adapters_of, picture_of
from storage.adapters import AdapterId, StoredAdapter
from storage.styles import folded
from tests.clockwork import MODEL
from tests.no_adapters import NoShelf
from tests.sample_requests import recipe


def adapter(name: str, **fields: object) -> StoredAdapter:
    chosen: dict[str, object] = {
        "id": AdapterId(1),
        "hash": ContentHash(folded(name).encode().hex().ljust(64, "0")[:64]),
        "owner_id": 1,
        "name": name,
        "kind": "lora",
        "form": "LoRA",
        "family": "sd1",
        "bytes": 10,
        "created_at": 0.0,
    }
    return msgspec.convert(chosen | fields, StoredAdapter)


INK = adapter("Ink", weight=0.7, triggers=("ink wash", "sumi"))
OIL = adapter("oil paint")
BIG = adapter("big", family="sdxl")
ZORP = adapter("zorp", kind="embedding", form="embedding")
RING = adapter("zorp ring", kind="embedding", form="embedding")
HUGE = adapter("huge-one", kind="embedding", form="embedding", family="sdxl")
ANN = Actor(member_id=1, guild_id=None)
ALL = (INK, OIL, BIG, ZORP, RING, HUGE)


def model(name: str, family: str) -> ModelInfo:
    return msgspec.structs.replace(MODEL, name=name, adapter_family=family, hash=ContentHash(name[0] * 64))


def networks(*known: StoredAdapter, name: str = "a") -> Networks:
    models = (model("a", "sd1"), model("b", "sdxl"), model("c", ""))
    return networks_for({folded(each.name): each for each in known or ALL}, ContentHash(name * 64), models)


def painted(prompt: str, negative: str = "", made: bool = False, pictures: int = 1, **more: object) -> Written:
    wanted: Recipe = msgspec.structs.replace(recipe(), prompt=prompt, negative_prompt=negative, steps=10, **more)
    return write(wanted, pictures, Choices(made=made, most=10), networks=networks())


def told(prompt: str) -> str:
    with pytest.raises(PromptError) as caught:
        painted(prompt)
    return caught.value.pointed()


def use(of: StoredAdapter, weight: float = 1.0, encoder: float | None = None, word: str | None = None) -> AdapterUse:
    return AdapterUse(hash=of.hash, weight=weight, text_encoder_weight=encoder, word=word)


@pytest.mark.parametrize(
    ("prompt", "uses"),
    [
        ("a cat", ()),
        ("a cat <lora:Ink:0.5>", (use(INK, 0.5),)),
        ("a cat <lora:INK>", (use(INK, 0.7),)),
        ("<lora:ink:0.2:0.9> <lora:oil  paint:-2>", (use(INK, 0.9, 0.2), use(OIL, -2.0))),
        ("<lora:oil paint:1> <lora:ink:1>", (use(OIL), use(INK))),
        ("<lora:styles/ink:0>", (use(INK, 0.0),)),
        ("<lora:ink:1> x <lora:ink:0.5>", (use(INK, 1.5),)),
        ("a zorp", (use(ZORP, word="zorp"),)),
        ("(Zorp:1.2), zorp", (use(ZORP, word="Zorp"),)),
        ("a zorp ring", (use(RING, word="zorp ring"),)),
        ("zorps azorp zorp-like _zorp", ()),
        ("a zorp <lora:ink:1>", (use(INK), use(ZORP, word="zorp"))),
        ("a huge-one", ()),
    ],
)
def test_what_a_prompt_names_goes_into_the_recipe(prompt: str, uses: tuple[AdapterUse, ...]) -> None:
    written = painted(prompt)
    assert written.recipe.adapters == uses
    assert written.recipe.prompt == prompt


def test_an_embedding_is_found_in_the_negative_prompt_and_in_the_style_prompt() -> None:
    assert painted("a cat", "zorp, <lora:ink:1>").recipe.adapters == (use(ZORP, word="zorp"),)
    assert painted("a cat", style_prompt="a ZORP").recipe.adapters == (use(ZORP, word="ZORP"),)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a <lora:inc:1> cat", "no LoRA of the name 'inc' here. Did you mean Ink?\na <lora:inc:1> cat\n  ^^^^^^^^^^^^"),
        ("<lora:big:1>", "'big' is made for SDXL, and the model 'a' is SD 1. These fit it: Ink, oil paint. It fits b."),
        ("<lora:zorp:1>", "'zorp' is an embedding: write its name alone"),
        ("<hypernet:old:1>", "Hypernetworks are not used here"),
        ("<lora:ink:2.1>", "Its weight is 2.1 here, and weights go from -2 to 2."),
        ("<lora:ink:1:-2.5>", "Its weight is 2.5 here"),
        ("<lora:ink:1.5> <lora:ink:1>", "Its weight is 2.5 here"),
    ],
)
def test_what_cannot_be_used_is_refused_at_its_place(prompt: str, words: str) -> None:
    assert words in told(prompt)


def test_a_picture_takes_so_many_and_no_more() -> None:
    known = [adapter(f"n{number}") for number in range(11)]
    prompt = "".join(f"<lora:{each.name}:1>" for each in known)
    wanted = msgspec.structs.replace(recipe(), prompt=prompt)
    with pytest.raises(PromptError, match="at most 10"):
        write(wanted, 1, Choices(most=10), networks=networks(*known))


def test_each_picture_has_what_its_own_words_name() -> None:
    written = painted("{<lora:ink:1>|<lora:oil paint:1>} cat", pictures=8)
    own = [picture_of(written.recipe, index, written.words) for index in range(8)]
    assert {each.adapters for each in own} == {(use(INK),), (use(OIL),)}
    for each in own:
        assert each.adapters == ((use(INK),) if "ink" in each.prompt else (use(OIL),))
    assert set(adapters_of(written.recipe, written.words)) == {INK.hash, OIL.hash}


def test_pictures_that_name_the_same_share_it() -> None:
    written = painted("<lora:ink:1> {red|blue|green} cat", pictures=8)
    assert written.recipe.adapters == (use(INK),)
    assert all(own.adapters is None for own in written.words)


def test_a_picture_made_before_keeps_its_own() -> None:
    kept = (use(BIG, 0.3),)
    assert painted("a zorp <lora:gone:1>", made=True, adapters=kept).recipe.adapters == kept


def test_what_a_new_prompt_no_longer_names_is_not_kept() -> None:
    assert painted("a cat", adapters=(use(INK),)).recipe.adapters == ()


def test_trigger_words_that_are_missing_are_told() -> None:
    ((text, hint),) = painted("a cat <lora:ink:1>").hints
    assert hint.words == "'Ink' was trained on words of which none stands in the prompt: ink wash, sumi."
    assert text[hint.span.start : hint.span.end] == "<lora:ink:1>"
    assert painted("a cat, Sumi <lora:ink:1>").hints == ()
    assert painted("a cat <lora:ink:0>").hints == ()


def test_an_embedding_for_another_model_is_read_as_a_word_and_told() -> None:
    ((text, hint),) = painted("a huge-one").hints
    assert text[hint.span.start : hint.span.end] == "huge-one"
    assert hint.words.startswith("'huge-one' is an embedding for SDXL; 'a' is SD 1")


# The option ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "prompt"),
    [
        ("ink", "a cat <lora:Ink>"),
        ("ink:0.8, Oil Paint", "a cat <lora:Ink:0.8><lora:oil paint>"),
        ("zorp", "a cat, zorp"),
        ("ink, zorp:1.2", "a cat, (zorp:1.2) <lora:Ink>"),
        (" ink : -1 ,", "a cat <lora:Ink:-1>"),
    ],
)
def test_the_option_is_written_into_the_prompt(option: str, prompt: str) -> None:
    written = with_asked("a cat", asked(option, networks()))
    assert written == prompt
    assert painted(written).recipe.adapters


@pytest.mark.parametrize(
    ("option", "key"),
    [
        ("inc", "no_adapter_near"),
        ("inc:0.5", "no_adapter_near"),
        ("qqqqqqq", "no_adapter"),
        ("ink:much", "adapters_weight"),
        ("ink:nan", "adapters_weight"),
        (",".join(["ink"] * 11), "adapters_many"),
    ],
)
def test_an_option_that_cannot_be_meant(option: str, key: str) -> None:
    with pytest.raises(Mistake) as caught:
        asked(option, networks())
    assert caught.value.key == key


def test_what_is_named_beside_a_finished_prompt() -> None:
    assert named("<lora:ink:0.5>", networks()) == (use(INK, 0.5),)
    assert named("zorp", networks()) == (use(ZORP, word="zorp"),)
    with pytest.raises(PromptError, match="made for SDXL"):
        named("<lora:big:1>", networks())


# What may be used ---------------------------------------------------------------------------------------------------


class OneShelf(NoShelf):
    """Knows two adapters that may be used, and the name of another that is gone."""

    def require(self, name: ContentHash, _actor: object, /) -> StoredAdapter:
        if name not in (INK.hash, BIG.hash):
            raise Mistake("adapters_unseen")
        return INK if name == INK.hash else BIG

    def exists(self, name: ContentHash, /) -> bool:
        return name == INK.hash

    def name_of(self, name: ContentHash, _actor: object = None, /) -> str | None:
        return {INK.hash: "Ink", ZORP.hash: "Zorp"}.get(name)


@pytest.mark.parametrize(("wanted", "key"), [(OIL, "adapters_unseen"), (BIG, "adapters_misfit")])
def test_an_adapter_that_may_not_be_used(wanted: StoredAdapter, key: str) -> None:
    with pytest.raises(Mistake) as caught:
        require_usable([INK.hash, wanted.hash], networks(), OneShelf(), ANN)
    assert caught.value.key == key


def test_an_adapter_that_may_be_used() -> None:
    require_usable([INK.hash], networks(), OneShelf(), ANN)


def test_without_adapters_none_may_be_used() -> None:
    with pytest.raises(Mistake) as caught:
        require_usable([INK.hash], networks(), NoShelf(), ANN)
    assert caught.value.key == "adapters_gone"
    assert NoShelf().visible(ANN) == {}


def test_what_a_picture_was_made_with_is_named_as_far_as_it_is_known() -> None:
    made = msgspec.structs.replace(recipe(), adapters=(use(INK), use(ZORP, word="zorp"), use(OIL)))
    assert told_of(made, (), OneShelf(), ANN) == (Named("Ink"), Named("Zorp", gone=True), Named(None, gone=True))


def test_a_model_that_takes_none() -> None:
    assert networks(name="c").fitting() == []
    with pytest.raises(Mistake):
        require_usable([INK.hash], networks(name="c"), OneShelf(), ANN)


def test_whose_it_is() -> None:
    assert whose(INK, 1) == "own"
    assert whose(msgspec.structs.replace(INK, visibility="server"), 2) == "server"
    assert whose(msgspec.structs.replace(INK, visibility="public"), 2) == "public"
    assert whose(msgspec.structs.replace(INK, owner_id=0, visibility="public"), 2) == "operator"
