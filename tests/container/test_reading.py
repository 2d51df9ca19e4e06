"""The readers of the tests' own: what they say is what Docker does."""

from pathlib import Path

import pytest

from tests.container import dockerfile, ignoring
from tests.container.building import Built

TEXT = """\
ARG BASE=debian:slim
# a comment
FROM ${BASE} AS one
ARG FROM_WHERE=
RUN --mount=type=cache,target=/root/.cache echo a \\
    # inside
    && echo b

FROM one
ENV A=1 \\
    B="two words"
COPY --from=one /a /b
ENTRYPOINT ["easel", "run"]
"""


def test_a_dockerfile_is_read(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(TEXT)
    read = dockerfile.read(tmp_path / "Dockerfile")
    one, last = read.stages
    assert (one.base, one.name, last.base, last.name) == ("debian:slim", "one", "one", "")
    assert one.all("RUN")[0].text.split() == ["echo", "a", "&&", "echo", "b"]
    assert one.all("RUN")[0].flags == {"mount": "type=cache,target=/root/.cache"}
    assert dockerfile.default_of(one.all("ARG")[0]) == {"FROM_WHERE": ""}
    assert last.all("ENV")[0].pairs == {"A": "1", "B": "two words"}
    assert (last.all("COPY")[0].flags, last.all("COPY")[0].words) == ({"from": "one"}, ["/a", "/b"])
    assert last.all("ENTRYPOINT")[0].words == ["easel", "run"]


@pytest.mark.parametrize("text", ["FROM a\nADD b c\n", "FROM a\nRUN b \\\n"])
def test_what_it_does_not_know_is_no_dockerfile(text: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(text)
    with pytest.raises(ValueError, match=r"not known|goes on"):
        dockerfile.read(tmp_path / "Dockerfile")


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$A/${A}", "a/a"),
        ("${A:+then $B}", "then $B"),
        ("${EMPTY:+then}", ""),
        ("${EMPTY:-otherwise}", "otherwise"),
        ("${A:-otherwise}", "a"),
        ("$MISSING.", "."),
    ],
)
def test_variables_are_put_in(text: str, expanded: str) -> None:
    assert dockerfile.expand(text, {"A": "a", "EMPTY": ""}) == expanded


@pytest.mark.parametrize(
    ("file", "ignored"),
    [
        ("secret", True),
        ("bot/app.py", False),
        ("bot/deep/cache/x.pyc", True),
        ("cache/x", True),
        ("bot/cache/x", True),
        ("robot/app.py", True),
    ],
)
def test_files_are_kept_out(file: str, ignored: bool) -> None:
    assert ignoring.is_ignored(file, ["*", "!bot", "**/cache", "**/*.pyc"]) is ignored


def test_a_path_that_would_be_this_machines_own_is_refused() -> None:
    built = Built(Path("/there"))
    assert built.mapped("cp /data/x /usr/y") == "cp /there/data/x /usr/y"
    with pytest.raises(ValueError, match="/elsewhere would be this machine's own"):
        built.mapped("touch /elsewhere/x")
