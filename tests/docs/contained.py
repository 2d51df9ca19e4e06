"""What a command of a container engine must have left."""

import re
import tarfile

from tests.docs import leaves
from tests.docs.discord import Discord
from tests.docs.machine import Machine
from tests.docs.shell import Ran, Running


def up(machine: Machine, ran: Ran) -> None:
    """Hold that this version's bot is on line, paints, has what it had, and is found well."""
    machine.discord.await_bot()
    machine.discord.await_picture()
    containers = machine.containers
    assert containers.ask("docker compose exec easel easel --version").startswith(f"easel {machine.version} ")
    assert containers.pictures > containers.kept
    if "--build" in ran.text:
        Discord.until(lambda: containers.health == "healthy")
        built(machine, ran)


def built(machine: Machine, _ran: Ran) -> None:
    """Hold that the image is there, runs as nobody special, and has nothing to build with."""
    tools = "id -u; for tool in gcc cc make pip pip3; do command -v $tool; done; true"
    ran = machine.shell.run(f"docker run --rm --entrypoint sh easel -c '{tools}'")
    assert ran.lines == ["10001"], ran


def built_for_somebody(machine: Machine, ran: Ran) -> None:
    """Hold that the image runs as the user who was asked for, and can write where volumes go."""
    user = re.findall(r"USER_ID=(\d+)", ran.text)[0]
    name = re.findall(r"-t (\S+)", ran.text)[0]
    asked = machine.shell.run(f"docker run --rm --entrypoint sh {name} -c 'id -u; touch /data/here /models/here'")
    assert asked.lines == [user] and asked.code == 0, asked


def listed(_machine: Machine, ran: Ran) -> None:
    """Hold that the image is shown with its size."""
    assert re.search(r"^easel +latest .*\d[MG]B$", ran.out, re.MULTILINE), ran


def findings(_machine: Machine, ran: Ran) -> None:
    """Hold that the container is described, and that the volumes can be written."""
    assert ", in a container" in ran.out, ran
    assert "can be written: /models (models), /data (database and pictures)" in ran.out, ran


def log(_machine: Machine, running: Running) -> None:
    """Wait for the line that the document names."""
    Discord.until(lambda: "ready as" in running.said)


def podman_built(machine: Machine, _ran: Ran) -> None:
    """Hold that Podman has the image, with the check of health."""
    image = machine.containers.ask("podman image inspect easel --format {{.HealthCheck}}")
    assert "EASEL_HEALTH_FILE" in image, image


def podman_runs(machine: Machine, _ran: Ran) -> None:
    """Hold that the bot is on line, paints, and is found well."""
    machine.discord.await_bot()
    machine.discord.await_picture()
    Discord.until(lambda: machine.containers.agrees("podman healthcheck run easel"))


def owned(machine: Machine, ran: Ran) -> None:
    """Hold that the folder is whose the document says, and that models come to lie there."""
    folder = ran.text.split()[-1]
    assert machine.shell.run(f"stat -c %u:%g {folder}").lines == [ran.text.split()[-2]]
    added = machine.shell.run("docker compose run --rm easel models add owner/name --name there")
    leaves.model(machine, added)
    assert "catalogue.json" in machine.shell.run(f"ls {folder}").lines, folder


def models(_machine: Machine, ran: Ran) -> None:
    """Hold that the sample model is listed, and what was added."""
    assert re.search(r"\bsample +checkpoint", ran.out), ran
    assert len(ran.lines) > 2, ran


def healthy(_machine: Machine, ran: Ran) -> None:
    """Hold that the bot is found well; `up` has waited for that."""
    assert "(healthy)" in ran.out, ran


def refreshed(_machine: Machine, ran: Ran) -> None:
    """Hold that the bot knows of the models that were added since it began."""
    assert "dreamy" in ran.out, ran


def status(_machine: Machine, ran: Ran) -> None:
    """Hold that the bot that runs has answered."""
    assert "discord: connected" in ran.out, ran


def backup(machine: Machine, ran: Ran) -> None:
    """Hold that the file that is named is in the volume."""
    found = re.search(r"/backups/easel-\d{8}-\d{6}\.tar", ran.out)
    assert found is not None, ran
    machine.containers.ask(f"docker compose exec easel test -s {found[0]}")
    machine.containers.kept = machine.containers.pictures


def copied(machine: Machine, _ran: Ran) -> None:
    """Hold that the backups are in the clone, and can be read."""
    files = list((machine.clone / "backups").glob("easel-*.tar"))
    assert files
    for file in files:
        with tarfile.open(file) as archive:
            assert any("sqlite" in name for name in archive.getnames())


def down(machine: Machine, _ran: Ran) -> None:
    """Hold that nothing runs."""
    assert machine.containers.ask("docker compose ps --quiet") == ""


def without_volume(machine: Machine, ran: Ran) -> None:
    """Hold that the volume is gone, and that the others are not."""
    there = machine.containers.ask("docker volume ls --quiet --filter name=easel").split()
    assert ran.text.split()[-1] not in there
    assert "easel_backups" in there


def restored(_machine: Machine, ran: Ran) -> None:
    """Hold that all is there again; `up` looks at what it is."""
    assert re.search(r"/data: \d+ files, all as they were", ran.out), ran


def picture(machine: Machine, ran: Ran) -> None:
    """Hold that the picture lies in the folder that was shown, and belongs to whom the command says."""
    leaves.pictures(machine, ran)
    for line in ran.lines:
        assert (ran.folder / line).stat().st_uid == machine.clone.stat().st_uid
