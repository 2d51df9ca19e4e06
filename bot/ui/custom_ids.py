"""What a button says of itself. Nothing else of a button is kept, so that it outlives restarts.

`easel:VERB:JOB` does something to a job, `easel:do:DEED:JOB:INDEX` makes a new picture of one of its pictures,
`easel:picture:JOB:INDEX` shows what can be made of that one, `easel:one:VERB:JOB:INDEX` does something to it, and
`easel:remix:JOB:INDEX` opens a form for it; `easel:edit:JOB:INDEX` is one that paints a part of it anew.
`easel:lineage:JOB:INDEX` shows where it comes from, `easel:repeat:JOB:INDEX` paints it again, and `easel:recipe` what a
file beside it says.
`easel:upload:DEED` makes a new picture of the one that its message shows, and `easel:upload-form:FORM` opens a form.
`easel:page:LIST:BEFORE` turns a page, `easel:queue:WHOSE` looks again, `easel:forget:MEMBER` deletes a member's data,
`easel:styles:START` shows styles. Of a form: `easel:style:ID` changes a style, `easel:wildcards:NAME` writes a list,
`easel:adapters:START:WHOSE:KIND:MODEL` shows adapters, `easel:adapter:VERB:ID` does something to one, and
`easel:adapters-queue:AFTER` shows what waits for a server's admins. `easel:greeting:PRESET:SERVER` sets what is usual,
`easel:broadcast:DRAFT` sends the operator's words to every server.
`easel:member-delete:MEMBER` deletes a member's pictures of a server, `easel:audit:BEFORE:MEMBER:AREA` shows who changed
what there.
`easel:negative` sets a server's negative prompt, `easel:paste` takes settings. Discord takes 100 characters.
What admins set: `easel:admin:PAGE:OF` shows a page, `easel:admin-pick:PAGE` is a menu that leads to one,
`easel:admin-set:FIELD:OF` changes what is set, and `easel:admin-form:FORM:OF` opens a form for it, and is the form's.
"""

import re
from collections.abc import Iterable
from typing import Any, Literal, get_args

from bot.services.deeds import DEEDS, Deed
from inference.protocol.messages import JobId

#: "drop" is a cancel that shows the member's queue again, "check" has pictures checked that could not be.
Verb = Literal["again", "cancel", "delete", "settings", "show", "drop", "check"]
#: What is done to one picture, and nothing is made of it; "edit" opens a form that does.
CardVerb = Literal["favourite", "unfavourite", "send", "settings", "delete", "edit"]
#: Forms for a picture that somebody sent.
UploadForm = Literal["edit", "remix"]
#: Lists that have pages.
Shelf = Literal["history", "favourites"]
#: Whose requests a queue shows.
Whose = Literal["mine", "all"]

#: What is done to an adapter; "removing" asks before "remove", and "edit" opens a form.
AdapterVerb = Literal[
    "info", "edit", "share", "withdraw", "removing", "remove", "preview", "approve", "reject", "ban_owner"
]
#: Whose adapters a list shows.
AdapterShelf = Literal["all", "mine", "server", "public"]

#: Pages of what admins set; what a page of one thing is of: a model's key, a role's id, the name of a command.
AdminPage = Literal["home", "models", "model", "limits", "channels", "command", "roles", "role", "content"]
#: Pages to which a menu leads.
AdminPick = Literal["model", "limits", "command", "role"]
#: What a button or a menu sets.
AdminField = Literal[
    "allow",
    "deny",
    "default",
    "no_default",
    "model_channels",
    "model_roles",
    "new",
    "forget_models",
    "clear_limits",
    "channels",
    "closed",
    "private_channels",
    "command",
    "threads",
    "private",
    "age",
    "lane",
    "clear_role",
    "press",
    "press_roles",
    "history",
    "history_roles",
    "add",
    "add_roles",
    "approve",
    "train",
    "train_roles",
    "check",
    "check_restricted",
    "gone",
]
AdminForm = Literal["request", "upscale", "queue", "budget", "weight", "blocked", "warned", "negative", "keep"]

VERBS: tuple[Verb, ...] = get_args(Verb)

