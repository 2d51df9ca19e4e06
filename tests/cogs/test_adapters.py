"""/adapters: LoRAs and embeddings that members bring, from the file to the picture, and what admins do with them."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from playground import Playground
from playground.invocations import Invocation
from playground.people import Person
from tests.adapter_files import embedding, lora
from tests.bot.stage import (
    answer_to,
    is_private,
    is_result,
    labels_of,
    on_stage,
    painted,
    text_of,
    urls_of,
    walk,
    words_of,
)
from tests.cogs.company import elsewhere, manager, recipe_of

INK = ("ink.safetensors", lora(0.01, ("ink wash",), "Ink Wash"))
ZORP = ("zorp.safetensors", embedding(0.02))


async def added(playground: Playground, person: Person, file: Any = INK, **options: Any) -> str:
    """Use /adapters add with a file, wait until its preview is painted, and return the words of the answer."""
    channel = options.pop("channel", "general")
    used = await person.command("adapters add", {"file": file} | options, channel=channel)
    await playground.until(lambda: any(map(is_result, used.messages)))
    await said(playground, used, "Added")
    return words_of(used)


async def said(playground: Playground, used: Invocation, words: str) -> dict[str, Any]:
    """Wait until somebody is shown these words, and return the message."""
    try:
        await playground.until(lambda: any(words in text_of(message) for message in used.messages))
    except TimeoutError as error:
        raise AssertionError(f"{words!r} is not in {words_of(used)!r}") from error
    return next(message for message in used.messages if words in text_of(message))


# Bringing and using --------------------------------------------------------------------------------------------------


async def test_a_lora_is_brought_and_used_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path):
        words = await added(playground, ann)
        for part in (
            "Added",
            "**Ink-Wash** · LoRA · SD 1 · yours",
            "Trigger words: ink wash",
            "Fits clockwork",
            "rank 1",
        ):
            assert part in words
        assert "`<lora:Ink-Wash:1>`" in words
    async with on_stage(playground, tmp_path) as bot:
        (one,) = bot.rooms.adapters.owned(ann.id)
        message = await painted(playground, ann, "ink wash, a cat <lora:ink-wash:0.8>")
        recipe = await recipe_of(bot, ann)
        assert [(use.hash, use.weight, use.word) for use in recipe.adapters] == [(one.hash, 0.8, None)]
        assert "with Ink-Wash" in text_of(message)
        again = await ann.press(message, "Again")
        await playground.until(lambda: any(map(is_result, again.messages)))
        assert (await recipe_of(bot, ann)).adapters == recipe.adapters


async def test_the_option_names_several(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await added(playground, ann, name="ink")
        await added(playground, ann, ZORP)
        await painted(playground, ann, "ink wash", lora="INK:0.5, zorp")
        recipe = await recipe_of(bot, ann)
        assert recipe.prompt == "ink wash, zorp <lora:ink:0.5>"
        assert [(use.weight, use.word) for use in recipe.adapters] == [(0.5, None), (1.0, "zorp")]
        words = await answer_to(playground, ann, "imagine", {"prompt": "a cat", "lora": "inc"})
        assert "no LoRA or embedding named “inc”" in words
        assert "Did you mean ink" in words


async def test_an_embedding_is_found_in_both_prompts(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await added(playground, ann, ZORP)
        await painted(playground, ann, "a cat", negative="bad, Zorp")
        assert [use.word for use in (await recipe_of(bot, ann)).adapters] == ["Zorp"]
        await painted(playground, ann, "a cat")
        assert (await recipe_of(bot, ann)).adapters == ()


async def test_missing_trigger_words_are_offered_to_the_member_alone(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await added(playground, ann, name="ink")
        used = await ann.command("imagine", {"prompt": "a cat <lora:ink:1>", "steps": 2})
        hint = await said(playground, used, "trained on words of which none stands in the prompt: ink wash")
        assert is_private(hint)


async def test_what_is_offered_while_somebody_types(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann, bob = playground.person("ann"), playground.person("bob")
        await added(playground, ann, name="ink")
        await added(playground, ann, ZORP)
        offered = await ann.autocomplete("imagine", {"prompt": "x", "lora": "wash"}, "lora")
        assert [(one["name"], one["value"]) for one in offered] == [("ink · LoRA · yours · ink wash", "ink")]
        offered = await ann.autocomplete("imagine", {"prompt": "x", "lora": "ink:0.5, z"}, "lora")
        assert [one["value"] for one in offered] == ["ink:0.5, zorp"]
        offered = await ann.autocomplete("imagine", {"prompt": "x", "lora": "in:0.7"}, "lora")
        assert [one["value"] for one in offered] == ["ink:0.7"]
        assert await bob.autocomplete("imagine", {"prompt": "x", "lora": ""}, "lora") == []


async def test_the_form(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        form = await (await ann.command("adapters add")).settled()
        assert form.kind == "modal"
        assert form.modal is not None
        values = {"file": INK, "name": "ink", "triggers": "sumi, brush", "weight": "0,7", "visibility": "server"}
        sent = await ann.submit(form.modal, values)
        await playground.until(lambda: any(map(is_result, sent.messages)))
        (one,) = bot.rooms.adapters.owned(ann.id)
        assert (one.name, one.triggers, one.weight, one.visibility) == ("ink", ("sumi", "brush"), 0.7, "server")
        await painted(playground, ann, "sumi <lora:ink>")
        assert [use.weight for use in (await recipe_of(bot, ann)).adapters] == [0.7]


async def test_a_message_gives_its_file(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, bob = playground.person("ann"), playground.person("bob")
        message = await bob.send("general", "look", [INK])
        used = await ann.command("Add as adapter", target=message)
        await playground.until(lambda: any(map(is_result, used.messages)))
        assert [one.name for one in bot.rooms.adapters.owned(ann.id)] == ["Ink-Wash"]
        message = await bob.send("general", "nothing here")
        used = await ann.command("Add as adapter", target=message)
        await said(playground, used, "This message has no file and no link")


async def test_what_cannot_be_brought(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        broken = INK[1][:-100]
        for options, words in (
            ({"file": ("x.safetensors", broken)}, "cut short"),
            ({"file": ("x.safetensors", b"<html>" + b" " * 100)}, "web page"),
            ({"link": "http://example.com/x.safetensors"}, "Only links that begin with https"),
            ({"link": "https://example.com/x.safetensors"}, "Nothing is fetched from example.com"),
            ({"file": INK, "link": "https://civitai.com/models/1"}, "Give a file or a link, not both"),
            ({"file": INK, "name": "a:b"}, "cannot be the name"),
            ({"file": INK, "for": "everybody"}, "not with everybody"),
        ):
            used = await ann.command("adapters add", options)
            message = await said(playground, used, words)
            assert is_private(message), words
        assert bot.rooms.adapters.owned(ann.id) == []
        assert await asyncio.to_thread(files_in, tmp_path / "adapters") == []
        assert playground.messages() == []


# Others ---------------------------------------------------------------------------------------------------------------


async def test_what_is_shared_belongs_to_the_server(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, bob = playground.person("ann"), playground.person("bob")
        elsewhere(playground, ann, bob)
        await added(playground, ann, name="ink")
        refused = await answer_to(playground, bob, "imagine", {"prompt": "ink wash <lora:ink:1>"})
        assert "There is no LoRA of the name 'ink' here" in refused
        assert "Changed" in await answer_to(playground, ann, "adapters share", {"name": "ink"})
        await painted(playground, bob, "ink wash <lora:ink:1>")
        assert len((await recipe_of(bot, bob)).adapters) == 1
        assert f"of this server, from {ann.mention}" in await answer_to(
            playground, bob, "adapters info", {"name": "ink"}
        )
        there = {"prompt": "ink wash <lora:ink:1>"}
        assert "no LoRA of the name" in await answer_to(playground, bob, "imagine", there, channel="lounge")
        assert "There are none here yet" in await answer_to(playground, bob, "adapters list", channel="lounge")


async def test_a_press_is_looked_at_again(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, bob = playground.person("ann"), playground.person("bob")
        await added(playground, ann, name="ink", **{"for": "this server"})
        message = await painted(playground, ann, "ink wash <lora:ink:1>")
        await answer_to(playground, ann, "adapters share", {"name": "ink", "with": "me alone"})
        await said(playground, await bob.press(message, "Again"), "somebody’s own")
        assert (await bot.rooms.gallery.history(bob.id)).made == ()
        assert "is deleted" in await answer_to(playground, ann, "adapters remove", {"name": "ink"})
        await said(playground, await ann.press(message, "Again"), "“ink”, which this was made with, has been removed")
        settings = await ann.press(message, "Settings")
        assert "with ink, since removed" in text_of(await said(playground, settings, "<lora:ink:1>"))
        shown = await ann.command("history")
        message = await said(playground, shown, "ink wash")
        pressed = await ann.press(message, "Show")
        await said(playground, pressed, "with ink, since removed")


async def test_a_model_that_it_does_not_fit(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        big = ("big.safetensors", lora(0.03))
        await added(playground, ann, big, name="big")
        (one,) = bot.rooms.adapters.owned(ann.id)
        bot.rooms.adapters._hold(msgspec.structs.replace(one, family="sdxl"))
        words = await answer_to(playground, ann, "imagine", {"prompt": "a cat <lora:big:1>"})
        assert "'big' is made for SDXL, and the model 'clockwork' is SD 1." in words.replace("\\", "")
        assert "no such model is installed" in await answer_to(playground, ann, "adapters info", {"name": "big"})


async def test_prompt_check_says_what_a_network_is(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await added(playground, ann, name="ink")
        await added(playground, ann, ZORP)
        words = await answer_to(playground, ann, "prompt check", {"text": "a zorp <lora:ink:0.5> <lora:oil:1>"})
        assert "lora ink: weight 0.5, text encoder 0.5\n  LoRA · SD 1 · yours" in words
        assert "embedding zorp\n  embedding · SD 1 · yours" in words
        assert "no LoRA of the name 'oil'" in words.replace("\\", "")


# Lists and changes ----------------------------------------------------------------------------------------------------


async def test_the_list_has_pages_filters_and_previews(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        for number in range(6):
            await added(playground, ann, (f"n{number}.safetensors", lora(0.01 + number / 100)), name=f"n{number}")
        await added(playground, ann, ZORP)
        shown = await ann.command("adapters list")
        first = await said(playground, shown, "LoRAs and embeddings 1 to 5 of 7")
        assert "n0" in text_of(first)
        assert "zorp" not in text_of(first)
        thumbnails = [part for part in _parts(first) if part["type"] == 11]
        assert len(thumbnails) == 5
        await ann.press(first, "Next")
        await playground.until(lambda: "6 to 7 of 7" in text_of(shown.messages[-1]))
        second = shown.messages[-1]
        assert "zorp" in text_of(second)
        only = await answer_to(playground, ann, "adapters list", {"kind": "embeddings", "model": "clockwork"})
        assert "1 to 1 of 1\n-# that fit clockwork" in only
        assert "none of these" in await answer_to(playground, ann, "adapters list", {"whose": "of this server"})


async def test_one_is_changed_by_options_and_by_a_form(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, bob = playground.person("ann"), playground.person("bob")
        await added(playground, ann, name="ink")
        changes = {"name": "ink", "rename": "sumi", "triggers": "brush", "weight": 0.5, "description": "**Japan**"}
        words = await answer_to(playground, ann, "adapters edit", changes)
        assert "**sumi** · LoRA" in words
        assert "\\*\\*Japan\\*\\*" in words
        form = await (await ann.command("adapters edit", {"name": "sumi"})).settled()
        assert form.modal is not None
        used = await ann.submit(form.modal, {"weight": "1.2", "visibility": "server"})
        await said(playground, used, "Changed")
        (one,) = bot.rooms.adapters.owned(ann.id)
        assert (one.name, one.triggers, one.weight, one.visibility) == ("sumi", ("brush",), 1.2, "server")
        assert "Only the owner" in await answer_to(playground, bob, "adapters edit", {"name": "sumi", "weight": 1.0})
        assert "Only the owner" in await answer_to(playground, bob, "adapters remove", {"name": "sumi"})


async def test_the_buttons_of_one_work_after_a_restart(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path):
        await added(playground, ann, name="ink")
        used = await ann.command("adapters info", {"name": "ink"})
        message = await said(playground, used, "ink")
    async with on_stage(playground, tmp_path) as bot:
        assert labels_of(message) == ["Edit", "New preview", "Share with this server", "Delete"]
        assert urls_of(message)
        await ann.press(message, "Share with this server")
        await playground.until(lambda: "for this server" in text_of(used.messages[-1]))
        question = await said(playground, await ann.press(used.messages[-1], "Delete"), "for good?")
        await ann.press(question, "Delete it for good")
        await playground.until(lambda: bot.rooms.adapters.owned(ann.id) == [])
        await said(playground, await ann.press(message, "Edit"), "nothing left")


async def test_a_preview_of_ones_own_words(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann, bob = playground.person("ann"), playground.person("bob")
        await added(playground, ann, name="ink", **{"for": "this server"})
        (before,) = bot.rooms.adapters.owned(ann.id)
        used = await ann.command("adapters preview", {"name": "ink", "prompt": "a boat"})
        await playground.until(lambda: any(map(is_result, used.messages)))
        await playground.until(lambda: bot.rooms.adapters.owned(ann.id)[0].preview != before.preview)
        recipe = await recipe_of(bot, ann)
        assert (recipe.prompt, [use.hash for use in recipe.adapters]) == ("a boat", [before.hash])
        assert "Only the owner" in await answer_to(playground, bob, "adapters preview", {"name": "ink"})


async def test_a_preview_that_a_restart_interrupts_is_painted_and_kept(playground: Playground, tmp_path: Path) -> None:
    ann = playground.person("ann")
    async with on_stage(playground, tmp_path, stop_seconds=0.1) as bot:
        await added(playground, ann, name="ink")
        (before,) = bot.rooms.adapters.owned(ann.id)
        used = await ann.command("adapters preview", {"name": "ink", "prompt": "slow"})
        await playground.until(lambda: any("Cancel" in labels_of(message) for message in used.messages))
    async with on_stage(playground, tmp_path) as bot:
        assert bot.rooms.adapters.owned(ann.id)[0].preview == before.preview
        await playground.until(lambda: any(map(is_result, used.messages)))
        assert bot.rooms.adapters.owned(ann.id)[0].preview != before.preview


async def test_without_a_model_that_fits_there_is_no_preview(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        known = bot.rooms.dispatcher.models
        bot.rooms.dispatcher.models = tuple(msgspec.structs.replace(info, adapter_family="sdxl") for info in known)
        used = await ann.command("adapters add", {"file": INK, "name": "ink"})
        card = await said(playground, used, "no such model is installed")
        assert "### Added.\n" in text_of(card)
        assert words_of(used) == text_of(card)
        told = await answer_to(playground, ann, "adapters preview", {"name": "ink"})
        assert "No model that “ink” fits is installed" in told


async def test_a_preview_keeps_out_what_the_server_keeps_out(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        boss = manager(playground)
        await answer_to(playground, boss, "admin content negative", {"text": "spiders"})
        await added(playground, boss, name="ink")
        assert (await recipe_of(bot, boss)).negative_prompt == "spiders"


async def test_a_link_in_a_message_is_followed_as_one_that_is_typed(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann, bob = playground.person("ann"), playground.person("bob")
        message = await bob.send("general", "see https://example.com/x.safetensors for it")
        used = await ann.command("Add as adapter", target=message)
        await said(playground, used, "Nothing is fetched from example.com")
        message = await bob.send("general", "", [("cat.png", b"\x89PNG")])
        used = await ann.command("Add as adapter", target=message)
        await said(playground, used, "“cat.png” is no file of a LoRA")


# Admins ---------------------------------------------------------------------------------------------------------------


async def test_what_waits_is_approved_or_not(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        boss, ann, bob = manager(playground), playground.person("ann"), playground.person("bob")
        words = await answer_to(playground, boss, "admin roles adapters", {"approval": True})
        assert "once somebody who manages" in words
        share = {"for": "this server"}
        assert "has to approve it" in await added(playground, ann, name="ink", **share)
        await added(playground, ann, ZORP, **share)
        refused = await answer_to(playground, ann, "imagine", {"prompt": "ink wash", "lora": "ink"})
        assert "no LoRA or embedding named “ink”" in refused
        assert "Only those who may manage" in await answer_to(playground, bob, "adapters queue")
        shown = await boss.command("adapters queue")
        first = await said(playground, shown, "Waiting to be approved; 1 more")
        assert "**ink**" in text_of(first)
        assert urls_of(first), "the preview that was painted for it"
        assert labels_of(first) == ["New preview", "Approve", "Not here", "Ban its owner", "Next"]
        await boss.press(first, "Approve")
        await playground.until(lambda: "**zorp**" in text_of(shown.messages[0]))
        await boss.press(shown.messages[0], "Not here")
        await playground.until(lambda: "Nothing waits" in text_of(shown.messages[0]))
        await painted(playground, bob, "ink wash <lora:ink:1> zorp")
        assert len((await recipe_of(bot, bob)).adapters) == 1


async def test_an_owner_is_banned_and_let_in_again(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        boss, ann, bob = manager(playground), playground.person("ann"), playground.person("bob")
        await added(playground, ann, name="ink", **{"for": "this server"})
        message = await painted(playground, bob, "ink wash <lora:ink:1>")
        assert "can bring nothing" in await answer_to(playground, boss, "adapters ban", {"member": "ann"})
        assert ann.mention in await answer_to(playground, boss, "adapters ban")
        await said(playground, await bob.press(message, "Again"), "What the owner of “ink” brings is not used")
        assert "let you bring no" in await answer_to(playground, ann, "adapters add", {"file": ZORP})
        assert "Only those who may manage" in await answer_to(playground, bob, "adapters ban", {"member": "ann"})
        assert "again" in await answer_to(playground, boss, "adapters unban", {"member": "ann"})
        again = await bob.press(message, "Again")
        await playground.until(lambda: any(map(is_result, again.messages)))


async def test_an_admin_takes_one_away(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        boss, ann = manager(playground), playground.person("ann")
        await added(playground, ann, name="ink", **{"for": "this server"})
        assert "keeps the file" in await answer_to(playground, boss, "adapters remove", {"name": "ink"})
        words = await answer_to(playground, ann, "adapters info", {"name": "ink"})
        assert "The admins of this server have taken “ink” away" in words
        assert len(bot.rooms.adapters.owned(ann.id)) == 1


async def test_who_may_bring_and_how_much(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        boss, ann = manager(playground), playground.person("ann")
        assert "Everyone may bring" in await answer_to(playground, boss, "admin roles adapters")
        words = await answer_to(playground, boss, "admin roles adapters", {"who": "nobody else"})
        assert "Only those who manage" in words
        assert "only those who manage it bring" in await answer_to(playground, ann, "adapters add")
        role = {"who": "members with a role", "role": "bosses"}
        assert "one of these roles: <@&" in await answer_to(playground, boss, "admin roles adapters", role)
        await answer_to(playground, boss, "admin roles adapters", {"who": "everyone"})
        assert "what the operator lets them" in await answer_to(playground, boss, "admin roles adapter-quota")
        quota = {"count": 1, "megabytes": 10}
        assert "Everybody: 1 LoRAs" in await answer_to(playground, boss, "admin roles adapter-quota", quota)
        assert "Say both" in await answer_to(playground, boss, "admin roles adapter-quota", {"count": 1})
        await added(playground, ann)
        words = await answer_to(playground, ann, "adapters add", {"file": ZORP})
        assert "In this server you may have 1 LoRAs" in words
        words = await answer_to(playground, boss, "admin roles adapter-quota", quota | {"role": "bosses", "count": 5})
        assert "<@&" in words
        cleared = await answer_to(playground, boss, "admin roles adapter-quota", {"clear": True})
        assert "Everybody" not in cleared


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    return walk(message["components"])
