"""Lists of servers and of the operator: who may change them, what they may be, and which one is drawn from."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.services import wildcards as service
from bot.services.requests import Actor
from bot.services.wildcards import MOST_BYTES, MOST_LINES, MOST_LIST_BYTES, MOST_LISTS, Listed, WildcardLists
from bot.texts import Mistake
from inference.prompt.combinations import count
from storage import Database, DiskFull, wildcards

ADMIN, OTHER_ADMIN = Actor(member_id=1, guild_id=2, manager=True), Actor(member_id=1, guild_id=3, manager=True)
MEMBER, ALONE = Actor(member_id=5, guild_id=2, moderator=True), Actor(member_id=1, guild_id=None, manager=True)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with await Database.open(tmp_path / "easel.sqlite3") as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "wildcards"
    path.mkdir()
    (path / "animal.txt").write_bytes(b"whale\n")
    (path / "colour.txt").write_bytes(b"red\n# not this\n\nblue\n")
    (path / "thing.txt").write_bytes(b"__animal__ in __colour__\n")
    return path


@pytest.fixture
async def lists(database: Database, folder: Path) -> WildcardLists:
    opened = WildcardLists(database=database, folder=folder)
    await opened.load()
    return opened


async def on_disk(database: Database) -> dict[tuple[int, str], str]:
    return {(one.guild_id, one.name): one.text for one in await wildcards.all(database)}


async def refused(lists: WildcardLists, texts: dict[str, str], actor: Actor = ADMIN) -> str:
    """Return the key of the words in which lists are refused; nothing of them is kept."""
    before, stored = lists.own_names(actor.guild_id), await on_disk(lists._database)
    with pytest.raises(Mistake) as caught:
        await lists.put(actor, texts)
    assert lists.own_names(actor.guild_id) == before
    assert await on_disk(lists._database) == stored
    return caught.value.key


async def test_a_servers_list_stands_before_the_operators(lists: WildcardLists) -> None:
    assert list(lists.of(2).lines("animal")) == ["whale"]
    assert await lists.put(ADMIN, {"animal": "cat\n\n# no\ndog\n"}) == [Listed("animal", 2, "cat")]
    assert list(lists.of(2).lines("animal")) == ["cat", "dog"]
    assert sorted(lists.of(2).names()) == ["animal", "colour", "thing"]
    for other in (3, None):
        assert list(lists.of(other).lines("animal")) == ["whale"]
    own, operators = await lists.listed(2)
    assert own == [Listed("animal", 2, "cat")]
    assert operators == [Listed("colour", 2, "red"), Listed("thing", 1, "__animal__ in __colour__")]
    await lists.remove(ADMIN, "animal")
    assert list(lists.of(2).lines("animal")) == ["whale"]


async def test_lists_are_there_after_a_restart(lists: WildcardLists, database: Database, tmp_path: Path) -> None:
    await lists.put(ADMIN, {"a": "one\n", "b/c": "two\n"})
    await lists.put(OTHER_ADMIN, {"a": "three\n"})
    await lists.put(ADMIN, {"a": "\ufeffvier 🦊\r\n"})
    await lists.remove(ADMIN, "b/c")
    after = WildcardLists(database=database, folder=tmp_path / "nowhere")
    await after.load()
    assert [after.own_names(2), after.own_names(3), after.own_names(None)] == [["a"], ["a"], []]
    assert list(after.of(2).lines("a")) == ["vier 🦊"]
    assert list(after.of(3).lines("a")) == ["three"]
    assert list(after.of(2).names()) == ["a"]


@pytest.mark.parametrize(("actor", "key"), [(MEMBER, "wildcards_manager"), (ALONE, "wildcards_server")])
async def test_who_may_not(lists: WildcardLists, actor: Actor, key: str) -> None:
    await lists.put(ADMIN, {"a": "one\n"})
    assert await refused(lists, {"a": "mine\n"}, actor) == key
    with pytest.raises(Mistake) as caught:
        await lists.remove(actor, "a")
    assert caught.value.key == key
    assert list(lists.of(2).lines("a")) == ["one"]


async def test_a_manager_changes_only_their_server(lists: WildcardLists) -> None:
    await lists.put(ADMIN, {"a": "one\n"})
    with pytest.raises(Mistake, match="There is no list"):
        await lists.remove(OTHER_ADMIN, "a")
    with pytest.raises(Mistake, match="There is no list"):
        lists.text(3, "a")
    assert lists.own_names(2) == ["a"]


@pytest.mark.parametrize(
    ("texts", "key"),
    [
        ({"an animal": "x"}, "wildcard_name"),
        ({"____": "x"}, "wildcard_name"),
        ({"../etc": "x"}, "wildcard_name"),
        ({"a__b": "x"}, "wildcard_name"),
        ({"a": ""}, "wildcard_empty"),
        ({"a": "# only\n\n  \n"}, "wildcard_empty"),
        ({"a": "cat\0dog"}, "wildcard_encoding"),
        ({"a": "half a pair: \ud83e"}, "wildcard_encoding"),
        ({"a": "x" * (MOST_LIST_BYTES + 1)}, "wildcard_bytes"),
        ({"a": "ä" * (MOST_LIST_BYTES // 2 + 1)}, "wildcard_bytes"),
        ({"a": "x\n" * (MOST_LINES + 1)}, "wildcard_most_lines"),
        ({"good": "x", "a": ""}, "wildcard_empty"),
        ({f"a{number}": "x" * (MOST_LIST_BYTES - 1) for number in range(5)}, "wildcard_most_bytes"),
        ({f"a{number}": "x" for number in range(MOST_LISTS + 1)}, "wildcard_most_lists"),
    ],
)
async def test_what_is_refused(lists: WildcardLists, texts: dict[str, str], key: str) -> None:
    assert await refused(lists, texts) == key


async def test_a_server_may_be_full_and_its_lists_changed(lists: WildcardLists) -> None:
    full = {f"a{number}": f"{number}\n" * 20 for number in range(MOST_LISTS)}
    await lists.put(ADMIN, full)
    assert await refused(lists, {"another": "x"}) == "wildcard_most_lists"
    await lists.put(ADMIN, {"a0": "x" * MOST_LIST_BYTES, "a1": "x\n" * MOST_LINES})
    await lists.remove(ADMIN, "a2")
    await lists.put(ADMIN, {"another": "x"})
    await lists.put(OTHER_ADMIN, {"another": "x"})


async def test_bytes_count_together(lists: WildcardLists) -> None:
    quarter = "x" * (MOST_BYTES // 4)
    await lists.put(ADMIN, dict.fromkeys("abcd", quarter))
    assert await refused(lists, {"e": "x"}) == "wildcard_most_bytes"
    await lists.put(ADMIN, {"a": "x"})
    await lists.put(ADMIN, {"e": "x"})


@pytest.mark.parametrize(
    "texts",
    [
        {"a": "x\n__a__\n"},
        {"a": "__b__", "b": "__c__", "c": "a very long way to __a__"},
        {"animal": "__thing__\n"},
    ],
)
async def test_a_list_that_draws_from_itself(lists: WildcardLists, texts: dict[str, str]) -> None:
    assert await refused(lists, texts) == "wildcard_wrong"


async def test_a_circle_that_the_last_list_closes(lists: WildcardLists) -> None:
    await lists.put(ADMIN, {"a": "__b__ and more\n", "b": "cat\n"})
    assert await refused(lists, {"b": "__a__\n"}) == "wildcard_wrong"
    assert list(lists.of(2).lines("b")) == ["cat"]


async def test_at_once_all_of_them_are_there(lists: WildcardLists) -> None:
    await asyncio.gather(*(lists.put(ADMIN, {f"a{number}": f"{number}\n"}) for number in range(10)))
    assert lists.own_names(2) == [f"a{number}" for number in range(10)]


async def test_at_once_the_limit_holds(lists: WildcardLists, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_LISTS", 3)
    puts = [lists.put(ADMIN, {f"a{number}": "x\n"}) for number in range(6)]
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert sum(isinstance(outcome, Mistake) for outcome in outcomes) == 3
    assert len(lists.own_names(2)) == len(await on_disk(lists._database)) == 3


async def test_what_the_disk_refuses_is_not_in_memory(lists: WildcardLists, monkeypatch: pytest.MonkeyPatch) -> None:
    async def failing(*arguments: object) -> bool:
        raise DiskFull("full")

    await lists.put(ADMIN, {"a": "one\n"})
    monkeypatch.setattr(wildcards, "put", failing)
    monkeypatch.setattr(wildcards, "remove", failing)
    with pytest.raises(DiskFull):
        await lists.put(ADMIN, {"a": "two\n", "b": "x\n"})
    with pytest.raises(DiskFull):
        await lists.remove(ADMIN, "a")
    assert lists.own_names(2) == ["a"]
    assert list(lists.of(2).lines("a")) == ["one"]


async def test_the_operators_are_not_removed(lists: WildcardLists) -> None:
    with pytest.raises(Mistake, match="comes with me"):
        await lists.remove(ADMIN, "colour")
    with pytest.raises(Mistake, match="Did you mean colour"):
        lists.text(2, "color")
    assert lists.text(2, "colour") == "red\n# not this\n\nblue\n"
    assert lists.own_text(2, "colour") is None


async def test_names_as_people_write_them(lists: WildcardLists) -> None:
    await lists.put(ADMIN, {" __Animals/Cats__ ": "lion\n"})
    assert lists.own_names(2) == ["animals/cats"]


async def test_what_is_drawn_from_is_the_same_until_a_list_changes(lists: WildcardLists) -> None:
    assert lists.of(2) is lists.of(3) is lists.of(None)
    await lists.put(ADMIN, {"a": "one\n"})
    before = lists.of(2)
    assert before is lists.of(2)
    assert lists.of(3) is lists.of(None)
    await lists.put(ADMIN, {"a": "two\n"})
    assert list(before.lines("a")) == ["one"], "a request that has begun is not disturbed"
    assert list(lists.of(2).lines("a")) == ["two"]


async def test_a_list_of_something_that_is_not_there(lists: WildcardLists) -> None:
    assert await refused(lists, {"a": "a __colur__ thing\n"}) == "wildcard_wrong"
    with pytest.raises(Mistake, match=r"There is no wildcard __colur__\. Did you mean __colour__\?"):
        await lists.put(ADMIN, {"a": "a __colur__ thing\n"})
    await lists.put(ADMIN, {"a": "a __colur__ thing\n", "colur": "green\n"})
    assert count("__a__", lists.of(2)) == 1
