"""How each thing of the table is used, and what is seen when it was done."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from playground import components as kinds
from tests.clockwork import MODEL
from tests.cogs.matrix import given
from tests.cogs.matrix.answers import Done
from tests.cogs.matrix.given import Before
from tests.cogs.matrix.scene import ELSEWHERE, Scene, Seat, button, filled


@dataclass(frozen=True)
class Act:
    """The use of one thing, or of several of the same kind."""

    #: It is given the name of the thing.
    use: Callable[[Scene, Seat, str], Awaitable[Done]]
    #: "picture", "form", "edited" for a message that shows something else, "gone" for one that is taken away, the key
    #: of a text, or words that are shown; or one of several, with "or" between.
    shows: str


def used(shows: str, before: Before | None = None, **options: Any) -> Act:
    """Return the use of a slash command."""

    async def use(scene: Scene, seat: Seat, name: str) -> Done:
        more = {} if before is None else await before(scene, seat)
        command = name.removeprefix("/").partition(" (")[0]
        return Done(await seat.person.command(command, {**options, **more}, channel=seat.channel))

    return Act(use, shows)


def pressed(shows: str, before: Before | None = None, *, private: bool = False) -> Act:
    """Return the press of a button."""

    async def use(scene: Scene, seat: Seat, name: str) -> Done:
        values = {} if before is None else await before(scene, seat)
        custom_id = filled(name, values)
        message = scene.carrier(
            seat, button(custom_id), *values.get("beside", ()), private=private, asked_by=values.get("asked_by")
        )
        return Done(await seat.person.press(message.payload(), custom_id), message, values.get("request"))

    return Act(use, shows)


def controlled(shows: str) -> Act:
    """Return the use of a button or a menu of the panel, on the page on which it stands."""

    async def use(scene: Scene, seat: Seat, name: str) -> Done:
        message, control = scene.page_with(seat, name)
        wanted = control["custom_id"]
        if control["type"] == kinds.BUTTON:
            return Done(await seat.person.press(message.payload(), wanted), message)
        chosen: Any = [control["options"][-1]["value"]] if "options" in control else []
        if control["type"] == kinds.ROLE_SELECT and seat.channel.guild is not None:
            chosen = ["@everyone"]
        elif control["type"] == kinds.CHANNEL_SELECT and seat.channel.guild is not None:
            chosen = [seat.channel.name]
        return Done(await seat.person.select(message.payload(), wanted, chosen), message)

    return Act(use, shows)


def sent(shows: str, before: Before | None = None, **texts: str) -> Act:
    """Return the sending of a form."""

    async def use(scene: Scene, seat: Seat, name: str) -> Done:
        values = {} if before is None else await before(scene, seat)
        custom_id = filled(name, values)
        message = scene.carrier(
            seat, button("easel:queue:mine"), *values.get("beside", ()), private=True, asked_by=values.get("asked_by")
        )
        form = scene.form(seat, custom_id, message, texts, values.get("file"))
        return Done(await seat.person.submit(form, {"file": values["file"]} if "file" in values else None), message)

    return Act(use, shows)


def clicked(shows: str, *, link: str = "") -> Act:
    """Return the use of a menu on a message: on one that shows a picture, or on one that says something."""

    async def use(scene: Scene, seat: Seat, name: str) -> Done:
        if link:
            target = await seat.person.send(seat.channel, link)
        else:
            made = await scene.picture(scene.of(seat))
            target = scene.carrier(seat, button(f"easel:again:{made.job}")).payload()
        return Done(await seat.person.command(name, channel=seat.channel, target=target))

    return Act(use, shows)


# Everything ----------------------------------------------------------------------------------------------------------

#: One's own, another's, and another's of which nothing is to be seen.
_HISTORY = "history_title or favourites_title or favourites_empty or history_of_title"
_GREETING = "greeting_everybody_set or greeting_careful_set or greeting_here_set"
_FOX: dict[str, Any] = {"picture": given.PICTURE, "prompt": "a fox"}
#: A host from which nothing is fetched: that is found out after the rules were asked.
_LINK = "https://example.org/lora.safetensors"

COMMANDS: dict[str, Act] = {
    "/imagine": used("picture", prompt="a cat", steps=2),
    "/paste": used("form"),
    "/queue mine": used("queue_mine_empty"),
    "/queue all": used("queue_title"),
    "/queue cancel": used("queue_mine_empty"),
    "/history": used("history_title"),
    "/history (of another)": used(_HISTORY, given.the_author),
    "/lineage": used("lineage_title", given.authors_message),
    "/me show": used("me_title"),
    "/me set": used("me_saved", count=1),
    "/me reset": used("me_saved"),
    "/me export": used("me_exported or me_export_dm"),
    "/me delete": used("me_delete_confirm"),
    "/can": used("can_title or can_title_direct"),
    "/help": used("help_start"),
    "/about": used("about_title"),
    "/prompt check": used("prompt_title", text="a cat"),
    "/edit restyle": used("picture", **_FOX),
    "/edit inpaint": used("picture", **_FOX, area="left half"),
    "/edit outpaint": used("picture", **_FOX, left=64),
    "/edit instruct": used("picture", **_FOX),
    "/upscale": used("picture", picture=given.PICTURE),
    "/variations": used("picture", picture=given.PICTURE),
    "/blend": used("picture", picture1=given.PICTURE, picture2=given.PICTURE, prompt="a fox"),
    "/styles add": used("style_saved", given.new_name, prompt="sumi"),
    "/styles add (for the server)": used("style_saved", given.new_name, prompt="sumi", **{"for": "this server"}),
    "/styles edit": used("form", given.own_style),
    "/styles edit (the server's)": used("form", given.server_style),
    "/styles list": used("styles_title"),
    "/styles remove": used("style_removed", given.own_style),
    "/styles remove (the server's)": used("style_removed", given.server_style),
    "/styles share": used("style_shared", given.own_style),
    "/styles import": used("styles_imported", file=("styles.csv", b"name,prompt,negative_prompt\nx,y,z\n")),
    "/styles export": used("styles_exported", given.any_style),
    "/wildcards add": used("wildcards_saved", given.new_list),
    "/wildcards edit": used("form", given.server_list),
    "/wildcards list": used("wildcards_title", given.any_list),
    "/wildcards show": used("wildcard_shown", given.server_list),
    "/wildcards remove": used("wildcard_removed", given.server_list),
    "/adapters add": used("link_host", link=_LINK),
    "/adapters list": used("loras_title", given.any_adapter),
    "/adapters info": used("loras_use", given.own_adapter),
    "/adapters preview": used("picture", given.own_adapter),
    "/adapters edit": used("form", given.own_adapter),
    "/adapters share": used("loras_changed", given.own_adapter),
    "/adapters remove": used("loras_removed", given.own_adapter),
    "/adapters queue": used("loras_queue_title or loras_queue_empty", given.authors_waiting),
    "/adapters ban": used("loras_banned_none"),
    "/adapters unban": used("adapters_not_banned", member="without"),
}

OPERATION: dict[str, Act] = {
    "/operator status": used("operator_status_title"),
    "/operator servers": used("operator_servers_title"),
    "/operator close": used("operator_closed", server=ELSEWHERE),
    "/operator open": used("operator_opened or operator_was_open", server=ELSEWHERE),
    "/operator broadcast": used("operator_broadcast_preview", text="hello"),
    "/operator drain": used("operator_drained"),
    "/operator resume": used("operator_resumed or operator_not_draining"),
    "/operator backup": used("operator_backup_done"),
    "/operator keep": used("operator_keep"),
}

ADMIN: dict[str, Act] = {
    "/admin panel": used("admin_panel_title"),
    "/admin kept": used("admin_kept_days", days=30),
    "/admin models show": used("admin_new_deny"),
    "/admin models allow": used("admin_model_allowed", model=MODEL.name),
    "/admin models deny": used("admin_model_denied", model=MODEL.name),
    "/admin models default": used("admin_default", model=MODEL.name),
    "/admin models new": used("admin_new_allow", are="allowed at once"),
    "/admin limits show": used("admin_limit_none"),
    "/admin limits set": used("admin_limit_steps", steps=30),
    "/admin limits upscale": used("admin_upscale", most="up to 2×"),
    "/admin limits budget": used("admin_limit_day_pictures", daily_pictures=5),
    "/admin limits queue": used("admin_limit_waiting", waiting=5),
    "/admin channels show": used("admin_threads"),
    "/admin channels allow": used("admin_only_in", given.here),
    "/admin channels close": used("admin_closed", given.here),
    "/admin channels command": used("admin_command_in", given.here, command="imagine"),
    "/admin channels private": used("admin_private_only", given.here),
    "/admin channels threads": used("admin_threads_not", answer=False),
    "/admin channels age-restricted": used("admin_age_never", answer="never there"),
    "/admin channels reset": used("admin_everywhere", everything=True),
    "/admin roles show": used("admin_ranks_none"),
    "/admin roles set": used("admin_rank", lane="behind others", role="@everyone"),
    "/admin roles buttons": used("Everyone", who="everyone"),
    "/admin roles history": used("admin_history_everyone", who="everyone"),
    "/admin roles adapters": used("admin_adapters_nobody", who="nobody else"),
    "/admin roles train": used("admin_train_everyone", who="everyone"),
    "/admin roles adapter-quota": used("10", count=10, megabytes=100),
    "/admin content show": used("content_title"),
    "/admin content block": used("content_added", words="owl"),
    "/admin content warn": used("content_added", words="owl"),
    "/admin content pattern": used("content_added", pattern="o+wl"),
    "/admin content unblock": used("content_cleared", all="blocked words"),
    "/admin content negative": used("admin_negative", text="a watermark"),
    "/admin content check": used("admin_check_ordinary", ordinary="no check"),
    "/admin members block": used("members_blocked", member="stranger"),
    "/admin members allow": used("members_allowed", given.stranger_blocked),
    "/admin members show": used("members_none or members_title"),
    "/admin members usage": used("members_usage_title", member="stranger"),
    "/admin members cancel": used("members_nothing_waits", member="stranger"),
    "/admin members delete": used("members_delete_confirm", member="stranger"),
    "/admin audit show": used("audit_title"),
    "/admin audit export": used("audit_file", given.something_changed),
}

MENUS: dict[str, Act] = {
    "Vary": clicked("picture"),
    "Upscale": clicked("picture"),
    "Edit": clicked("form"),
    "Remix settings": clicked("form"),
    "Add as adapter": clicked("link_host", link=_LINK),
}

BUTTONS: dict[str, Act] = {
    "again:JOB": pressed("picture", given.job),
    "cancel:JOB": pressed("cancelled", given.running),
    "delete:JOB": pressed("gone", given.fresh),
    "settings:JOB": pressed("Seed:", given.job),
    "show:JOB": pressed("picture", given.job, private=True),
    "drop:JOB": pressed("queue_mine_empty", given.running, private=True),
    "do:*:JOB:INDEX": pressed("picture or edit_square_already", given.job),
    "one:favourite:JOB:INDEX": pressed("card_link", given.job, private=True),
    "one:unfavourite:JOB:INDEX": pressed("card_link", given.job, private=True),
    "one:send:JOB:INDEX": pressed("card_sent", given.job, private=True),
    "one:settings:JOB:INDEX": pressed("Seed:", given.job, private=True),
    "one:delete:JOB:INDEX": pressed("card_deleted", given.fresh, private=True),
    "one:edit:JOB:INDEX": pressed("form", given.job, private=True),
    "picture:JOB:INDEX": pressed("card_link", given.job),
    "remix:JOB:INDEX": pressed("form", given.job, private=True),
    "lineage:JOB:INDEX": pressed("lineage_title", given.job, private=True),
    "repeat:JOB:INDEX": pressed("picture", given.job, private=True),
    "recipe": pressed("picture", given.sent_recipe, private=True),
    "upload:*": pressed("picture or edit_square_already", given.sent_picture, private=True),
    "upload-form:edit": pressed("form", given.sent_picture, private=True),
    "upload-form:remix": pressed("form", given.painted_picture, private=True),
    "page:history:BEFORE:OF": pressed(_HISTORY, given.first_page, private=True),
    "page:favourites:BEFORE:OF": pressed(_HISTORY, given.first_page, private=True),
    "queue:mine": pressed("queue_mine_empty", private=True),
    "queue:all": pressed("queue_title", private=True),
    "styles:START": pressed("styles_title", given.first_page, private=True),
    "adapters:START:*:KIND:MODEL": pressed("loras_title or loras_none_such", given.first_page, private=True),
    "adapters-queue:AFTER": pressed("loras_queue_title or loras_queue_empty", given.first_page, private=True),
    "adapter:info:ID": pressed("loras_use", given.authors_adapter("approved"), private=True),
    "adapter:edit:ID": pressed("form", given.authors_adapter("approved"), private=True),
    "adapter:share:ID": pressed("loras_use", given.authors_adapter("private"), private=True),
    "adapter:withdraw:ID": pressed("loras_use", given.authors_adapter("approved"), private=True),
    "adapter:removing:ID": pressed("loras_really", given.authors_adapter("approved"), private=True),
    "adapter:remove:ID": pressed("loras_removed", given.authors_adapter("approved"), private=True),
    "adapter:preview:ID": pressed("picture", given.authors_adapter("approved"), private=True),
    "adapter:approve:ID": pressed("loras_approved", given.authors_adapter("waiting"), private=True),
    "adapter:reject:ID": pressed("loras_taken_away", given.authors_adapter("waiting"), private=True),
    "adapter:ban_owner:ID": pressed("loras_ban_done", given.authors_adapter("waiting"), private=True),
    "check:JOB": pressed("edited", given.job, private=True),
    "audit:BEFORE:MEMBER:AREA": pressed("edited", given.the_audit, private=True),
    "member-delete:MEMBER": pressed("members_deleted", given.a_member, private=True),
    "greeting:*:GUILD": pressed(
        "greeting_everybody_set or greeting_careful_set or greeting_here_set", given.the_server
    ),
    "broadcast:DRAFT": pressed("operator_broadcast_going or operator_broadcast_done", given.a_draft, private=True),
    "forget:MEMBER": pressed("me_deleted", given.whole_life, private=True),
}

#: Of the panel; each stands on one of its pages.
PANEL: dict[str, Act] = {
    "admin:*": controlled("edited"),
    "admin-pick:*": controlled("edited"),
    "admin-set:*": controlled("edited"),
    "admin-form:*": controlled("form"),
}

FORMS: dict[str, Act] = {
    "paste": sent("picture", text="a cat\nSteps: 2, Seed: 1"),
    "remix:JOB:INDEX": sent("picture", given.job, words="a fox"),
    "edit:JOB:INDEX": sent("picture", given.job, prompt="a fox"),
    "upload-form:edit": sent("picture", given.sent_picture, prompt="a fox"),
    "upload-form:remix": sent("picture", given.painted_picture, words="a fox"),
    "style:ID": sent("style_saved", given.authors_style, prompt="ink"),
    "wildcards:NAME": sent("wildcards_saved", given.server_list_named, text="owl"),
    "negative": sent("admin_negative", given.admins, text="a watermark"),
    "admin-form:request:OF": sent("edited", given.admins, steps="30", pixels="", count=""),
    "admin-form:upscale:OF": sent("edited", given.admins, upscale="2", upscale_pixels=""),
    "admin-form:queue:OF": sent("edited", given.admins, waiting="5"),
    "admin-form:budget:OF": sent(
        "edited", given.admins, daily_seconds="", daily_pictures="5", weekly_seconds="", weekly_pictures=""
    ),
    "admin-form:weight:OF": sent("edited", given.admins, weight="2"),
    "admin-form:blocked:OF": sent("edited", given.admins, words="owl"),
    "admin-form:warned:OF": sent("edited", given.admins, words="owl"),
    "admin-form:negative:OF": sent("edited", given.admins, negative="a watermark"),
    "admin-form:keep:OF": sent("edited", given.admins, keep="30"),
    "adapter-add": sent("adapter_refused_unknown_format", given.a_file),
    "adapter-edit:ID": sent("loras_changed", given.authors_adapter("approved"), name="anew"),
}