#: Each matches the custom ids of one kind of button; discord.py asks for it to find the button's callback.
PATTERN = re.compile(rf"easel:(?P<verb>{'|'.join(VERBS)}):(?P<job>[0-9a-f]{{32}})")
DEED = re.compile(rf"easel:do:(?P<deed>{'|'.join(DEEDS)}):(?P<job>[0-9a-f]{{32}}):(?P<index>[0-9]{{1,2}})")
CARD = re.compile(
    rf"easel:one:(?P<verb>{'|'.join(get_args(CardVerb))}):(?P<job>[0-9a-f]{{32}}):(?P<index>[0-9]{{1,2}})"
)
PICTURE = re.compile(r"easel:picture:(?P<job>[0-9a-f]{32}):(?P<index>[0-9]{1,2})")
REMIX = re.compile(r"easel:remix:(?P<job>[0-9a-f]{32}):(?P<index>[0-9]{1,2})")
LINEAGE = re.compile(r"easel:lineage:(?P<job>[0-9a-f]{32}):(?P<index>[0-9]{1,2})")
REPEAT = re.compile(r"easel:repeat:(?P<job>[0-9a-f]{32}):(?P<index>[0-9]{1,2})")
RECIPE_ID = "easel:recipe"
RECIPE = re.compile(RECIPE_ID)
UPLOAD = re.compile(rf"easel:upload:(?P<deed>{'|'.join(DEEDS)})")
UPLOAD_FORM = re.compile(rf"easel:upload-form:(?P<form>{'|'.join(get_args(UploadForm))})")
EDIT = re.compile(r"easel:edit:(?P<job>[0-9a-f]{32}):(?P<index>[0-9]{1,2})")
PAGE = re.compile(
    rf"easel:page:(?P<shelf>{'|'.join(get_args(Shelf))}):(?P<before>[0-9]{{0,18}})(?::(?P<of>[0-9]{{1,20}}))?"
)
QUEUE = re.compile(rf"easel:queue:(?P<whose>{'|'.join(get_args(Whose))})")
FORGET = re.compile(r"easel:forget:(?P<member>[0-9]{1,20})")
#: Styles from the one at that place on.
STYLES = re.compile(r"easel:styles:(?P<start>[0-9]{1,6})")
ADAPTERS = re.compile(
    rf"easel:adapters:(?P<start>[0-9]{{1,6}}):(?P<whose>{'|'.join(get_args(AdapterShelf))})"
    r":(?P<kind>all|lora|embedding):(?P<model>[0-9a-f]{0,12})"
)
ADAPTER = re.compile(rf"easel:adapter:(?P<verb>{'|'.join(get_args(AdapterVerb))}):(?P<id>[0-9]{{1,18}})")
ADAPTERS_QUEUE = re.compile(r"easel:adapters-queue:(?P<after>[0-9]{1,18})")
#: Of forms.
ADAPTER_ADD_ID = "easel:adapter-add"
ADAPTER_ADD = re.compile(ADAPTER_ADD_ID)
ADAPTER_EDIT = re.compile(r"easel:adapter-edit:(?P<id>[0-9]{1,18})")
STYLE = re.compile(r"easel:style:(?P<id>[0-9]{1,18})")
WILDCARDS = re.compile(r"easel:wildcards:(?P<name>[a-z0-9/_-]{1,60})")
NEGATIVE_ID = "easel:negative"
NEGATIVE = re.compile(NEGATIVE_ID)
GREETING = re.compile(r"easel:greeting:(?P<preset>everybody|careful|here):(?P<guild>[0-9]{1,20})")
_OF = r"(?::(?P<of>[0-9a-z_-]{1,40}))?"
ADMIN = re.compile(rf"easel:admin:(?P<page>{'|'.join(get_args(AdminPage))}){_OF}")
ADMIN_PICK = re.compile(rf"easel:admin-pick:(?P<page>{'|'.join(get_args(AdminPick))})")
ADMIN_SET = re.compile(rf"easel:admin-set:(?P<field>{'|'.join(get_args(AdminField))}){_OF}")
ADMIN_FORM = re.compile(rf"easel:admin-form:(?P<form>{'|'.join(get_args(AdminForm))}){_OF}")
BROADCAST = re.compile(r"easel:broadcast:(?P<draft>[0-9a-f]{32})")
MEMBER_DELETE = re.compile(r"easel:member-delete:(?P<member>[0-9]{1,20})")
AUDIT = re.compile(r"easel:audit:(?P<before>[0-9]{0,18}):(?P<member>[0-9]{0,20}):(?P<area>[a-z]{0,20})")
PASTE_ID = "easel:paste"
PASTE = re.compile(PASTE_ID)


def custom_id(verb: Verb, job: str) -> str:
    """Return the custom id of a button that does `verb` to a job."""
    return f"easel:{verb}:{job}"


def deed_id(deed: Deed, job: str, index: int) -> str:
    """Return the custom id of a button that makes a new picture of one of a job's pictures."""
    return f"easel:do:{deed}:{job}:{index}"


def card_id(verb: CardVerb, job: str, index: int) -> str:
    """Return the custom id of a button that does something to one of a job's pictures."""
    return f"easel:one:{verb}:{job}:{index}"


def picture_id(job: str, index: int) -> str:
    """Return the custom id of a button that shows what can be made of one of a job's pictures."""
    return f"easel:picture:{job}:{index}"


