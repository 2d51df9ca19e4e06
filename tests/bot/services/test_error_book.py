"""The errors of the last day."""

import logging

from bot.observer import Observer
from bot.services.error_book import ErrorBook
from inference.protocol.log_words import Typed


class Counting(Observer):
    def __init__(self) -> None:
        self.kinds: list[str] = []

    def error(self, kind: str) -> None:
        self.kinds.append(kind)


def test_what_people_typed_stays_out() -> None:
    book = ErrorBook(Observer())
    with book.listening():
        logging.getLogger("easel.somewhere").error("%s: %s", Typed("a secret"), ValueError("a secret"))
    (seen,) = book.of_the_last_day()
    assert "secret" not in seen.text


def test_what_is_noted_and_for_how_long() -> None:
    now, counting = [1000.0], Counting()
    book = ErrorBook(counting, lambda: now[0])
    log = logging.getLogger("easel.somewhere")
    log.error("before")
    with book.listening():
        log.warning("no error")
        log.error("first\nsecond line")
        now[0] += 3600
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            log.exception("error %s in %s", "0a1b2c3d", "an interaction")
        odd = ("%d things are wrong", ("no number",), None)
        book.handle(logging.LogRecord("easel.somewhere", logging.ERROR, __file__, 1, *odd))
        log.error("x" * 1000)
    log.error("after")
    seen = book.of_the_last_day()
    assert [(one.kind, one.reference) for one in seen] == [
        ("somewhere", None),
        ("somewhere", None),
        ("ZeroDivisionError", "0a1b2c3d"),
        ("somewhere", None),
    ]
    assert [one.text for one in seen[1:]] == ["%d things are wrong", "error 0a1b2c3d in an interaction", "first"]
    assert len(seen[0].text) == 200
    assert counting.kinds == ["somewhere", "ZeroDivisionError", "somewhere", "somewhere"]
    now[0] = 1000.0 + 86_400 + 1
    assert len(book.of_the_last_day()) == 3
