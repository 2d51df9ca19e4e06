"""The files for compose: what the specification allows, what the Dockerfile has, and what is a setting."""

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from bot.cli import parser
from bot.settings import Settings
from tests.container import dockerfile
from tests.container.dockerfile import ROOT

DOCKERFILE = dockerfile.read()
FILES = ("compose.yaml", "compose.cpu.yaml")


class Reset:
    """What `!reset` stands for: what the file below says of this goes."""


class Loader(yaml.SafeLoader):
    """Reads YAML with compose's own tag."""


Loader.add_constructor("!reset", lambda *_: Reset)


def read(name: str) -> dict[str, Any]:
    return yaml.load((ROOT / name).read_text("utf-8"), Loader)


def merged(below: Any, above: Any) -> Any:
    """Lay one file over another as compose does with mappings and single values."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    whole = {name: merged(below.get(name), value) for name, value in above.items() if value is not Reset}
    return {name: value for name, value in below.items() if name not in above} | whole


def plain(tree: Any) -> Any:
    """Return a tree as programs read it that know no tags."""
    if isinstance(tree, dict):
        return {name: plain(value) for name, value in tree.items()}
    return [plain(each) for each in tree] if isinstance(tree, list) else None if tree is Reset else tree


BASE = read("compose.yaml")
CPU = merged(BASE, read("compose.cpu.yaml"))
EASEL = BASE["services"]["easel"]


@pytest.mark.parametrize("tree", [BASE, plain(read("compose.cpu.yaml")), CPU], ids=["compose", "cpu", "both"])
def test_they_keep_to_the_specification(tree: dict[str, Any]) -> None:
    text = (resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json").read_text("utf-8")
    schema = json.loads(text)
    jsonschema_rs.validator_for(schema).validate(tree)


def test_the_gpu_is_asked_for_where_there_is_one() -> None:
    (device,) = EASEL["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}
    for service in CPU["services"].values():
        assert "deploy" not in service
        assert service["build"] == {"context": ".", "args": {"TORCH": "https://download.pytorch.org/whl/cpu"}}
    assert CPU["services"]["easel"]["volumes"] == EASEL["volumes"]


def test_build_arguments_are_the_dockerfiles() -> None:
    known = {name for stage in DOCKERFILE.stages for each in stage.all("ARG") for name in dockerfile.default_of(each)}
    for service in CPU["services"].values():
        assert set(service["build"]["args"]) <= known | set(DOCKERFILE.arguments)


def test_volumes_lie_where_the_image_has_folders_of_its_users() -> None:
    mounted = [volume.rpartition(":") for volume in EASEL["volumes"]]
    targets = [target for place, _, target in mounted if place]
    (volumes,) = DOCKERFILE.final.all("VOLUME")
    assert set(volumes.words) <= set(targets)
    made = " ".join(run.text for run in DOCKERFILE.final.all("RUN"))
    installed = re.search(r"install -d -o \S+ -g \S+ (.*)", made)
    assert installed is not None
    assert set(targets) <= set(installed[1].split())
    assert {dockerfile.expand(place, {}) for place, _, _ in mounted if place} == set(BASE["volumes"])


def test_it_may_do_no_more_than_it_must() -> None:
    for service in BASE["services"].values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "ports" not in service
        assert "privileged" not in service
        assert "/tmp" in [*service.get("tmpfs", []), *service.get("volumes", [])]


def test_a_stop_is_given_longer_than_running_pictures_are() -> None:
    given = int(EASEL["stop_grace_period"].removesuffix("s"))
    assert given >= Settings.model_fields["stop_seconds"].default + 20


def test_the_playground_is_started_only_when_it_is_asked_for() -> None:
    play = BASE["services"]["play"]
    assert play["profiles"] == ["play"]
    parser().parse_args(play["command"])
    assert "profiles" not in EASEL


@pytest.mark.parametrize("name", [*FILES, "Dockerfile", ".env.example", "docs/container.md"])
def test_every_variable_of_easels_is_a_setting(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    known = {f"EASEL_{field.upper()}" for field in Settings.model_fields} | {"EASEL_CONFIG"}
    assert set(re.findall(r"\bEASEL_[A-Z_]+", text)) <= known


# .env.example -------------------------------------------------------------------------------------------------------

_LINE = re.compile(r"^#?([A-Z][A-Z_]+)=(.*)$", re.MULTILINE)
EXAMPLE = dict(_LINE.findall((ROOT / ".env.example").read_text("utf-8")))
#: What is for compose, and where its default stands.
OF_COMPOSE = dict(re.findall(r"\$\{(\w+):-(\w+)\}", (ROOT / "compose.yaml").read_text("utf-8")))


def default_of(name: str) -> str:
    value = Settings.model_fields[name.removeprefix("EASEL_").lower()].get_default(call_default_factory=True)
    if hasattr(value, "get_secret_value"):
        value = value.get_secret_value()
    return f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("name", [name for name in EXAMPLE if name.startswith(("EASEL_", "DISCORD_"))])
def test_the_example_shows_the_defaults(name: str) -> None:
    assert EXAMPLE[name] == default_of(name)


def test_the_example_names_what_compose_asks_for() -> None:
    others = ("EASEL_", "DISCORD_", "COMPOSE_")
    assert {name: value for name, value in EXAMPLE.items() if not name.startswith(others)} == OF_COMPOSE


def test_the_example_names_files_that_are_there() -> None:
    assert EXAMPLE["COMPOSE_FILE"].split(EXAMPLE["COMPOSE_PATH_SEPARATOR"]) == list(FILES)


def test_the_example_can_be_used_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With every line in force, Easel takes it, and its settings are those without it."""
    file = tmp_path / ".env"
    file.write_text(re.sub(r"^#(?=[A-Z])", "", (ROOT / ".env.example").read_text("utf-8"), flags=re.MULTILINE))
    without = Settings()
    monkeypatch.chdir(tmp_path)
    assert Settings() == without
