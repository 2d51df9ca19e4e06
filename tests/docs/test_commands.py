"""Every command of README.md, CONTRIBUTING.md and docs/ is typed, in the order in which people read them.

Those for PowerShell are typed into `sh`, as they stand: their words mean the same there.
"""

import re
import sys

import pytest
from _pytest.mark import ParameterSet

from tests.docs.commands import Command, commands_of, every_command, spoken_commands
from tests.docs.documents import document, manuals
from tests.docs.machine import Machine
from tests.docs.rules import RULES, Elsewhere, Rule, Runs, Stays, rule_of
from tests.docs.shell import Running

#: What makes an environment: a reader of a document that begins with it has none before.
_MAKES_ONE = re.compile(r"make (demo|play)( \S+)?|\S*python3? -m venv .*")


#: What speaks with a command that goes on; before anything else, Ctrl-C is pressed.
_SPEAKS = re.compile(r"curl .*|C=.*|\S*easel admin .*", re.DOTALL)
#: What is asked of a bot that runs.
_ASKS_A_BOT = re.compile(r"(\S*/)?easel admin (?!restore)")
_ACTIVATES = ". .venv/bin/activate"


def _readers() -> list[ParameterSet]:
    """Return each document with each kind of terminal that it writes for; what downloads or measures takes long."""
    readers = [
        (name, kind) for name in manuals() for kind in sorted({block.terminal for block in document(name).shell})
    ]
    return [pytest.param(name, kind, marks=pytest.mark.timeout(900 + _longest(name))) for name, kind in readers]


def _longest(name: str) -> float:
    rules = [rule_of(command.text) for command in commands_of(name)]
    return 2 * max(rule.needs.patience_seconds for rule in rules if isinstance(rule, Runs | Stays))


@pytest.mark.skipif(sys.platform == "win32", reason="the commands are run by sh")
@pytest.mark.parametrize(("name", "terminal"), _readers())
def test_the_commands_of_a_document_do_what_it_says(name: str, terminal: str, machine: Machine) -> None:
    commands = [command for command in commands_of(name) if command.terminal == terminal]
    texts = [command.text for command in commands]
    first = next((text for text in texts if _MAKES_ONE.fullmatch(text) or "easel " in text), "")
    with_easel = not _MAKES_ONE.fullmatch(first)
    with machine.terminal(with_easel=with_easel, windows=terminal == "powershell"):
        for command in commands:
            if not _SPEAKS.fullmatch(command.text):
                machine.stop_everything()
            if command.text.startswith("easel ") and _ACTIVATES in {code.text for code in document(name).codes}:
                assert machine.shell.run(_ACTIVATES).code == 0
            _type(machine, command, _rule(command))
        machine.stop_everything()


def _type(machine: Machine, command: Command, rule: Rule) -> None:
    if isinstance(rule, Elsewhere) or rule.needs.lacks():
        # `test_every_command_has_a_rule` looks at it.
        return
    try:
        text = rule.needs.said(machine.said(command.text))
        if _ASKS_A_BOT.match(command.text):
            machine.have_a_bot()
        machine.lay_out(text)
        if isinstance(rule, Runs):
            ran = machine.shell.run(text, rule.needs.patience_seconds)
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


def _only_spoken() -> list[Command]:
    """Return the commands in sentences that are typed and that no block has, each once."""

    def typed(command: Command) -> str:
        rule = rule_of(command.text)
        return rule.needs.said(command.text) if isinstance(rule, Runs | Stays) else ""

    found = {typed(command): command for command in spoken_commands()}
    return [found[text] for text in sorted(found.keys() - {"", *map(typed, every_command())})]


@pytest.mark.timeout(1800)
@pytest.mark.skipif(sys.platform == "win32", reason="the commands are run by sh")
@pytest.mark.parametrize("command", _only_spoken(), ids=lambda command: command.place)
def test_a_command_in_a_sentence_does_what_it_says(command: Command, machine: Machine) -> None:
    with_easel = not _MAKES_ONE.fullmatch(command.text)
    with machine.terminal(with_easel=with_easel, windows=False):
        _type(machine, command, _rule(command))
        machine.stop_everything()


@pytest.mark.parametrize("command", [*every_command(), *spoken_commands()], ids=lambda command: command.place)
def test_every_command_has_a_rule(command: Command) -> None:
    rule = _rule(command)
    look = rule.look if isinstance(rule, Elsewhere) else rule.needs.look
    look(command.text)


def test_every_block_is_typed() -> None:
    left_out = {command.text for command in every_command() if isinstance(_rule(command), Elsewhere)}
    assert left_out == {"make test"}, "what stands in a block is typed; this alone is what runs these tests"


def test_every_rule_is_needed() -> None:
    used = {id(rule_of(command.text)) for command in [*every_command(), *spoken_commands()]}
    idle = [rule.pattern for rule in RULES if id(rule) not in used]
    assert idle == [], "no document has a command for these rules any more: take them out of tests/docs/rules.py"
