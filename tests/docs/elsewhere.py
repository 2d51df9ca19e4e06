"""What stands behind a command that no test can type, or not on every machine."""

import os
import re
import shutil

from tests.container import dockerfile
from tests.docs.commands import every_command
from tests.docs.documents import ROOT

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


def is_a_module(text: str) -> None:
    """Hold that the module is there, and can be read as a program."""
    name = text.split()[2].replace(".", "/")
    path = next(path for path in (ROOT / f"{name}.py", ROOT / name / "__main__.py") if path.is_file())
    assert 'if __name__ == "__main__":' in path.read_text("utf-8")


def is_what_networks_ask_for(text: str) -> None:
    """Hold that the package is the one that is imported."""
    assert f"import {text.split()[-1]}\n" in (ROOT / "inference/vision/networks.py").read_text("utf-8")


def is_begun_so_elsewhere(text: str) -> None:
    """Hold that some block has a whole command that begins so."""
    assert any(command.text.startswith(f"{text} ") for command in every_command()), f"{text!r} is never typed"


def is_a_link_that_tests_follow(_text: str) -> None:
    """Hold that links of Civitai are followed in the tests of links."""
    assert "civitai.com/models/" in (ROOT / "tests" / "bot" / "services" / "test_links.py").read_text("utf-8")


def is_the_user_of_the_image(text: str) -> None:
    """Hold that the folder is given to whom the image runs Easel as."""
    arguments = "\n".join(each.text for each in dockerfile.read().final.all("ARG"))
    user, group = (re.search(rf"^{name}=(\d+)$", arguments, re.MULTILINE) for name in ("USER_ID", "GROUP_ID"))
    assert user is not None and group is not None
    assert f" {user[1]}:{group[1]} " in text


def lacks_chromium() -> str:
    """Return why the page cannot be looked at; nothing, if it can."""
    return "" if shutil.which("chromium") else "there is no program chromium"


def lacks_keys() -> str:
    """Return why nothing can be signed; nothing, if it can."""
    return "" if shutil.which("ssh-keygen") else "there is no program ssh-keygen"


#: A folder with the package that has CodeFormer's code. That is not for commercial use: CI fetches it, and no test.
_ARCHITECTURES = os.environ.get("EASEL_EXTRA_ARCHITECTURES", "")


def lacks_architectures() -> str:
    """Return why the package with CodeFormer's code cannot be installed; nothing, if it can."""
    return "" if _ARCHITECTURES else "EASEL_EXTRA_ARCHITECTURES names no folder that has it"


def with_what_was_fetched(text: str) -> str:
    """Return a command of pip that finds what was fetched for the tests."""
    return f"PIP_FIND_LINKS={_ARCHITECTURES} {text}"


#: Names of Debian and Ubuntu, looked up there, and what each is wanted for.
_PACKAGES = {
    "make": "the Makefile",
    "python3-venv": "`python3 -m venv`",
    "git": "`git clone`",
    "chromium": "tests/page",
    "fonts-noto-color-emoji": "pictures of the page",
}


def are_packages_of_debian(text: str) -> None:
    """Hold that these are packages that Easel has a use for, by names that were looked up."""
    assert set(text.partition(" install ")[2].split()) <= set(_PACKAGES), (
        f"look up in Debian what is new in {text!r}, and add it"
    )
