"""Words as they are compared: without case, marks and what cannot be seen. Pure."""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import regex

#: Marks that change how a letter looks and not which one it is, by their combining class: accents, Hebrew points and
#: Arabic vowels. Those of Indic scripts, of Thai and of kana make other letters, and stay.
_LOOKS = frozenset({1, *range(10, 37), *range(200, 241)})
#: Not seen, though Unicode does not call them format characters.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0\ufe00\ufe01\ufe02\ufe03\ufe04\ufe05\ufe06\ufe07"
                    "\ufe08\ufe09\ufe0a\ufe0b\ufe0c\ufe0d\ufe0e\ufe0f\u180b\u180c\u180d\u180f")  # fmt: skip
#: Small capitals, which are letters of their own.
_SMALL_CAPITALS = str.maketrans("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz")
#: Letters of Greek and Cyrillic that look like Latin ones.
_ALIKE = str.maketrans("аеорсухіјѕԁһӏԛԝгпвмнткαεορτυχικνβ", "aeopcyxijsdhlqwrnbmhtkaeoptuxiknb")
#: Digits that stand for letters.
_DIGITS = tuple(str.maketrans("0134578", f"o{one}eastb") for one in "il")
#: Scripts that put no spaces between words: each letter is compared by itself.
_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}ー"
_TOKEN = regex.compile(
    rf"[{_UNSPACED}&&\p{{L}}]\p{{M}}*"
    rf"|[\p{{L}}--[{_UNSPACED}]][[\p{{L}}\p{{M}}]--[{_UNSPACED}]]*(?:\p{{N}}+[[\p{{L}}\p{{M}}]--[{_UNSPACED}]]+)*"
    r"|\p{N}+|\p{So}",
    regex.VERSION1,
)
_LATIN = regex.compile(r"\p{Latin}")
#: What may stand between the words of a phrase.
_BETWEEN = regex.compile(r"[\s_\-‐‑–'’.+/&]*")
_ROUNDS = 4


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text."""

    #: It, and what it is read as where it is disguised.
    forms: frozenset[str]
    #: Nothing that parts phrases stands between it and the word before.
    joined: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """What stands between two spaces."""

    tokens: tuple[Token, ...]
    #: Nothing that parts phrases stands before its first word, and behind its last.
    opens: bool
    closes: bool


def fold(text: str) -> str:
    """Return a text as it is compared, with one space for several. Folding it again changes nothing."""
    return " ".join(" ".join(map(_folded, text.split())).split())


def tokens(text: str) -> tuple[Token, ...]:
    """Return the words of a text, folded. A number before or behind letters is a word of its own: `1girl`."""
    found: list[Token] = []
    joined = False
    for run in map(_run, text.split()):
        if run.tokens:
            first = Token(run.tokens[0].forms, joined and run.opens)
            found += (first, *run.tokens[1:])
            joined = run.closes
        else:
            joined = joined and run.opens
    return tuple(found)


def phrase(text: str) -> tuple[str, ...]:
    """Return the words of what is looked for; none where it has neither letters nor digits nor pictures."""
    return tuple(match[0] for match in _TOKEN.finditer(fold(text)))


@lru_cache(maxsize=50_000)
def _run(text: str) -> _Run:
    """Return the words of a text without spaces; most are written again and again."""
    folded = _folded(text)
    found: list[Token] = []
    opens, end = True, 0
    for match in _TOKEN.finditer(folded):
        joined = _BETWEEN.fullmatch(folded, end, match.start()) is not None
        opens = opens if found else joined
        found.append(Token(_forms(match[0]), joined))
        end = match.end()
    closes = _BETWEEN.fullmatch(folded, end) is not None
    return _Run(tuple(found), opens if found else closes, closes)


@lru_cache(maxsize=50_000)
def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    for _ in range(_ROUNDS):
        folded = _once(text)
        if folded == text:
            break
        text = folded
    return text


def _once(text: str) -> str:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(character for character in apart if not _dropped(character))
    return unicodedata.normalize("NFKC", kept).translate(_SMALL_CAPITALS)


def _dropped(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Mn":
        return unicodedata.combining(character) in _LOOKS or character in _UNSEEN
    return category in ("Cf", "Me") or character in _UNSEEN


def _forms(word: str) -> frozenset[str]:
    """Return a word and what it is read as: Latin with letters of other scripts among it, digits between letters."""
    if word.isascii() and word.isalpha():
        return frozenset((word,))
    forms = {word}
    if _LATIN.search(word):
        forms.add(word.translate(_ALIKE))
    if any(character.isdigit() for character in word) and not word.isdigit():
        forms |= {each.translate(digits) for each in tuple(forms) for digits in _DIGITS}
    return frozenset(forms)
