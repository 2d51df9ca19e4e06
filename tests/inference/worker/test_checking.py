"""Questions whether pictures may be seen: answered beside the work, in words where nothing can be judged."""

import io
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from inference.protocol.messages import Check, Checked, JobId, Ready
from inference.vision import safety
from inference.worker import checking
from inference.worker.talk import ExitCode
from tests.checkers import picture, red_classifier
from tests.clockwork import Clockwork
from tests.inference.worker.test_loop import LAUNCH, Talk
from tests.sample_requests import generate, settings


def png(colour: str) -> bytes:
    file = io.BytesIO()
    picture(colour).save(file, "PNG")
    return file.getvalue()


def checking_by(path: Path | str) -> Talk:
    talk = Talk(Clockwork, replace(settings(heartbeat_seconds=60), safety_checker=str(path)))
    assert isinstance(talk.next(), Ready)
    return talk


def answer(talk: Talk, data: bytes, request: str = "q") -> Checked:
    talk.send(Check(request=request, data=data))
    event = talk.next()
    assert isinstance(event, Checked)
    assert (event.launch, event.request) == (LAUNCH, request)
    return event


def test_pictures_are_judged_and_the_checker_named(tmp_path: Path) -> None:
    talk = checking_by(red_classifier(tmp_path / "red.onnx"))
    red, blue, neither = answer(talk, png("red")), answer(talk, png("blue"), "r"), answer(talk, b"", "s")
    assert (red.flagged, blue.flagged, neither.flagged) == (True, False, None)
    assert red.problem is blue.problem is neither.problem is None
    assert len(red.checker) == 64
    assert red.checker == blue.checker == neither.checker
    assert talk.end() is ExitCode.DONE


def test_without_a_checker_that_is_said() -> None:
    talk = checking_by("")
    found = answer(talk, png("blue"))
    assert (found.flagged, found.checker) == (None, "")
    assert "EASEL_SAFETY_CHECKER" in str(found.problem)
    assert talk.end() is ExitCode.DONE


def test_a_load_that_failed_is_tried_again_when_the_files_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    opened = safety.open_checker

    def counted(path: Path, threads: int) -> safety.Checker:
        tries.append(path)
        return opened(path, threads)

    monkeypatch.setattr(safety, "open_checker", counted)
    path = tmp_path / "red.onnx"
    path.write_bytes(b"not yet")
    talk = checking_by(path)
    assert "no ONNX file" in str(answer(talk, png("red")).problem)
    assert "no ONNX file" in str(answer(talk, png("red")).problem)
    assert len(tries) == 1
    red_classifier(path)
    assert answer(talk, png("red")).flagged is True
    assert talk.end() is ExitCode.DONE


@pytest.mark.parametrize("data", [b"no picture", png("red")[:60]])
def test_what_is_no_picture_is_not_judged(tmp_path: Path, data: bytes) -> None:
    talk = checking_by(red_classifier(tmp_path / "red.onnx"))
    found = answer(talk, data)
    assert found.flagged is None
    assert "cannot be read" in str(found.problem)
    assert answer(talk, png("red")).flagged is True
    assert talk.end() is ExitCode.DONE


def test_a_defect_is_told_and_nothing_else_breaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        description, files = "broken", ()

        def judge(self, _picture: object) -> safety.Judgement:
            raise ZeroDivisionError

    monkeypatch.setattr(safety, "open_checker", lambda path, threads: Broken())
    talk = checking_by(tmp_path)
    found = answer(talk, png("blue"))
    assert (found.flagged, found.problem) == (None, checking._UNEXPECTED)
    assert talk.end() is ExitCode.DONE


def test_a_question_that_cannot_be_read_is_answered(tmp_path: Path) -> None:
    talk = checking_by(tmp_path)
    body = msgspec.msgpack.encode({"type": "check", "request": "q", "data": 5})
    talk.send_bytes(len(body).to_bytes(4, "big") + body)
    found = talk.next()
    assert isinstance(found, Checked)
    assert (found.request, found.flagged) == ("q", None)
    assert found.problem
    assert talk.end() is ExitCode.DONE


def test_what_is_painted_goes_on_while_a_picture_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    painted = threading.Event()

    class Slow:
        description, files = "slow", ()

        def judge(self, _picture: object) -> safety.Judgement:
            assert painted.wait(30)
            return safety.Judgement(False)

    monkeypatch.setattr(safety, "open_checker", lambda path, threads: Slow())
    talk = checking_by(tmp_path)
    talk.send(Check(request="q", data=png("blue")), generate("a", steps=2))
    kinds = []
    while not isinstance(event := talk.next(), Checked):
        kinds.append(event)
        if getattr(event, "job", None) == JobId("a") and type(event).__name__ == "Finished":
            painted.set()
    assert event.flagged is False
    assert painted.is_set()
    assert talk.end() is ExitCode.DONE
