"""What a member types beside /imagine: their requests, their defaults, styles, lists of words, LoRAs."""

import io
import json
import zipfile
from pathlib import Path

from inference.sample import ADAPTERS_FOLDER
from tests.page.growing import brush_held
from tests.page.scenes import Scene, Stage, dialog_kept, left, scene, unshown
from tests.page.scenes_of_pictures import picture_of

STAR = "a yellow star on a purple background"
PASTED = """two green squares on a white background
Negative prompt: red
Steps: 20, Sampler: Euler a, CFG scale: 5, Seed: 5, Size: 128x128, Model: sample"""


async def something_painted(stage: Stage, scene: Scene) -> None:
    """Paint what the history and the lineage then show, and save a picture of it."""
    window, _filled, answers = await stage.asked(scene)
    await stage.seen(window, answers, scene)
    stage.file("painted.png", await picture_of(window, answers.last, 0))
    await window.button("Vary", answers.last).click()
    await window.button("Again", answers.nth(1)).wait_for()


async def pasted(stage: Stage, scene: Scene) -> None:
    """Paste settings of another program into the form, and see what they paint."""
    window, filled, answers = await stage.asked(scene)
    dialog = window.page.get_by_role("dialog")
    await dialog.locator("textarea").first.fill(PASTED)
    looked = await dialog_kept(window, scene, filled)
    picture = await window.view(looked)
    await dialog.get_by_role("button", name="Submit").click()
    await dialog.wait_for(state="detached")
    await window.button("Settings", answers.last).wait_for()
    assert "two green squares" in await answers.last.inner_text()
    await window.keep(f"commands/{scene.picture}", picture, await window.view(answers.last))


async def something_slow(stage: Stage, scene: Scene) -> None:
    """Ask for what takes long, so that something waits: until `cancelled`, on the quickest machine too."""
    window, _filled, answers = await stage.asked(scene)
    await window.button("Cancel", answers.last).wait_for()
    stage.until_cancelled.enter_context(brush_held())


async def cancelled(stage: Stage, scene: Scene) -> None:
    """Cancel it."""
    await stage.show(scene)
    stage.until_cancelled.close()


async def list_in_a_form(stage: Stage, scene: Scene) -> None:
    """Open the form with a list's lines, which is closed again."""
    window, filled, _answers = await stage.asked(scene)
    dialog = window.page.get_by_role("dialog")
    await dialog.wait_for()
    assert scene.sees[0] in await dialog.locator("textarea").first.input_value()
    await window.keep(f"commands/{scene.picture}", *([filled] if filled else []), await window.view(dialog))
    await left(window, dialog)


async def a_copy_of_everything(stage: Stage, scene: Scene) -> None:
    """Ask for a copy, and open what came by direct message."""
    await stage.show(scene)
    world, ann = stage.playground.world, stage.playground.person(scene.by).user
    (message,) = world.conversation(ann, world.bot).messages.values()
    (file,) = message.attachments
    window = await stage.window(scene.by)
    data = await (await window.page.request.get(file.url)).body()
    everything = json.loads(zipfile.ZipFile(io.BytesIO(data)).read("data.json"))
    assert "On white" in json.dumps(everything)


async def everything_forgotten(stage: Stage, scene: Scene) -> None:
    """Ask for everything to be deleted, and mean it."""
    answers = await stage.show(scene)
    window = await stage.window(scene.by)
    await window.button("Delete it all", answers.last).click()
    await window.sees("Everything kept about you is gone", answers.last)


async def approved(stage: Stage, scene: Scene) -> None:
    """See what waits, and approve it."""
    answers = await stage.show(scene)
    window = await stage.window(scene.by)
    await window.button("Approve", answers.last).click()
    await window.sees("“zorp” is approved and may be used", window.last)


async def one_from_a_message(stage: Stage, scene: Scene) -> None:
    """Bring the file that somebody attached, by the menu of their message."""
    window = await stage.window(scene.by)
    file = Path(ADAPTERS_FOLDER) / "zorp-embedding.safetensors"
    await stage.playground.person("newcomer").send("general", "An embedding, for everybody:", [file])
    message = window.messages.filter(has_text="An embedding").last
    await message.wait_for()
    answers = await window.since()
    menu = await window.open_menu(message)
    await menu.get_by_role("menuitem", name="Add as adapter").focus()
    opened = await window.view(message, menu)
    await window.page.keyboard.press("Enter")
    await stage.seen(window, answers, scene)
    await window.keep(f"commands/{scene.picture}", opened, await window.view(answers))


