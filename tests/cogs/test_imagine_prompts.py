"""What /imagine makes of a prompt: hints and mistakes for its writer alone, choices, regions, the server's words."""

import io
from pathlib import Path
from typing import Any

from PIL import Image, PngImagePlugin

from inference.protocol.recipe import painted as diffusion
from playground import Playground
from playground.people import Person
from storage import jobs
from storage.jobs import Job
from tests.bot.stage import answer_to, is_private, is_result, on_stage, painted, text_of, words_of

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"prompt": "a <lora:ink:0.8> cat"}, "There is no LoRA of the name 'ink' here.", "  ^^^^^^^^^^^^^^"),
    ({"prompt": "a [<lora:ink>:b:5]"}, "a network holds for all steps", "   ^^^^^^^^^^"),
    ({"prompt": "a __nothing__ cat"}, "nothing", "  ^^^^^^^^^^^"),
    ({"prompt": "a <style:nothing> cat"}, "There is no style named “nothing”", "  ^^^^^^^^^^^^^^^"),
    ({"prompt": "a cat", "regions": "columns"}, "need a text each", "^"),
    ({"prompt": "a AND b", "regions": "rows 1:1:1"}, "need 3 texts", "       ^"),
    ({"prompt": "a cat", "regions": "diagonal"}, "names no regions", "^^^^^^^^"),
    ({"prompt": "{a|b}", "combinations": 3}, "This prompt means 2 pictures, not 3.", ""),
    ({"prompt": "{a|b|c}" * 9, "combinations": 3}, "means 19,683 pictures, and one request may have 8.", ""),
]


async def latest(bot: Any, person: Person) -> Job:
    return (await jobs.history(bot.rooms.database, person.id))[0]


async def test_what_cannot_be_made_is_shown_with_its_place_to_its_writer_alone(
    playground: Playground, tmp_path: Path
) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        for options, words, caret in WRONG:
            answer = await answer_to(playground, ann, "imagine", options)
            assert words.casefold() in answer.casefold(), answer
            assert caret in answer, answer
        assert playground.messages() == []
        assert await jobs.history(bot.rooms.database, ann.id) == []


async def test_a_probable_mistake_is_painted_and_hinted_at_after_the_answer(
    playground: Playground, tmp_path: Path
) -> None:
    async with on_stage(playground, tmp_path):
        ann, ben = playground.person("ann"), playground.person("ben")
        message = await painted(playground, ann, prompt="a (red:12) fox (in snow")
        assert is_result(message)
        hint = await whispered(playground, ann)
        assert "not as you meant it" in hint
        assert hint.count("^") >= 2
        assert "12" in hint
        assert [text_of(each) for each in ben.messages() if "as you meant it" in text_of(each)] == []


async def test_hints_do_not_end_their_block(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path):
        ann = playground.person("ann")
        await painted(playground, ann, prompt="``` @everyone (``` <@1>")
        hint = await whispered(playground, ann)
        assert hint.count("```") == 2 * hint.count("^")


