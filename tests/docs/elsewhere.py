"""What stands behind a command that no test can type."""

import ast
import re

from tests.container import dockerfile
from tests.docs.documents import ROOT, tracked

_CI = (ROOT / ".ci" / "run").read_text("utf-8")
_MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def _made_by_ci() -> set[str]:
    """Return the lines of CI's program that make a target, without the variables before them."""
    return set(re.findall(r"^(?:\w+=\S+ )*(make \w+)$", _CI, re.MULTILINE))


def is_run_by_ci(text: str) -> None:
    """Hold that `.ci/run` has it as a line."""
    assert text in _made_by_ci(), f"{text!r} is no line of .ci/run"


def is_all_that_ci_runs(text: str) -> None:
    """Hold that the target needs those targets that `.ci/run` makes, and no others."""
    needed = re.search(rf"^{text.split()[1]}: (.*?)(?: ##|$)", _MAKEFILE, re.MULTILINE)
    assert needed is not None
    assert {f"make {target}" for target in needed[1].split()} == _made_by_ci()


def is_a_target(text: str) -> None:
    """Hold that the Makefile has it, and that it starts a module that is there."""
    recipe = re.search(rf"^{text.split()[1]}:.*\n\t@?\$\(BIN\)/python -m (\w+)", _MAKEFILE, re.MULTILINE)
    assert recipe is not None
    ast.parse((ROOT / recipe[1] / "__main__.py").read_text("utf-8"))


def is_run_by_make_test(_text: str) -> None:
    """Hold that `make test` runs pytest, and CI that."""
    assert re.search(r"^test:.*\n\t@\$\(BIN\)/python -m pytest", _MAKEFILE, re.MULTILINE)
    is_run_by_ci("make test")


def is_a_link_that_tests_follow(_text: str) -> None:
    """Hold that links of Civitai are followed in the tests of links."""
    assert "civitai.com/models/" in (ROOT / "tests" / "bot" / "services" / "test_links.py").read_text("utf-8")


def is_the_user_of_the_image(text: str) -> None:
    """Hold that the folder is given to whom the image runs Easel as."""
    arguments = "\n".join(each.text for each in dockerfile.read().final.all("ARG"))
    user, group = (re.search(rf"^{name}=(\d+)$", arguments, re.MULTILINE) for name in ("USER_ID", "GROUP_ID"))
    assert user is not None and group is not None
    assert f" {user[1]}:{group[1]} " in text


def is_typed_in_a_clone(text: str) -> None:
    """Hold that the folder of the repository is one of git's, where this is typed."""
    assert text == "git pull"
    assert any(name.startswith(".git") for name in tracked())


#: Names of Debian and Ubuntu, looked up there, and what each is wanted for.
_PACKAGES = {
    "make": "the Makefile",
    "python3-venv": "`python3 -m venv`",
    "git": "`git clone`",
    "chromium": "tests/page",
}


def are_packages_of_debian(text: str) -> None:
    """Hold that these are packages that Easel has a use for, by names that were looked up."""
    assert set(text.split()[3:]) <= set(_PACKAGES), f"look up in Debian what is new in {text!r}, and add it"