REQUESTS = (
    scene("can", "What you may do", "sample"),
    scene("help", "How to make pictures", "/imagine prompt:"),
    scene("about", "Makes pictures from words", "sample · sd1"),
    scene(
        "prompt check",
        "How this prompt is read",
        "1.3",
        "Steps 11 to 20",
        text="a (yellow:1.3) star on a [purple:blue:0.5] background",
    ),
    scene("imagine", STAR, prompt=STAR, seed=3, play=something_painted, until="Settings"),
    scene("history", "Your requests, newest first", STAR),
    scene("lineage", "Where picture 1 comes from", "Vary · from 1", files={"picture": "painted.png"}),
    scene("paste", "Paste settings", "Settings as a text", play=pasted),
    scene("imagine", prompt="a red circle on a white background", steps=150, count=8, play=something_slow),
    scene("queue mine", "a red circle on a white background", "Cancel"),
    scene("queue all", "Pictures being painted", "a red circle on a white background"),
    scene("queue cancel", "Cancelled: 8 pictures", play=cancelled),
)

OWN = (
    scene("me set", "Size 128×128", "Pictures 2", "Saved", size="128x128", count=2),
    scene("me show", "Pictures 2", "/me set changes them"),
    scene("me reset", "Pictures 1", "Saved", which="count"),
    scene(
        "styles add",
        "night · yours",
        "without: white",
        name="night",
        prompt="{prompt} on a black background",
        negative="white",
    ),
    scene("styles edit", "night · yours", "12 steps", name="night", steps=12),
    scene("styles share", "Everybody in this server can use it now", name="night"),
    scene("styles import", "Added: 2", files={"file": "styles.csv"}),
    scene("styles list", "night · yours", "night · this server’s", "comes with me"),
    scene("styles export", "Styles: 3", "styles.csv"),
    scene("styles remove", "The style “night” is gone", name="night"),
    scene("wildcards add", "__colour__ · 5 lines", by="boss", files={"file": "colour.txt"}),
    scene("wildcards edit", "purple", by="boss", name="colour", play=list_in_a_form),
    scene("wildcards list", "Lists of this server", "__colour__ · 5 lines"),
    scene("wildcards show", "The list __colour__", "colour.txt", name="colour"),
    scene("wildcards remove", "colour", "gone", by="boss", name="colour"),
    scene("me export", "Your data is in your direct messages", play=a_copy_of_everything),
    scene("me delete", "/me export gives you a copy before", play=everything_forgotten),
)

ADAPTERS = (
    scene("admin roles adapters", "approved them", by="boss", who="everyone", approval=True, play=unshown),
    scene(
        "adapters add",
        "Added",
        "<lora:zorp:1>",
        "with zorp",
        name="zorp",
        triggers="zorp",
        files={"file": "zorp-lora.safetensors"},
        until="Share with this server",
    ),
    scene(
        "adapters preview",
        "a zorp on a blue background",
        "with zorp",
        name="zorp",
        prompt="a zorp on a blue background",
        until="Settings",
    ),
    scene("adapters info", "Trigger words: zorp", "for me alone", name="zorp"),
    scene("adapters edit", "Changed", "Something round", name="zorp", description="Something round, white and black."),
    scene("adapters share", "Changed", "for this server", "waits for an admin", name="zorp", with_="this server"),
    scene("adapters queue", "zorp", by="boss", play=approved),
    scene("adapters list", "zorp · LoRA", "Trigger words: zorp"),
    scene("menu Add as adapter", "Added", "zorp-2 · embedding", "with zorp-2", play=one_from_a_message, until="Delete"),
    scene("adapters ban", "@newcomer can bring nothing", by="boss", member="newcomer"),
    scene("adapters unban", "@newcomer can bring LoRAs and embeddings", by="boss", member="newcomer"),
    scene("adapters remove", "“zorp” is deleted", name="zorp"),
)
