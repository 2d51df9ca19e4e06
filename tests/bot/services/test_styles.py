"""Styles of members, servers and the operator: who sees them, who changes them, and what is kept of them."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.services.people import People
from bot.services.requests import Actor
from bot.services.style_values import STYLES, Style, settings_from
from bot.services.styles import Styles
from bot.texts import Mistake, PromptMistake
from inference.protocol.limits import OutOfRange
from storage import styles as kept
from storage.styles import StyleSettings
from tests.bot.queue.scripted import House, a_house

ANN = Actor(member_id=1, guild_id=2)
ANN_DM = Actor(member_id=1, guild_id=None)
BOB = Actor(member_id=5, guild_id=2)
ELSEWHERE = Actor(member_id=5, guild_id=3)
BOSS = Actor(member_id=6, guild_id=2, manager=True)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as opened:
        yield opened


@pytest.fixture
def styles(house: House) -> Styles:
    return Styles(database=house.database, dispatcher=house.dispatcher, operators=STYLES)


async def anew(house: House) -> Styles:
    """Return what a restart would know."""
    again = Styles(database=house.database, dispatcher=house.dispatcher, operators=STYLES)
    await again.load()
    return again


def seen(styles: Styles, actor: Actor) -> list[tuple[str, str, str]]:
    """Return what somebody sees beside the operator's."""
    listed = styles.listed(actor.member_id, actor.guild_id)
    return [(one.name, one.whose, one.style.prompt) for one in listed if one.whose != "operator"]


def visible(styles: Styles, actor: Actor) -> dict[str, str]:
    found = styles.visible(actor.member_id, actor.guild_id)
    return {name: style.prompt for name, style in found.items()}


# What there is -------------------------------------------------------------------------------------------------------


async def test_the_nearest_of_a_name_wins(styles: Styles, house: House) -> None:
    await styles.add(BOSS, "Ink", prompt="server's", whose="server")
    assert visible(styles, ANN)["Ink"] == "server's"
    await styles.add(ANN, "INK", prompt="own")
    for known in (styles, await anew(house)):
        assert visible(known, ANN)["INK"] == "own"
        assert {"Ink", "ink"} & set(visible(known, ANN)) == set()
        assert visible(known, BOB)["Ink"] == "server's"
        assert visible(known, ELSEWHERE)["ink"] == STYLES["ink"].prompt
        assert visible(known, ANN_DM)["INK"] == "own"
        used = [known.applied("", "", [" ink "], one.member_id, one.guild_id).prompt for one in (ANN, BOB, ELSEWHERE)]
        assert used == ["own", "server's", STYLES["ink"].prompt.replace("{prompt}", "")]
        assert seen(known, ANN) == [("INK", "own", "own"), ("Ink", "server", "server's")]
        assert [one.name for one in known.listed(7, None)] == sorted(STYLES)


async def test_a_name_that_is_none_names_the_nearest_that_is_seen(styles: Styles) -> None:
    await styles.add(ANN, "noir", prompt="x")
    with pytest.raises(Mistake, match="Did you mean noir"):
        styles.applied("cat", "", ["nior"], ANN.member_id, None)
    with pytest.raises(Mistake, match="choose one that is offered"):
        styles.applied("cat", "", ["nior"], BOB.member_id, 2)


def test_several_are_named_with_commas(house: House) -> None:
    operators = {"ink, wet": Style(), "ink": Style()}
    styles = Styles(database=house.database, dispatcher=house.dispatcher, operators=operators)
    assert styles.named("Ink, WET", 1, None) == ["Ink, WET"]
    assert styles.named(" ink ,, photo,", 1, None) == ["ink", "photo"]
    assert styles.named(" , ", 1, None) == []
    with pytest.raises(Mistake, match="too many styles: 10"):
        styles.named(",".join("abcdefghijk"), 1, None)


async def test_they_are_applied_as_the_member_sees_them(styles: Styles) -> None:
    await styles.add(ANN, "hair", prompt="long hair", negative="bald", settings=StyleSettings(steps=5))
    found = styles.applied("a woman with <style:hair>", "dogs", ["ink"], ANN.member_id, None)
    assert found.prompt == "ink drawing of a woman with long hair, bold lines, black and white"
    assert (found.negative_prompt, found.settings.steps) == ("dogs, photo, colour, bald", 5)
    with pytest.raises(PromptMistake, match="no style named “hair”"):
        styles.applied("a woman with <style:hair>", "", [], BOB.member_id, 2)


