"""Who may do what: every command, button, form and menu, by who uses it.

`yes`: it is done. `-`: Discord does not offer it. Any other word is a refusal; `REFUSALS` says in which of our texts.
A `*` in a name stands for several things of one kind. What stands in capitals is filled in when it is used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: Who the people are. Most are members of one server, where there are rules.
PEOPLE: Mapping[str, str] = {
    "operator": "owns the bot, and is in direct messages",
    "owner": "owns the server",
    "admin": "may manage the server, as Discord calls it",
    "author": "has the role, and asked for the picture that is pressed, or brought what is used",
    "with": "has the role that the server's rules ask for",
    "without": "does not have it",
    "blocked": "has it, and was blocked by an admin",
    "closed": "has it, and is in a channel where the bot does not answer",
    "elsewhere": "manages another server, and knows the custom ids of what is in this one",
    "direct": "has it, and uses what is their own in direct messages",
}

#: What the words of refusals mean: texts by their keys.
REFUSALS: Mapping[str, tuple[str, ...]] = {
    "blocked": ("policy_blocked",),
    "place": ("policy_channel_closed",),
    "theirs": ("not_yours", "style_not_yours", "adapters_not_yours"),
    "gone": ("gone", "lineage_no_message"),
    "role": ("press_roles", "adapters_add_roles", "history_of_roles"),
    "manager": ("adapters_manager", "styles_manager", "wildcards_manager", "admin_not_yours", "greeting_not_yours"),
    "runner": ("operator_only",),
    "server": ("adapters_server", "styles_server", "wildcards_server", "history_of_server"),
}


@dataclass(frozen=True)
class Row:
    """What everybody is answered who uses a thing."""

    thing: str
    #: By person.
    expected: Mapping[str, str]


#: Slash commands; in brackets, one use of several.
COMMANDS = """
#                              operator owner    admin   author  with    without blocked closed elsewhere direct
/imagine                       yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/paste                         yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/queue mine                    yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/queue all                     yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/queue cancel                  yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/history                       yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/history (of another)          server   yes      yes     yes     yes     role    blocked place  yes       yes
/lineage                       gone     yes      yes     yes     yes     yes     blocked place  gone      yes
/me show                       yes      yes      yes     yes     yes     yes     yes     yes    yes       yes
/me set                        yes      yes      yes     yes     yes     yes     yes     yes    yes       yes
/me reset                      yes      yes      yes     yes     yes     yes     yes     yes    yes       yes
/me export                     yes      yes      yes     yes     yes     yes     yes     yes    yes       yes
/me delete                     yes      yes      yes     yes     yes     yes     yes     yes    yes       yes
/can                           yes      yes      yes     yes     yes     yes     yes     yes    yes       yes
/help                          yes      yes      yes     yes     yes     yes     yes     yes    yes       yes
/about                         yes      yes      yes     yes     yes     yes     yes     yes    yes       yes
/prompt check                  yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/edit restyle                  yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/edit inpaint                  yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/edit outpaint                 yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/edit instruct                 yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/upscale                       yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/variations                    yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/blend                         yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/styles add                    yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/styles add (for the server)   server   yes      yes     manager manager manager blocked place  yes       server
/styles edit                   yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/styles edit (the server's)    server   yes      yes     theirs  theirs  theirs  blocked place  yes       server
/styles list                   yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/styles remove                 yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/styles remove (the server's)  server   yes      yes     theirs  theirs  theirs  blocked place  yes       server
/styles share                  server   yes      yes     yes     yes     yes     blocked place  yes       server
/styles import                 yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/styles export                 yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/wildcards add                 server   yes      yes     manager manager manager blocked place  yes       server
/wildcards edit                server   yes      yes     manager manager manager blocked place  yes       server
/wildcards list                server   yes      yes     yes     yes     yes     blocked place  yes       server
/wildcards show                server   yes      yes     yes     yes     yes     blocked place  yes       server
/wildcards remove              server   yes      yes     manager manager manager blocked place  yes       server
/adapters add                  yes      yes      yes     yes     yes     role    blocked place  yes       yes
/adapters list                 yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/adapters info                 yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/adapters preview              yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/adapters edit                 yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/adapters share                server   yes      yes     yes     yes     role    blocked place  yes       server
/adapters remove               yes      yes      yes     yes     yes     yes     blocked place  yes       yes
/adapters queue                server   yes      yes     manager manager manager blocked place  yes       server
/adapters ban                  server   yes      yes     manager manager manager blocked place  yes       server
/adapters unban                server   yes      yes     manager manager manager blocked place  yes       server
"""

#: For whoever owns the bot.
OPERATION = """
#                              operator owner    admin   author  with    without blocked closed elsewhere direct
/operator status               yes      runner   -       -       -       -       -       -      -         runner
/operator servers              yes      runner   -       -       -       -       -       -      -         runner
/operator close                yes      runner   -       -       -       -       -       -      -         runner
/operator open                 yes      runner   -       -       -       -       -       -      -         runner
/operator broadcast            yes      runner   -       -       -       -       -       -      -         runner
/operator drain                yes      runner   -       -       -       -       -       -      -         runner
/operator resume               yes      runner   -       -       -       -       -       -      -         runner
/operator backup               yes      runner   -       -       -       -       -       -      -         runner
/operator keep                 yes      runner   -       -       -       -       -       -      -         runner
"""

#: For those who manage a server; Discord's own settings can give them to others.
ADMINISTRATION = """
#                              operator owner    admin   author  with    without blocked closed elsewhere direct
/admin panel                   -        yes      yes     -       -       -       -       -      yes       -
/admin kept                    -        yes      yes     -       -       -       -       -      yes       -
/admin models show             -        yes      yes     -       -       -       -       -      yes       -
/admin models allow            -        yes      yes     -       -       -       -       -      yes       -
/admin models deny             -        yes      yes     -       -       -       -       -      yes       -
/admin models default          -        yes      yes     -       -       -       -       -      yes       -
/admin models new              -        yes      yes     -       -       -       -       -      yes       -
/admin limits show             -        yes      yes     -       -       -       -       -      yes       -
/admin limits set              -        yes      yes     -       -       -       -       -      yes       -
/admin limits upscale          -        yes      yes     -       -       -       -       -      yes       -
/admin limits budget           -        yes      yes     -       -       -       -       -      yes       -
/admin limits queue            -        yes      yes     -       -       -       -       -      yes       -
/admin channels show           -        yes      yes     -       -       -       -       -      yes       -
/admin channels allow          -        yes      yes     -       -       -       -       -      yes       -
/admin channels close          -        yes      yes     -       -       -       -       -      yes       -
/admin channels command        -        yes      yes     -       -       -       -       -      yes       -
/admin channels private        -        yes      yes     -       -       -       -       -      yes       -
/admin channels threads        -        yes      yes     -       -       -       -       -      yes       -
/admin channels age-restricted -        yes      yes     -       -       -       -       -      yes       -
/admin channels reset          -        yes      yes     -       -       -       -       -      yes       -
/admin roles show              -        yes      yes     -       -       -       -       -      yes       -
/admin roles set               -        yes      yes     -       -       -       -       -      yes       -
/admin roles buttons           -        yes      yes     -       -       -       -       -      yes       -
/admin roles history           -        yes      yes     -       -       -       -       -      yes       -
/admin roles adapters          -        yes      yes     -       -       -       -       -      yes       -
/admin roles train             -        yes      yes     -       -       -       -       -      yes       -
/admin roles adapter-quota     -        yes      yes     -       -       -       -       -      yes       -
/admin content show            -        yes      yes     -       -       -       -       -      yes       -
/admin content block           -        yes      yes     -       -       -       -       -      yes       -
/admin content warn            -        yes      yes     -       -       -       -       -      yes       -
/admin content pattern         -        yes      yes     -       -       -       -       -      yes       -
/admin content unblock         -        yes      yes     -       -       -       -       -      yes       -
/admin content negative        -        yes      yes     -       -       -       -       -      yes       -
/admin content check           -        yes      yes     -       -       -       -       -      yes       -
/admin members block           -        yes      yes     -       -       -       -       -      yes       -
/admin members allow           -        yes      yes     -       -       -       -       -      yes       -
/admin members show            -        yes      yes     -       -       -       -       -      yes       -
/admin members usage           -        yes      yes     -       -       -       -       -      yes       -
/admin members cancel          -        yes      yes     -       -       -       -       -      yes       -
/admin members delete          -        yes      yes     -       -       -       -       -      yes       -
/admin audit show              -        yes      yes     -       -       -       -       -      yes       -
/admin audit export            -        yes      yes     -       -       -       -       -      yes       -
"""

#: What a click on a message offers: here on one that shows the author's picture.
MENUS = """
#                              operator owner    admin   author  with    without blocked closed elsewhere direct
Vary                           gone     yes      role    yes     yes     role    blocked place  gone      yes
Upscale                        gone     yes      role    yes     yes     role    blocked place  gone      yes
Edit                           gone     yes      role    yes     yes     role    blocked place  gone      yes
Remix settings                 gone     yes      role    yes     yes     role    blocked place  gone      yes
Add as adapter                 yes      yes      yes     yes     yes     role    blocked place  yes       yes
"""

#: Buttons that paint something new of a picture at once.
PAINTING = """
#                              operator owner    admin   author  with    without blocked closed elsewhere direct
do:*:JOB:INDEX                 gone     yes      role    yes     yes     role    blocked place  gone      yes
upload:*                       yes      yes      yes     yes     yes     yes     blocked place  yes       yes
"""

#: Other buttons.
BUTTONS = """
#                              operator owner    admin   author  with    without blocked closed elsewhere direct
again:JOB                      gone     yes      role    yes     yes     role    blocked place  gone      yes
cancel:JOB                     gone     yes      theirs  yes     theirs  theirs  theirs  theirs gone      yes
delete:JOB                     gone     yes      theirs  yes     theirs  theirs  theirs  theirs gone      yes
settings:JOB                   gone     yes      yes     yes     yes     yes     blocked place  gone      yes
show:JOB                       gone     yes      yes     yes     yes     yes     blocked place  gone      yes
drop:JOB                       gone     yes      theirs  yes     theirs  theirs  theirs  theirs gone      yes
one:favourite:JOB:INDEX        gone     yes      yes     yes     yes     yes     blocked place  gone      yes
one:unfavourite:JOB:INDEX      gone     yes      yes     yes     yes     yes     blocked place  gone      yes
one:send:JOB:INDEX             gone     yes      yes     yes     yes     yes     blocked place  gone      yes
one:settings:JOB:INDEX         gone     yes      yes     yes     yes     yes     blocked place  gone      yes
one:delete:JOB:INDEX           gone     yes      theirs  yes     theirs  theirs  theirs  theirs gone      yes
one:edit:JOB:INDEX             gone     yes      role    yes     yes     role    blocked place  gone      yes
picture:JOB:INDEX              gone     yes      yes     yes     yes     yes     blocked place  gone      yes
remix:JOB:INDEX                gone     yes      role    yes     yes     role    blocked place  gone      yes
lineage:JOB:INDEX              gone     yes      yes     yes     yes     yes     blocked place  gone      yes
repeat:JOB:INDEX               gone     yes      role    yes     yes     role    blocked place  gone      yes
recipe                         yes      yes      yes     yes     yes     yes     blocked place  yes       yes
upload-form:edit               yes      yes      yes     yes     yes     yes     blocked place  yes       yes
upload-form:remix              yes      yes      yes     yes     yes     yes     blocked place  yes       yes
page:history:BEFORE:OF         server   yes      yes     yes     yes     role    blocked place  yes       yes
page:favourites:BEFORE:OF      server   yes      yes     yes     yes     role    blocked place  yes       yes
queue:mine                     yes      yes      yes     yes     yes     yes     blocked place  yes       yes
queue:all                      yes      yes      yes     yes     yes     yes     blocked place  yes       yes
styles:START                   yes      yes      yes     yes     yes     yes     blocked place  yes       yes
adapters:START:*:KIND:MODEL    yes      yes      yes     yes     yes     yes     blocked place  yes       yes
adapters-queue:AFTER           server   yes      yes     manager manager manager blocked place  yes       server
adapter:info:ID                gone     yes      yes     yes     yes     yes     blocked place  gone      yes
adapter:edit:ID                gone     gone     gone    yes     gone    gone    blocked place  gone      yes
adapter:share:ID               gone     gone     gone    yes     gone    gone    blocked place  gone      server
adapter:withdraw:ID            gone     gone     gone    yes     gone    gone    blocked place  gone      yes
adapter:removing:ID            gone     gone     gone    yes     gone    gone    blocked place  gone      yes
adapter:remove:ID              gone     gone     gone    yes     gone    gone    blocked place  gone      yes
adapter:preview:ID             gone     yes      yes     yes     theirs  theirs  blocked place  gone      yes
adapter:approve:ID             server   yes      yes     manager manager manager blocked place  gone      server
adapter:reject:ID              server   yes      yes     manager manager manager blocked place  gone      server
adapter:ban_owner:ID           gone     yes      yes     manager manager manager blocked place  gone      server
check:JOB                      gone     yes      yes     yes     yes     yes     blocked place  gone      yes
audit:BEFORE:MEMBER:AREA       manager  yes      yes     manager manager manager blocked place  yes       manager
member-delete:MEMBER           manager  yes      yes     manager manager manager blocked place  yes       manager
greeting:*:GUILD               manager  yes      yes     manager manager manager blocked place  gone      manager
broadcast:DRAFT                yes      runner   runner  runner  runner  runner  runner  runner runner    runner
forget:MEMBER                  theirs   theirs   theirs  yes     theirs  theirs  theirs  theirs theirs    yes
"""

#: Buttons and menus of the panel that an admin asked for.
PANEL = """
#                              operator owner    admin   author  with    without blocked closed elsewhere direct
admin:*                        manager  yes      yes     manager manager manager blocked place  yes       manager
admin-pick:*                   manager  yes      yes     manager manager manager blocked place  yes       manager
admin-set:*                    manager  yes      yes     manager manager manager blocked place  yes       manager
admin-form:*                   manager  yes      yes     manager manager manager blocked place  yes       manager
"""

#: Forms, when they are sent in.
FORMS = """
#                              operator owner    admin   author  with    without blocked closed elsewhere direct
paste                          yes      yes      yes     yes     yes     yes     blocked place  yes       yes
remix:JOB:INDEX                gone     yes      role    yes     yes     role    blocked place  gone      yes
edit:JOB:INDEX                 gone     yes      role    yes     yes     role    blocked place  gone      yes
upload-form:edit               yes      yes      yes     yes     yes     yes     blocked place  yes       yes
upload-form:remix              yes      yes      yes     yes     yes     yes     blocked place  yes       yes
style:ID                       gone     gone     gone    yes     gone    gone    blocked place  gone      yes
wildcards:NAME                 server   yes      yes     manager manager manager blocked place  yes       server
negative                       manager  yes      yes     manager manager manager blocked place  yes       manager
admin-form:request:OF          manager  yes      yes     manager manager manager blocked place  yes       manager
admin-form:upscale:OF          manager  yes      yes     manager manager manager blocked place  yes       manager
admin-form:queue:OF            manager  yes      yes     manager manager manager blocked place  yes       manager
admin-form:budget:OF           manager  yes      yes     manager manager manager blocked place  yes       manager
admin-form:weight:OF           manager  yes      yes     manager manager manager blocked place  yes       manager
admin-form:blocked:OF          manager  yes      yes     manager manager manager blocked place  yes       manager
admin-form:warned:OF           manager  yes      yes     manager manager manager blocked place  yes       manager
admin-form:negative:OF         manager  yes      yes     manager manager manager blocked place  yes       manager
admin-form:keep:OF             manager  yes      yes     manager manager manager blocked place  yes       manager
adapter-add                    yes      yes      yes     yes     yes     role    blocked place  yes       yes
adapter-edit:ID                gone     gone     gone    yes     gone    gone    blocked place  gone      yes
"""

#: By name: what sort of things they are, and their rows.
PARTS: Mapping[str, tuple[str, str]] = {
    "commands": ("commands", COMMANDS),
    "commands of the operator": ("commands", OPERATION),
    "commands of admins": ("commands", ADMINISTRATION),
    "menus of messages": ("menus", MENUS),
    "buttons that paint": ("components", PAINTING),
    "other buttons": ("components", BUTTONS),
    "the panel": ("components", PANEL),
    "forms": ("forms", FORMS),
}


def rows(text: str) -> Iterator[Row]:
    """Yield the rows of a part of the table; the cells stand behind the name, in the order of the people."""
    for line in text.strip().splitlines():
        if not line.startswith("#"):
            name, *cells = line.rsplit(None, len(PEOPLE))
            yield Row(name, dict(zip(PEOPLE, cells, strict=True)))


# As admins read it ----------------------------------------------------------------------------------------------------

#: The columns of docs/admin.md.
_SHOWN: Mapping[str, str] = {
    "owner": "the server’s owner",
    "admin": "*Manage Server*",
    "with": "with a role that your rules name",
    "without": "without it",
    "blocked": "blocked",
    "closed": "in a closed channel",
    "direct": "in direct messages",
}
#: What its cells say.
_SAID: Mapping[str, str] = {
    "yes": "yes",
    "-": "not offered",
    "gone": "no",
    "role": "no: the role",
    "theirs": "no: not theirs",
    "manager": "no: for admins",
    "server": "no: for servers",
    "runner": "no: for the operator",
    "blocked": "no",
    "place": "no",
}


def as_markdown() -> str:
    """Return who may use which command, one line for those for which the same people may."""
    every = [row for text in (COMMANDS, ADMINISTRATION, OPERATION, MENUS) for row in rows(text)]
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in every:
        groups.setdefault(tuple(_SAID[row.expected[person]] for person in _SHOWN), []).append(row.thing)
    wholes = {
        root: [row.thing for row in every if _root(row.thing) == root] for root in {_root(row.thing) for row in every}
    }
    lines = [["command", *_SHOWN.values()], ["---"] * (len(_SHOWN) + 1)]
    for cells, names in groups.items():
        found = dict.fromkeys(_root(name) if set(wholes[_root(name)]) <= set(names) else name for name in names)
        lines.append([", ".join(f"`{name}`" if name.startswith("/") else name for name in found), *cells])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _root(name: str) -> str:
    """Return the command of a subcommand."""
    return name.split(" ")[0] if name.startswith("/") else name