def remix_id(job: str, index: int) -> str:
    """Return the custom id of a button, and of the form it opens, that changes how a picture was made."""
    return f"easel:remix:{job}:{index}"


def lineage_id(job: str, index: int) -> str:
    """Return the custom id of a button that shows where one of a job's pictures comes from."""
    return f"easel:lineage:{job}:{index}"


def repeat_id(job: str, index: int) -> str:
    """Return the custom id of a button that paints one of a job's pictures again as it is."""
    return f"easel:repeat:{job}:{index}"


def upload_id(deed: Deed) -> str:
    """Return the custom id of a button that makes a new picture of the one that its message shows."""
    return f"easel:upload:{deed}"


def upload_form_id(form: UploadForm) -> str:
    """Return the custom id of a button that opens a form for the picture that its message shows, and of the form."""
    return f"easel:upload-form:{form}"


def edit_id(job: str, index: int) -> str:
    """Return the custom id of a form that paints one of a job's pictures over, or a part of it."""
    return f"easel:edit:{job}:{index}"


def page_id(shelf: Shelf, before: int | None = None, of: int | None = None) -> str:
    """Return the custom id of a button that shows what comes before that cursor, or the newest; `of` another member."""
    whose = "" if of is None else f":{of}"
    return f"easel:page:{shelf}:{'' if before is None else before}{whose}"


def queue_id(whose: Whose) -> str:
    """Return the custom id of a button that shows a queue as it is then."""
    return f"easel:queue:{whose}"


def forget_id(member_id: int) -> str:
    """Return the custom id of a button that deletes a member's data, for that member alone."""
    return f"easel:forget:{member_id}"


def styles_id(start: int) -> str:
    """Return the custom id of a button that shows the styles from that place on."""
    return f"easel:styles:{start}"


def style_id(number: int) -> str:
    """Return the custom id of a form that changes the words of the style of that id."""
    return f"easel:style:{number}"


def adapters_id(start: int, whose: AdapterShelf = "all", kind: str = "all", model: str = "") -> str:
    """Return the custom id of a button that shows adapters from that place on; `model` is how its hash begins."""
    return f"easel:adapters:{start}:{whose}:{kind}:{model[:12]}"


def adapter_id(verb: AdapterVerb, number: int) -> str:
    """Return the custom id of a button that does something to the adapter of that id."""
    return f"easel:adapter:{verb}:{number}"


def adapters_queue_id(after: int) -> str:
    """Return the custom id of a button that shows what waits for a server's admins behind the adapter of that id."""
    return f"easel:adapters-queue:{after}"


def adapter_edit_id(number: int) -> str:
    """Return the custom id of a form that changes what is said of the adapter of that id."""
    return f"easel:adapter-edit:{number}"


def greeting_id(preset: str, guild_id: int) -> str:
    """Return the custom id of a button that sets the usual rules of a server."""
    return f"easel:greeting:{preset}:{guild_id}"


def admin_id(page: AdminPage, of: object = "") -> str:
    """Return the custom id of a button that shows a page of what admins set."""
    return _of(f"easel:admin:{page}", of)


def admin_pick_id(page: AdminPick) -> str:
    """Return the custom id of a menu that leads to a page of what is chosen in it."""
    return f"easel:admin-pick:{page}"


def admin_set_id(field: AdminField, of: object = "") -> str:
    """Return the custom id of a button or a menu that changes what is set."""
    return _of(f"easel:admin-set:{field}", of)


def admin_form_id(form: AdminForm, of: object = "") -> str:
    """Return the custom id of a button that opens a form for what is set, and of the form."""
    return _of(f"easel:admin-form:{form}", of)


def _of(identity: str, of: object) -> str:
    return f"{identity}:{of}" if of != "" else identity


def broadcast_id(draft: str) -> str:
    """Return the custom id of a button that sends the operator's words to every server, for the operator alone."""
    return f"easel:broadcast:{draft}"


def member_delete_id(member_id: int) -> str:
    """Return the custom id of a button that deletes what a member made in the server where it is pressed."""
    return f"easel:member-delete:{member_id}"


def audit_id(before: int | None, member_id: int | None = None, area: str | None = None) -> str:
    """Return the custom id of a button that shows the audit before that entry, or the newest."""
    return f"easel:audit:{'' if before is None else before}:{'' if member_id is None else member_id}:{area or ''}"


def wildcards_id(name: str) -> str:
    """Return the custom id of a form that writes the list of that name."""
    return f"easel:wildcards:{name}"


def job_in(components: Iterable[Any]) -> JobId | None:
    """Return the job that the first of our buttons in a message is about, or None."""
    for component in components:
        if match := PATTERN.fullmatch(getattr(component, "custom_id", None) or ""):
            return JobId(match["job"])
        if (inside := job_in(getattr(component, "children", ()))) is not None:
            return inside
    return None
