"""What the doctor says of folders, disks and containers."""

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference import surroundings
from inference.doctor import examine
from inference.surroundings import disk, folders, in_container, memory_limit, why_no_gpu

GIB = 2**30


def touched(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def test_folders_that_can_be_written_are_named_and_left_as_they_were(tmp_path: Path) -> None:
    models, data = tmp_path / "models", tmp_path / "deep" / "data"
    models.mkdir()
    (found,) = folders({"models": models, "database": data})
    assert found.state == "ok"
    assert found.found == f"can be written: {models} (models), {data} (database)"
    assert list(tmp_path.rglob("*")) == [models]


@pytest.fixture
def theirs() -> Iterator[Path]:
    """A folder that can be looked into and not written to; where the test is root, as somebody else."""
    whole = Path(tempfile.mkdtemp())
    whole.chmod(0o755)
    folder = whole / "theirs"
    folder.mkdir(mode=0o555)
    me = os.geteuid()
    try:
        if me == 0:
            os.seteuid(10001)
        yield folder
    finally:
        os.seteuid(me)
        folder.chmod(0o755)
        shutil.rmtree(whole)


@pytest.mark.skipif(sys.platform == "win32", reason="owners differ there")
@pytest.mark.parametrize(("contained", "advice"), [(True, "On the host, run"), (False, "or choose another folder")])
def test_somebody_elses_folder_is_told_with_both_users(
    contained: bool, advice: str, theirs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surroundings, "in_container", lambda _root: contained)
    (found,) = folders({"models": theirs / "models"})
    assert found.state == "bad"
    owner, me = theirs.stat().st_uid, os.geteuid()
    assert found.found == (
        f"{theirs} (models) cannot be written: it belongs to user {owner}, and Easel runs as user {me}"
    )
    assert f"`sudo chown -R {me}:{os.getegid()}" in found.advice
    assert advice in found.advice


@pytest.mark.parametrize(
    ("number", "advice"),
    [(errno.ENOSPC, "The disk is full"), (errno.EROFS, "It is mounted read-only"), (errno.EIO, "")],
)
def test_what_else_is_in_the_way_is_told(
    number: int, advice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    (found,) = folders({"models": tmp_path})
    assert found.found.endswith(os.strerror(number))
    assert found.advice.partition(":")[0] == advice


def test_what_is_in_a_container_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("container", raising=False)
    assert not in_container(tmp_path)
    assert in_container(touched(tmp_path / "docker", ".dockerenv"))
    assert in_container(touched(tmp_path / "podman", "run/.containerenv"))
    monkeypatch.setenv("container", "oci")
    assert in_container(tmp_path)


@pytest.mark.parametrize(
    ("there", "cuda", "words"),
    [
        ([], None, "install its driver and the CUDA build of torch"),
        ([], "13.0", "install its driver"),
        (["dev/nvidiactl"], None, "install the CUDA build of torch"),
        (["dev/nvidiactl"], "13.0", "update the driver"),
        (["dev/dxg"], "13.0", "update the driver"),
        ([".dockerenv"], "13.0", "no GPU was handed to this container"),
        ([".dockerenv"], None, "make the image without TORCH"),
        ([".dockerenv", "dev/nvidiactl"], None, "make the image without TORCH"),
        ([".dockerenv", "dev/nvidiactl"], "13.0", "update the driver"),
    ],
)
def test_a_missing_gpu_is_explained(
    there: list[str], cuda: str | None, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("container", raising=False)
    assert words in why_no_gpu(cuda, touched(tmp_path, *there))


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_the_memory_of_a_container_is_told(name: str, tmp_path: Path) -> None:
    file = touched(tmp_path, f"sys/fs/cgroup/{name}") / "sys/fs/cgroup" / name
    file.write_text(f"{4 * GIB}\n")
    (found,) = memory_limit(24 * GIB, tmp_path)
    assert found.found == "at most 4.0 GiB of the machine's 24 GiB"
    assert "EASEL_MEMORY_BUDGET_GB" in found.advice
    for text in ("max", str(2**63 - 4096)):
        file.write_text(f"{text}\n")
        assert memory_limit(24 * GIB, tmp_path) == []


def test_room_is_told_once_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (found,) = disk(tmp_path, tmp_path / "data")
    assert "free for models and pictures" in found.found
    monkeypatch.setattr(surroundings, "_MODEL_BYTES", 2**62)
    (found,) = disk(tmp_path, tmp_path)
    assert found.state == "note"
    assert "EASEL_MODELS_FOLDER" in found.advice


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs two file systems")
def test_room_is_told_of_each_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(surroundings, "_PICTURES_BYTES", 2**62)
    models, pictures = disk(tmp_path, Path("/dev/shm"))
    assert models.found.endswith("free for models")
    assert pictures.found.endswith("free for pictures")
    assert "EASEL_DATA_FOLDER" in pictures.advice


def test_all_of_it_is_part_of_what_the_doctor_finds(tmp_path: Path) -> None:
    subjects = [finding.subject for finding in examine(tmp_path / "models", "", tmp_path / "data")]
    assert {"folders", "disk", "device", "system"} <= set(subjects)


def test_a_cpu_that_was_chosen_needs_no_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_DEVICE", "cpu")
    (found,) = [finding for finding in examine(tmp_path) if finding.subject == "device"]
    assert (found.state, found.advice) == ("note", "")
