"""The four types of errors, and their words."""

import pytest

from bot.errors import EaselError, EngineDead, JobFailed, LimitReached, UserError


@pytest.mark.parametrize("kind", [UserError, LimitReached, JobFailed, EngineDead])
def test_the_docstring_is_the_default_message(kind: type[EaselError]) -> None:
    assert kind().message == kind.__doc__
    assert kind("Something else.").message == "Something else."


def test_the_four_are_told_apart() -> None:
    kinds = (UserError, LimitReached, JobFailed, EngineDead)
    for kind in kinds:
        assert [other for other in kinds if issubclass(kind, other)] == [kind]


def test_a_failed_job_keeps_its_kind() -> None:
    assert JobFailed("Too large.", kind="memory").kind == "memory"
    assert JobFailed().kind == "internal"