# Making and changing -------------------------------------------------------------------------------------------------


async def test_all_of_a_style_is_kept(styles: Styles, house: House) -> None:
    settings = settings_from(steps=30, guidance=6.5, sampler="dpm++ 2m karras", size="512 X 768", model="CLOCKWORK")
    added = await styles.add(ANN, "  Film  noir ", prompt=" {prompt}, noir ", negative="colour", settings=settings)
    for known in (styles, await anew(house)):
        (one,) = [one for one in known.listed(1, None) if one.whose == "own"]
        assert one == added
        assert (one.name, one.style.prompt, one.style.negative) == ("Film noir", "{prompt}, noir", "colour")
        assert one.style.settings == StyleSettings(
            steps=30, guidance=6.5, sampler="DPM++ 2M Karras", size="512x768", model="clockwork"
        )


@pytest.mark.parametrize(
    "name", ["", " ", "x" * 81, "a>b", "a<b", "a,b", "a\nb", "a\u202eb", "a\u200bb", "a\x00b", "a\u2028b", "a\ud800"]
)
async def test_what_cannot_be_a_name(styles: Styles, name: str) -> None:
    with pytest.raises(Mistake, match="cannot be the name of a style"):
        await styles.add(ANN, name, prompt="x")
    await styles.add(ANN, "fine", prompt="x")
    with pytest.raises(Mistake, match="cannot be the name of a style"):
        await styles.edit(ANN, "fine", rename=name)


async def test_names_are_composed(styles: Styles) -> None:
    assert (await styles.add(ANN, "Cafe\u0301", prompt="x")).name == "Café"
    with pytest.raises(Mistake, match="You have a style named “CAFÉ” already"):
        await styles.add(ANN, "CAFÉ", prompt="x")


async def test_what_no_style_can_be(styles: Styles, house: House) -> None:
    with pytest.raises(Mistake, match="6000 characters at most"):
        await styles.add(ANN, "x", prompt="x" * 6001)
    with pytest.raises(Mistake, match="6000 characters at most"):
        await styles.add(ANN, "x", negative="x" * 6001)
    with pytest.raises(Mistake, match="Say what “x” is made of"):
        await styles.add(ANN, "x", prompt=" \n")
    with pytest.raises(Mistake, match="Did you mean clockwork"):
        await styles.add(ANN, "x", settings=settings_from(model="clokwork"))
    with pytest.raises(OutOfRange):
        await styles.add(ANN, "x", prompt="\ud800")
    with pytest.raises(Mistake):
        settings_from(sampler="Eulr")
    with pytest.raises(Mistake):
        settings_from(size="huge")
    for beyond in (
        lambda: settings_from(size="65x64"),
        lambda: settings_from(steps=0),
        lambda: settings_from(guidance=1e9),
    ):
        with pytest.raises(OutOfRange):
            beyond()
    assert await kept.all(house.database) == []


def test_the_operators_styles_are_checked_too() -> None:
    for wrong in ({"sampler": "Eulr"}, {"size": "huge"}, {"size": "65x64"}, {"steps": 0}, {"mood": "merry"}):
        with pytest.raises(ValidationError):
            Style(**wrong)
    assert Style(size="3 : 2", sampler="Euler a").settings == StyleSettings(size="3:2", sampler="Euler a")


