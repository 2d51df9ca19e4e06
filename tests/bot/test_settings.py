"""Settings come from the environment and `.env`, and wrong ones are named."""

from pathlib import Path

import pytest

from bot.errors import UserError
from bot.settings import load_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("EASEL_MAX_ROWS=4\nEASEL_THREADS=3\n")
    monkeypatch.setenv("EASEL_THREADS", "2")
    engine = load_settings().engine()
    assert (engine.max_rows, engine.threads) == (4, 2)


def test_the_models_folder_may_begin_at_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("EASEL_MODELS_FOLDER", "~/models")
    assert Path(load_settings().engine().models_folder) == tmp_path / "models"


def test_all_wrong_ones_are_named_with_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EASEL_MAX_ROWS", "many")
    monkeypatch.setenv("EASEL_DTYPE", "float7")
    with pytest.raises(UserError) as caught:
        load_settings()
    assert "EASEL_MAX_ROWS" in caught.value.message
    assert "'many'" in caught.value.message
    assert "EASEL_DTYPE" in caught.value.message
    assert "'float7'" in caught.value.message
