"""What a button says of itself. Nothing else of a button is kept, so that it outlives restarts.

`easel:VERB:JOB` does something to a job, `easel:do:DEED:JOB:INDEX` makes a new picture of one of its pictures,
`easel:picture:JOB:INDEX` shows what can be made of that one, and `easel:remix:JOB:INDEX` a form for it.
`easel:page:LIST:BEFORE` turns a page, `easel:queue:WHOSE` looks again, `easel:forget:MEMBER` deletes a member's data,
`easel:styles:START` shows styles. Of a form: `easel:style:ID` changes a style, `easel:wildcards:NAME` writes a list,
`easel:negative` sets a server's negative prompt, `easel:paste` takes settings. Discord takes 100 characters.
"""

import re
from collections.abc import Iterable
from typing import Any, Literal, get_args

from bot.services.derive import VERBS as DEEDS
from bot.services.derive import Verb as Deed
from inference.protocol.messages import JobId

#: "drop" is a cancel that shows the member's queue again.
Verb = Literal["again", "cancel", "delete", "settings", "show", "drop"]
#: Lists that have pages.
Shelf = Literal["history", "favourites"]
#: Whose requests a queue shows.
Whose = Literal["mine", "all"]

VERBS: tuple[Verb, ...] = get_args(Verb)

#: Each matches the custom ids of one kind of button; discord.py asks for it to find the button's callback.
PATTERN = re.compile(rf"easel:(?P<verb>{'|'.join(VERBS)}):(?P<job>[0-9a-f]{{32}})")
DEED = re.compile(rf"easel:do:(?P<deed>{'|'.join(DEEDS)}):(?P<job>[0-9a-f]{{32}}):(?P<index>[0-9]{{1,2}})")
PICTURE = re.compile(r"easel:picture:(?P<job>[0-9a-f]{32}):(?P<index>[0-9]{1,2})")
REMIX = re.compile(r"easel:remix:(?P<job>[0-9a-f]{32}):(?P<index>[0-9]{1,2})")
PAGE = re.compile(rf"easel:page:(?P<shelf>{'|'.join(get_args(Shelf))}):(?P<before>[0-9]{{0,18}})")
QUEUE = re.compile(rf"easel:queue:(?P<whose>{'|'.join(get_args(Whose))})")
FORGET = re.compile(r"easel:forget:(?P<member>[0-9]{1,20})")
#: Styles from the one at that place on.
STYLES = re.compile(r"easel:styles:(?P<start>[0-9]{1,6})")
#: Of forms.
STYLE = re.compile(r"easel:style:(?P<id>[0-9]{1,18})")
WILDCARDS = re.compile(r"easel:wildcards:(?P<name>[a-z0-9/_-]{1,60})")
NEGATIVE_ID = "easel:negative"
NEGATIVE = re.compile(NEGATIVE_ID)
PASTE_ID = "easel:paste"


def custom_id(verb: Verb, job: str) -> str:
    """Return the custom id of a button that does `verb` to a job."""
    return f"easel:{verb}:{job}"


def deed_id(deed: Deed, job: str, index: int) -> str:
    """Return the custom id of a button that makes a new picture of one of a job's pictures."""
    return f"easel:do:{deed}:{job}:{index}"


def picture_id(job: str, index: int) -> str:
    """Return the custom id of a button that shows what can be made of one of a job's pictures."""
    return f"easel:picture:{job}:{index}"


def remix_id(job: str, index: int) -> str:
    """Return the custom id of a button, and of the form it opens, that changes how a picture was made."""
    return f"easel:remix:{job}:{index}"


def page_id(shelf: Shelf, before: int | None = None) -> str:
    """Return the custom id of a button that shows what comes before that cursor, or the newest."""
    return f"easel:page:{shelf}:{'' if before is None else before}"


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