async def test_each_picture_has_words_of_its_own(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await painted(playground, ann, prompt="a {red|green|blue|white|black} fox", count=6, seed=3)
        job = await latest(bot, ann)
        prompts = [own.prompt for own in job.words]
        assert len(prompts) == 6
        assert len(set(prompts)) > 1
        assert all(prompt.startswith("a ") and "{" not in prompt for prompt in prompts)
        images = await bot.rooms.gallery._made([job])
        assert [diffusion(image.recipe).prompt for image in images[0].images] == prompts


async def test_every_combination_is_counted_before_it_is_painted(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        options = {"prompt": "a {red|green} {fox|hen}", "combinations": ""}
        (choice,) = await ann.autocomplete("imagine", options, "combinations")
        assert (choice["name"], choice["value"]) == ("all 4 combinations", 4)
        many = {"prompt": "{a|b}" * 4, "combinations": ""}
        (choice,) = await ann.autocomplete("imagine", many, "combinations")
        assert choice["name"] == "16 combinations, but one request may have 8"
        await painted(playground, ann, prompt=options["prompt"], combinations=4)
        job = await latest(bot, ann)
        assert [own.prompt for own in job.words] == ["a red fox", "a red hen", "a green fox", "a green hen"]
        message = playground.messages()[-1]
        assert "1. a red fox\n2. a red hen\n3. a green fox\n4. a green hen" in text_of(message)
        pressed = await ann.press(message, "Settings")
        await playground.until(lambda: "a green hen" in words_of(pressed))
        assert words_of(pressed).count("Steps: 2") == 4


async def test_regions_and_a_second_prompt_are_kept_in_the_recipe(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await painted(playground, ann, prompt="snow AND a fox AND a hen", regions="columns 1:2 base 0.5")
        recipe = diffusion((await latest(bot, ann)).recipe)
        assert recipe.regions is not None
        assert (recipe.regions.direction, recipe.regions.ratios, recipe.regions.base) == ("columns", (1, 2), 0.5)


async def test_the_servers_negative_prompt_is_added_everywhere(playground: Playground, tmp_path: Path) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        guild = playground.world.guild("Atelier").id
        await bot.rooms.guilds.change(guild, negative_prompt="gore")
        await painted(playground, ann, prompt="a fox", negative="dogs")
        assert diffusion((await latest(bot, ann)).recipe).negative_prompt == "dogs, gore"
        await bot.rooms.guilds.change(guild, negative_prompt="cats")
        message = playground.messages()[-1]
        await ann.press(message, "Again")
        await playground.until(lambda: len(playground.messages()) == 2 and is_result(playground.messages()[-1]))
        assert diffusion((await latest(bot, ann)).recipe).negative_prompt == "dogs, gore, cats"


PASTED = (
    "a red fox Negative prompt: dogs Steps: 7, Sampler: Euler a, CFG scale: 5.5, Seed: 42, Size: 64x128, "
    "Model: nobodys, Odd thing: 3"
)


async def test_a_pasted_prompt_is_followed_and_what_is_not_known_is_told(
    playground: Playground, tmp_path: Path
) -> None:
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        asked = await ann.command("imagine", {"prompt": PASTED, "guidance": 9.0})
        await playground.until(lambda: any(map(is_result, asked.messages)))
        recipe = diffusion((await latest(bot, ann)).recipe)
        assert (recipe.prompt, recipe.negative_prompt) == ("a red fox", "dogs")
        assert (recipe.steps, recipe.sampler, recipe.seed) == (7, "euler_a", 42)
        assert (recipe.width, recipe.height) == (64, 128)
        assert recipe.guidance_scale == 9.0
        words = await whispered(playground, ann)
        assert "nobodys" in words
        assert "Odd thing: 3" in words


async def test_a_pictures_settings_stand_in_where_nothing_was_said(playground: Playground, tmp_path: Path) -> None:
    texts = PngImagePlugin.PngInfo()
    texts.add_text("parameters", "a fox\nNegative prompt: dogs\nSteps: 3, Sampler: Heun, Seed: 77, CFG scale: 3")
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=texts)
    async with on_stage(playground, tmp_path) as bot:
        ann = playground.person("ann")
        await painted(playground, ann, prompt="a hen", steps=5, settings=("mine.png", file.getvalue()))
        recipe = diffusion((await latest(bot, ann)).recipe)
        assert (recipe.prompt, recipe.negative_prompt, recipe.seed, recipe.steps) == ("a hen", "dogs", 77, 5)
        assert (recipe.guidance_scale, recipe.sampler) == (3.0, "heun")
        empty = {"prompt": "a hen", "settings": ("notes.txt", b"nothing of that kind")}
        assert "notes.txt" in await answer_to(playground, ann, "imagine", empty)


async def whispered(playground: Playground, person: Person) -> str:
    """Return the words that only this person sees, once they are there."""

    def words() -> list[str]:
        return [text_of(each) for each in person.messages() if is_private(each)]

    await playground.until(lambda: bool(words()))
    return words()[-1]
