"""What the operator's guide says of Easel as a service of systemd is so, on a server that has one."""

from collections.abc import Iterator

import pytest

from tests.docs import engine, hosts
from tests.docs.commands import commands_of
from tests.docs.discord import Discord
from tests.docs.machine import Machine

pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(engine.lacks() != "", reason=engine.lacks() or "there is one"),
]


@pytest.fixture
def discord(machine: Machine) -> Iterator[Discord]:
    """Where the server's bot goes on line, once it is started; all that the guide does before is done."""
    with machine.terminal(with_easel=False, windows=False):
        there = hosts.have_server(machine)
        texts = [command.text for command in commands_of("docs/operator.md")]
        for text in texts[: texts.index("sudo systemctl enable --now easel")]:
            hosts.ask(machine, text)
        yield there


def test_a_stop_lets_what_is_painted_be_finished(machine: Machine, discord: Discord) -> None:
    hosts.ask(machine, "systemctl start easel")
    discord.await_bot()
    with hosts.worker_held(machine):
        options = {"prompt": "a red circle on a blue background"}
        discord.ask("/people/ann/channels/general/commands?until=settled", {"name": "imagine", "options": options})
        discord.until(lambda: "0 of 1 done" in discord.said())
        hosts.ask(machine, "systemctl stop --no-block easel")
        discord.until(lambda: "stopping" in hosts.ask(machine, "journalctl --unit easel --identifier easel"))
    properties = "systemctl show --property ActiveState,Result --value easel"
    discord.until(lambda: set(hosts.ask(machine, properties).split()) == {"success", "inactive"})
    assert len(discord.results()) == 1


def test_a_death_is_followed_by_a_new_start(machine: Machine, discord: Discord) -> None:
    hosts.ask(machine, "systemctl start easel")
    discord.await_bot()
    hosts.ask(machine, "systemctl kill --kill-whom main --signal KILL easel")
    discord.until(lambda: hosts.ask(machine, "systemctl show --property NRestarts --value easel") == "1")
    discord.await_bot()
    discord.await_picture()


def test_a_wrong_token_leaves_it_stopped_and_the_log_says_so(machine: Machine, discord: Discord) -> None:
    hosts.ask(machine, "sed -i 's/^DISCORD_TOKEN=.*/DISCORD_TOKEN=wrong/' .env")
    hosts.ask(machine, "systemctl start easel")
    properties = "systemctl show --property ActiveState,ExecMainStatus,NRestarts --value easel"
    discord.until(lambda: hosts.ask(machine, properties).split() == ["0", "2", "failed"])
    said = hosts.ask(machine, "journalctl --unit easel --identifier easel --output cat").splitlines()
    assert "token" in said[-1], said