async def test_nobody_has_more_than_may_be(styles: Styles, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MAX_OF_MEMBER", 1)
    monkeypatch.setattr(kept, "MAX_OF_GUILD", 1)
    await styles.add(ANN, "a", prompt="x")
    with pytest.raises(Mistake, match="You may have 100 styles"):
        await styles.add(ANN, "b", prompt="x")
    await styles.share(ANN, "a")
    await styles.add(BOSS, "b", prompt="x")
    with pytest.raises(Mistake, match="A server may have 300 styles"):
        await styles.share(BOSS, "b")


async def test_what_is_given_is_changed_and_the_rest_stays(styles: Styles, house: House) -> None:
    settings = StyleSettings(steps=30, guidance=6.5, size="3:2")
    await styles.add(ANN, "noir", prompt="x", negative="y", settings=settings)
    await styles.edit(ANN, "NOIR", prompt="z", settings=StyleSettings(steps=5))
    await styles.edit(ANN, "noir", rename="Film", clear=["guidance", "negative"])
    for known in (styles, await anew(house)):
        assert seen(known, ANN) == [("Film", "own", "z")]
        found = known.editable(ANN, "film").style
        assert (found.negative, found.settings) == ("", StyleSettings(steps=5, size="3:2"))
    with pytest.raises(Mistake, match="Say what to change"):
        await styles.edit(ANN, "film")
    with pytest.raises(Mistake, match="no style named “noir”"):
        await styles.edit(ANN, "noir", prompt="z")
    await styles.edit(ANN, "film", rename="FILM")
    assert seen(styles, ANN) == [("FILM", "own", "z")]


async def test_a_style_is_not_left_with_nothing_nor_with_anothers_name(styles: Styles) -> None:
    await styles.add(ANN, "a", negative="y")
    await styles.add(ANN, "b", prompt="x")
    with pytest.raises(Mistake, match="made of"):
        await styles.edit(ANN, "a", clear=["negative"])
    with pytest.raises(Mistake, match="“A” already"):
        await styles.edit(ANN, "b", rename="A")
    assert [name for name, _, _ in seen(styles, ANN)] == ["a", "b"]


async def test_of_two_at_once_one_has_the_name(styles: Styles, house: House) -> None:
    outcomes = await asyncio.gather(
        *(styles.add(ANN, "noir", prompt=str(number)) for number in range(3)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Listed", "Mistake", "Mistake"]
    assert seen(styles, ANN) == seen(await anew(house), ANN)


async def test_words_are_changed_by_the_form(styles: Styles, house: House) -> None:
    stored = (await styles.add(ANN, "noir", prompt="x", negative="y")).stored
    assert stored is not None
    await styles.rewrite(ANN, stored.id, "{prompt}!", "")
    assert seen(await anew(house), ANN) == seen(styles, ANN) == [("noir", "own", "{prompt}!")]
    for actor, number in ((BOB, stored.id), (BOSS, stored.id), (ANN, stored.id + 1)):
        with pytest.raises(Mistake, match="nothing left"):
            await styles.rewrite(actor, number, "mine", "")


# Whose they are ------------------------------------------------------------------------------------------------------


async def test_a_shared_style_is_the_servers_and_stays_its_givers(styles: Styles, house: House) -> None:
    await styles.add(ANN, "noir", prompt="x", settings=StyleSettings(steps=5))
    await styles.share(ANN, "NOIR")
    await styles.edit(ANN, "noir", prompt="own only")
    assert seen(styles, BOB) == [("noir", "server", "x")]
    assert styles.applied("cat", "", ["noir"], 5, 2).settings.steps == 5
    for wrong in (BOB, BOSS):
        with pytest.raises(Mistake, match="no style named “noir”"):
            await styles.share(wrong, "noir")
    with pytest.raises(Mistake, match="Rename yours first"):
        await styles.share(ANN, "noir")
    with pytest.raises(Mistake, match="Use this command in one"):
        await styles.share(ANN_DM, "noir")
    with pytest.raises(Mistake, match="Only those who gave “noir”"):
        await styles.edit(BOB, "noir", prompt="mine")
    with pytest.raises(Mistake, match="Only those who gave “noir”"):
        await styles.remove(BOB, "noir")
    with pytest.raises(Mistake, match="no style named"):
        await styles.remove(ELSEWHERE, "noir")
    await styles.edit(ANN, "noir", whose="server", prompt="by the giver")
    assert seen(styles, ANN) == [("noir", "own", "own only"), ("noir", "server", "by the giver")]
    await styles.edit(BOSS, "noir", prompt="by the manager")
    assert seen(styles, BOB) == [("noir", "server", "by the manager")]
    await styles.remove(ANN, "noir")
    await styles.remove(ANN, "noir")
    assert seen(styles, ANN) == seen(await anew(house), ANN) == []


async def test_only_managers_write_straight_into_the_servers(styles: Styles) -> None:
    with pytest.raises(Mistake, match="Only those who may manage this server"):
        await styles.add(ANN, "noir", prompt="x", whose="server")
    with pytest.raises(Mistake, match="Use this command in one"):
        await styles.add(Actor(member_id=6, guild_id=None, manager=True), "noir", prompt="x", whose="server")
    with pytest.raises(Mistake, match="Only those who may manage this server"):
        await styles.import_csv(ANN, "x", b"name,prompt\na,b\n", "server")
    await styles.add(BOSS, "noir", prompt="x", whose="server")
    assert seen(styles, ANN) == [("noir", "server", "x")]


async def test_a_manager_elsewhere_is_none_here_and_nobody_manages_anothers_own(styles: Styles) -> None:
    await styles.add(ANN, "noir", prompt="x")
    await styles.share(ANN, "noir")
    boss_elsewhere = Actor(member_id=6, guild_id=3, manager=True)
    for actor in (boss_elsewhere, Actor(member_id=6, guild_id=None, manager=True)):
        with pytest.raises(Mistake, match="no style named"):
            await styles.remove(actor, "noir")
    with pytest.raises(Mistake, match="no style named"):
        styles.editable(BOSS, "noir", "me")


async def test_the_operators_stay_as_they_are(styles: Styles) -> None:
    for change in (styles.remove(BOSS, "Ink"), styles.edit(BOSS, "ink", prompt="x")):
        with pytest.raises(Mistake, match="“ink” comes with me"):
            await change


async def test_what_may_be_changed_is_what_is_offered(styles: Styles) -> None:
    await styles.add(ANN, "own", prompt="x")
    await styles.add(ANN, "given", prompt="x")
    await styles.share(ANN, "given")
    await styles.add(BOSS, "boss", prompt="x", whose="server")
    offered = {actor: styles.editable_names(actor) for actor in (ANN, ANN_DM, BOB, BOSS)}
    assert offered == {ANN: ["own", "given"], ANN_DM: ["own", "given"], BOB: [], BOSS: ["given", "boss"]}
    for actor, names in offered.items():
        for name in names:
            assert styles.editable(actor, name).name == name


async def test_a_deleted_member_leaves_the_servers_styles_under_nobodys_name(styles: Styles, house: House) -> None:
    people = People(
        database=house.database,
        pictures=house.pictures,
        inputs=house.inputs,
        dispatcher=house.dispatcher,
        styles=styles,
    )
    await styles.add(ANN, "own", prompt="x")
    await styles.add(ANN, "given", prompt="x")
    await styles.share(ANN, "given")
    await people.forget(ANN.member_id)
    for known in (styles, await anew(house)):
        assert seen(known, ANN) == seen(known, BOB) == [("given", "server", "x")]
        with pytest.raises(Mistake, match="Only those who gave"):
            known.editable(ANN, "given")
        assert known.editable(BOSS, "given")


# Styles that use styles ----------------------------------------------------------------------------------------------


async def test_what_can_be_seen_to_be_wrong_is_refused_when_it_is_written(styles: Styles, house: House) -> None:
    await styles.add(ANN, "a", prompt="one")
    await styles.add(ANN, "b", prompt="<style:a> two")
    with pytest.raises(PromptMistake, match="“a” uses itself: a → b → a"):
        await styles.edit(ANN, "a", prompt="x <style:b>")
    with pytest.raises(PromptMistake, match="“c” uses itself: c → c"):
        await styles.add(ANN, "c", prompt="<style:C>")
    with pytest.raises(PromptMistake, match="“c” uses “zzz”") as found:
        await styles.add(ANN, "c", prompt="x <style:zzz>")
    assert found.value.text[slice(*found.value.span)] == "<style:zzz>"
    assert seen(await anew(house), ANN) == seen(styles, ANN) == [("a", "own", "one"), ("b", "own", "<style:a> two")]
    assert styles.applied("cat", "", ["b"], 1, None).prompt == "cat, one two"


async def test_what_others_made_wrong_since_is_told_when_it_is_used(styles: Styles, house: House) -> None:
    await styles.add(BOSS, "base", prompt="solid", whose="server")
    await styles.add(ANN, "mine", prompt="<style:base>!")
    await styles.remove(BOSS, "base")
    with pytest.raises(PromptMistake, match="“mine” uses “base”"):
        styles.applied("cat", "", ["mine"], 1, 2)
    await styles.add(ANN, "base", prompt="own")
    with pytest.raises(PromptMistake, match="uses itself: base → mine → base"):
        await styles.edit(ANN, "base", prompt="<style:mine>")
    # A row as another version may have left it.
    async with house.database.transaction() as write:
        await write.execute("UPDATE styles SET prompt = '<style:mine>' WHERE folded = 'base'")
    with pytest.raises(PromptMistake, match="uses itself: mine → base → mine"):
        (await anew(house)).applied("cat", "", ["mine"], 1, 2)


async def test_a_servers_style_uses_no_members_own(styles: Styles) -> None:
    await styles.add(BOSS, "secret", prompt="x")
    await styles.add(BOSS, "open", prompt="<style:secret>")
    with pytest.raises(PromptMistake, match="“open” uses “secret”, and there is no such style here"):
        await styles.share(BOSS, "open")
    with pytest.raises(PromptMistake):
        await styles.add(BOSS, "other", prompt="<style:secret>", whose="server")
    await styles.share(BOSS, "secret")
    await styles.share(BOSS, "open")
    assert styles.applied("cat", "", ["open"], BOB.member_id, 2).prompt == "cat, x"


# Files ---------------------------------------------------------------------------------------------------------------


async def test_a_file_is_written_down_and_what_is_there_is_replaced(styles: Styles, house: House) -> None:
    await styles.add(ANN, "noir", prompt="old", negative="old", settings=StyleSettings(steps=5))
    data = b"name,prompt,negative_prompt\nNOIR,new,\nink,<style:noir> ink,\n"
    data += b"lost,<style:gone>,\na>b,x,\nnoir 2,<style:lost>,\n"
    imported = await styles.import_csv(ANN, "styles.csv", data)
    assert (imported.added, imported.replaced) == (1, 1)
    assert [(one.line, one.name) for one in imported.skipped] == [(4, "lost"), (5, "a>b"), (6, "noir 2")]
    for known in (styles, await anew(house)):
        assert seen(known, ANN) == [("ink", "own", "<style:noir> ink"), ("NOIR", "own", "new")]
        noir = known.editable(ANN, "noir").style
        assert (noir.negative, noir.steps) == ("", 5)
    assert seen(styles, BOB) == []


async def test_circles_in_a_file_are_left_out(styles: Styles) -> None:
    imported = await styles.import_csv(ANN, "x", b"name,prompt\na,<style:b>\nb,<style:a>\nc,fine\nd,<style:d>\n")
    assert [(one.name, one.why.key) for one in imported.skipped if isinstance(one.why, Mistake)] == [
        ("a", "style_circle"),
        ("b", "style_circle"),
        ("d", "style_circle"),
    ]
    assert seen(styles, ANN) == [("c", "own", "fine")]


async def test_what_is_too_many_of_a_file_is_left_out(styles: Styles, house: House) -> None:
    data = "name,prompt\n" + "".join(f"{number:03},x\n" for number in range(120))
    imported = await styles.import_csv(ANN, "x", data.encode())
    assert (imported.added, len(imported.skipped)) == (100, 20)
    assert [one.why.key for one in imported.skipped if isinstance(one.why, Mistake)] == ["style_full"] * 20
    assert imported.skipped[0].line == 102
    again = await styles.import_csv(ANN, "x", data.encode())
    assert (again.added, again.replaced, len(again.skipped)) == (0, 100, 20)
    assert len(seen(await anew(house), ANN)) == 100


async def test_a_servers_file_keeps_who_gave(styles: Styles, house: House) -> None:
    await styles.add(ANN, "noir", prompt="old")
    await styles.share(ANN, "noir")
    imported = await styles.import_csv(BOSS, "x", b"name,prompt\nnoir,new\nink,x\n", "server")
    assert (imported.added, imported.replaced) == (1, 1)
    for known in (styles, await anew(house)):
        assert seen(known, BOB) == [("ink", "server", "x"), ("noir", "server", "new")]
        assert known.editable(ANN, "noir", "server")


async def test_what_is_exported_is_imported_again(styles: Styles, house: House) -> None:
    settings = settings_from(steps=30, guidance=6.5, sampler="Euler a", size="3:2", model="clockwork")
    await styles.add(ANN, "noir", prompt='{prompt}, "film" noir\nof old', negative="colour", settings=settings)
    await styles.add(ANN, "only", negative="blurry")
    await styles.add(ANN, "quick", settings=StyleSettings(steps=5))
    count, data = await styles.export_csv(ANN)
    assert count == 3
    await styles.import_csv(BOSS, "x", data, "server")
    own = [(one.name, one.style) for one in styles.listed(1, None) if one.whose == "own"]
    assert [(one.name, one.style) for one in styles.listed(5, 2) if one.whose == "server"] == own
    assert await styles.export_csv(BOB, "server") == (3, data)
    with pytest.raises(Mistake, match="nothing to export"):
        await styles.export_csv(BOB)
    with pytest.raises(Mistake, match="Use this command in one"):
        await styles.export_csv(ANN_DM, "server")
