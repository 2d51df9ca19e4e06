"""Every command of README.md, CONTRIBUTING.md and docs/ is typed, in the order in which people read them.

A block of PowerShell is said in the words of `sh` first: that holds its commands, options and paths, not its syntax.
"""

import re
import sys

import pytest

from tests.docs.commands import Command, commands_of, every_command
from tests.docs.documents import document, manuals
from tests.docs.machine import Machine
from tests.docs.rules import RULES, Elsewhere, Rule, Runs, Stays, rule_of
from tests.docs.shell import Running

#: What makes an environment: a reader of a document that begins with it has none before.
_MAKES_ONE = re.compile(r"make (demo|play)|\S*python3? -m venv .*")


#: What speaks with a command that goes on; before anything else, Ctrl-C is pressed.
_SPEAKS = re.compile(r"curl .*|C=.*|\S*easel admin .*", re.DOTALL)
#: What is asked of a bot that runs.
_ASKS_A_BOT = re.compile(r"(\S*/)?easel admin (?!restore)")
_ACTIVATES = ". .venv/bin/activate"


def _readers() -> list[tuple[str, str]]:
    """Return each document with each kind of terminal that it writes for."""
    return [(name, language) for name in manuals() for language in sorted({b.terminal for b in document(name).shell})]


@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform == "win32", reason="the commands are run by sh")
@pytest.mark.parametrize(("name", "terminal"), _readers())
def test_the_commands_of_a_document_do_what_it_says(name: str, terminal: str, machine: Machine) -> None:
    commands = [command for command in commands_of(name) if command.terminal == terminal]
    texts = [command.text for command in commands]
    cloned = not any(text.startswith("git clone") for text in texts)
    first = next((text for text in texts if _MAKES_ONE.fullmatch(text) or "easel " in text), "")
    with_easel = not _MAKES_ONE.fullmatch(first)
    with machine.terminal(cloned=cloned, with_easel=with_easel, windows=terminal == "powershell"):
        for command in commands:
            if not _SPEAKS.fullmatch(command.text):
                machine.stop_everything()
            if command.text.startswith("easel ") and _ACTIVATES in {code.text for code in document(name).codes}:
                assert machine.shell.run(_ACTIVATES).code == 0
            _type(machine, command, _rule(command))
        machine.stop_everything()


def _type(machine: Machine, command: Command, rule: Rule) -> None:
    if isinstance(rule, Elsewhere):
        rule.check(command.text)
        return
    text = machine.said(command.text)
    try:
        if _ASKS_A_BOT.match(command.text):
            machine.have_a_bot()
        machine.lay_out(text)
        if isinstance(rule, Runs):
            ran = machine.shell.run(text)
            if ran.code != 0:
                raise AssertionError(f"It ended with {ran.code} and said:\n{ran.out}{ran.err}")
            rule.leaves(machine, ran)
            if command.answer is not None:
                said = "\n".join(line.rstrip() for line in ran.lines)
                assert said.strip() == command.answer, f"It said:\n{said}"
        else:
            _await(machine, rule, machine.start(text))
    except (AssertionError, LookupError, OSError, ValueError) as error:
        pytest.fail(f"{command.place}: {command.written!r} does not do what it is there for.\n{error}", pytrace=False)


def _await(machine: Machine, rule: Stays, running: Running) -> None:
    try:
        rule.ready(machine, running)
    except (AssertionError, LookupError, OSError, ValueError) as error:
        raise AssertionError(f"{error}; it said:\n{running.said}") from error


def _rule(command: Command) -> Rule:
    rule = rule_of(command.text)
    if rule is None:
        words = (
            "Write it as others are, or give it a rule in tests/docs/rules.py: how it is run, and what it must leave."
        )
        pytest.fail(f"{command.place}: nobody says how {command.text!r} is tested. {words}", pytrace=False)
    return rule


@pytest.mark.parametrize("command", every_command(), ids=lambda command: command.place)
def test_every_command_has_a_rule(command: Command) -> None:
    rule = _rule(command)
    if isinstance(rule, Elsewhere):
        rule.check(command.text)


def test_every_rule_is_needed() -> None:
    used = {id(rule_of(command.text)) for command in every_command()}
    idle = [rule.pattern for rule in RULES if id(rule) not in used]
    assert idle == [], "no document has a command for these rules any more: take them out of tests/docs/rules.py"
