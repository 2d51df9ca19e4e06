"""`/admin` and `/operator` in the page, in the order of a server that is set up."""

from tests.page.scenes import Scene, Stage, scene, unshown
from tests.page.scenes_of_members import cancelled, something_slow


async def with_what_follows(stage: Stage, scene: Scene) -> None:
    """Press the button that the answer asks to be pressed, and see that it was done."""
    answers = await stage.show(scene)
    window = await stage.window(scene.by)
    button, done = {
        "admin members delete": ("Delete them all", "Deleted of"),
        "operator broadcast": ("Send it", "Sent to 2 servers"),
    }[scene.command]
    await window.button(button, answers.last).click()
    await window.sees(done, window.last)


async def in_a_usual_folder(stage: Stage, scene: Scene) -> None:
    """Back up; the picture names a folder as operators have it, not the test's."""
    window, filled, answers = await stage.asked(scene)
    await stage.seen(window, answers, scene)
    folder = str(stage.folder.parent)
    assert folder in await answers.last.inner_text()
    await answers.last.locator(".text p").evaluate_all(
        """(some, folder) => some.forEach(each => {
            each.innerHTML = each.innerHTML.replace(folder, "/srv/easel");
        })""",
        folder,
    )
    await window.keep(f"commands/{scene.picture}", *([filled] if filled else []), await window.view(answers))


MODELS_LIMITS_CHANNELS = (
    scene("admin models show", "sample · everywhere, for everybody", "See and change a model"),
    scene(
        "admin models allow",
        "sample · only in #pictures · only for @artists",
        model="sample",
        channel="pictures",
        role="artists",
    ),
    scene("admin models default", "#pictures: sample", model="sample", channel="pictures"),
    scene("admin models deny", "sample · denied", model="sample"),
    scene("admin models new", "installs later may be used at once", are="allowed at once"),
    scene(
        "admin limits set",
        "at most 30 steps",
        "about 1024×1024",
        "4 pictures a request",
        steps=30,
        pixels="1024x1024",
        count=4,
    ),
    scene("admin limits upscale", "up to 2 times as wide", "4 million pixels", most="up to 2×", megapixels=4),
    scene(
        "admin limits budget",
        "60 pictures a day",
        "wait behind all others",
        daily_pictures=60,
        past="they wait behind all others",
    ),
    scene("admin limits queue", "at most 8 pictures of a member", "at most 40 pictures", waiting=8, server=40),
    scene("admin limits show", "at most 30 steps", "60 pictures a day", "Steps, size, count"),
    scene("admin channels allow", "Answers only in #pictures", channel="pictures"),
    scene("admin channels close", "Never in #news", channel="news"),
    scene("admin channels command", "/upscale only in #pictures", command_="upscale", channel="pictures"),
    scene("admin channels private", "Only whoever asked sees the result in #quiet", channel="quiet", members=True),
    scene("admin channels threads", "Does not answer in threads", answer=False),
    scene("admin channels age-restricted", "Does not answer in age-restricted channels", answer="never there"),
    scene("admin channels show", "Never in #news", "/upscale only in #pictures", "Overview"),
    scene("admin channels reset", "Does not answer in threads", channel="news"),
)

ROLES_CONTENT_MEMBERS = (
    scene("admin roles set", "@artists: before others, weight 2", role="artists", lane="before others", weight=2),
    scene(
        "admin roles buttons",
        "one of these roles may make more of it",
        "@artists",
        who="members with a role",
        role="artists",
    ),
    scene("admin roles history", "Everyone may see what others asked for", who="everyone"),
    scene(
        "admin roles adapters", "@artists", "approved them", who="members with a role", role="artists", approval=True
    ),
    scene(
        "admin roles train",
        "may be trained in this server by those who manage it, and by @artists",
        who="members with a role",
        role="artists",
    ),
    scene("admin roles adapter-quota", "10 LoRAs and embeddings, 500 MiB", count=10, megabytes=500),
    scene("admin roles show", "@artists: before others, weight 2", "Overview"),
    scene("admin content block", "now with gore, blood. 2 in all", words="gore, blood"),
    scene("admin content warn", "members are warned", "spider. 1 in all", words="spider"),
    scene("admin content pattern", r"now with \bgo+re\w*. 1 in all", pattern=r"\bgo+re\w*", then="refuse the prompt"),
    scene("admin content negative", "text, watermark", text="text, watermark"),
    scene(
        "admin content check",
        "what is flagged is not shown",
        "No check is installed",
        ordinary="do not show what is flagged",
    ),
    scene("admin content show", "gore, blood", "Words are found whole"),
    scene("admin content unblock", "No longer on any list: blood", word="blood"),
    scene("admin content check", "not checked", ordinary="no check", play=unshown),
    scene("admin kept", "Pictures are kept for 90 days", days=90),
    scene("imagine", "asked for", by="newcomer", prompt="a red circle", seed=1, play=unshown, until="Settings"),
    scene("imagine", "asked for", by="ann", prompt="a blue star", seed=1, count=3, play=unshown, until="Settings"),
    scene("admin members usage", "What @ann used in this server", "Today: 3 pictures", member="ann"),
    scene(
        "admin members block",
        "@newcomer may not use me",
        "advertises",
        member="newcomer",
        reason="advertises in every channel",
    ),
    scene("admin members show", "Blocked in this server: 1", "@newcomer"),
    scene("admin members allow", "@newcomer may use me in this server again", member="newcomer"),
    scene("imagine", "asked for", by="ann", prompt="a blue star", steps=150, count=8, play=something_slow),
    scene("admin members cancel", "Cancelled for @ann: 8 pictures", member="ann", play=cancelled),
    scene(
        "admin members delete",
        "Delete every picture that @newcomer made",
        "1 picture",
        member="newcomer",
        play=with_what_follows,
    ),
    scene("admin audit show", "@boss", "advertises in every channel", "blocked words"),
    scene("admin audit export", "oldest first", "audit.csv", as_="CSV"),
    scene("admin panel", "What is set in this server", "Pictures are kept for 90 days", "Change"),
)

OPERATION = (
    scene("imagine", "asked for", by="ann", prompt="a red heart", seed=1, count=4, play=unshown, until="Settings"),
    scene("operator status", "Servers 2 open, 0 closed", "4 pictures", "No errors in the last day"),
    scene("operator servers", "Atelier", "4 pictures", "Elsewhere"),
    scene(
        "operator close", "I do nothing for Elsewhere any more", server="Elsewhere", why="The machine is being moved."
    ),
    scene("operator open", "I work for Elsewhere again", server="Elsewhere"),
    scene(
        "operator broadcast",
        "2 servers",
        "Send",
        text="New models are here: try /imagine with model.",
        play=with_what_follows,
    ),
    scene("operator drain", "Nothing new is taken on", words="Back at nine: a new GPU goes in."),
    scene("operator resume", "I take on again"),
    scene("operator backup", "The backup is whole", "easel-", keep=7, play=in_a_usual_folder),
    scene("operator keep", "4 pictures", "would go", days=30),
)
