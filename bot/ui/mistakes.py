"""What a member is told of their mistakes, in their language."""

from bot.texts import Mistake, PromptMistake, said, say
from bot.ui.plain import harmless
from bot.ui.remarks import place
from inference.prompt.words import Words

#: Characters of what somebody typed and we did not understand.
_SHOWN = 100
#: Characters of what is wrong with a prompt, and of a reason that an admin or the operator gave.
_WORDS = 600
#: Under this name a text has such a reason.
_REASON = "why"


def told(mistake: Mistake, locale: str | None) -> str:
    """Return the words for a mistake; nothing that somebody typed can disturb the rest of them."""
    values = {
        name: _harmless(each, locale, _WORDS if name == _REASON else _SHOWN) for name, each in mistake.values.items()
    }
    words = say(mistake.key, locale, **values)
    return f"{words}\n{place(mistake.text, mistake.span)}" if isinstance(mistake, PromptMistake) else words


def _harmless(value: object, locale: str | None, most: int) -> object:
    """Return a value of a sentence so that nothing in it can disturb the rest."""
    if isinstance(value, Words):
        return harmless(said(value, locale), _WORDS)
    return harmless(value, most) if isinstance(value, str) else value
