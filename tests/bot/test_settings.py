"""Settings come from the environment, `.env` and `easel.toml`, and wrong ones are named."""

import os
from pathlib import Path

import pytest

from bot.errors import UserError
from bot.settings import load_settings


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("EASEL_") or name == "DISCORD_TOKEN"]:
        monkeypatch.delenv(name)


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


def test_the_toml_file_comes_last_and_holds_styles(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("EASEL_KEEP_DAYS=2\n")
    (tmp_path / "easel.toml").write_text(
        'keep_days = 1\nmember_waiting = 5\n[styles.noir]\nprompt = "{prompt}, film noir"\nnegative = "colour"\n'
    )
    settings = load_settings()
    assert (settings.keep_days, settings.member_waiting) == (2, 5)
    assert list(settings.styles) == ["noir"]
    assert settings.styles["noir"].prompt == "{prompt}, film noir"
    monkeypatch.setenv("EASEL_MEMBER_WAITING", "7")
    assert load_settings().member_waiting == 7


def test_another_toml_file_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text("keep_days = 9\n")
    monkeypatch.setenv("EASEL_CONFIG", "other.toml")
    assert load_settings().keep_days == 9
    monkeypatch.setenv("EASEL_CONFIG", "missing.toml")
    with pytest.raises(UserError, match=r"EASEL_CONFIG names missing\.toml"):
        load_settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("keep_day = 3", "'keep_day'.*Did you mean keep_days"),
        ("keep_days = ", "cannot be read"),
        ("keep_days = -1", "EASEL_KEEP_DAYS"),
        ("[styles.noir]\nprmpt = 'x'", "EASEL_STYLES"),
        ("discord_api = 'example.org'", r"EASEL_DISCORD_API: .*http://127\.0\.0\.1:8000/api/v10"),
        ("discord_gateway = 'http://example.org'", r"EASEL_DISCORD_GATEWAY: .*ws://127\.0\.0\.1:8000/gateway"),
        ("most_pictures = 11", "EASEL_MOST_PICTURES"),
        ("most_weight = 0.5", "EASEL_MOST_WEIGHT"),
        ("role_lanes = 'background'", "EASEL_ROLE_LANES"),
        ("log_format = 'xml'", "EASEL_LOG_FORMAT"),
        ("link_hosts = ['files.example.org', '10.0.0.1']", r"EASEL_LINK_HOSTS: .*'10\.0\.0\.1' is no name of a host"),
    ],
)
def test_what_is_wrong_in_the_toml_file_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "easel.toml").write_text(text)
    with pytest.raises(UserError, match=f"(?s){words}"):
        load_settings()


@pytest.mark.parametrize("name", ["DISCORD_TOKEN", "EASEL_DISCORD_TOKEN"])
def test_the_token_has_two_names_and_is_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "secret")
    settings = load_settings()
    assert settings.discord_token.get_secret_value() == "secret"
    assert "secret" not in repr(settings)


@pytest.mark.parametrize("name", ["EASEL_HUGGING_FACE_TOKEN", "EASEL_CIVITAI_TOKEN"])
def test_logins_of_sites_are_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "secret")
    assert "secret" not in repr(load_settings())


def test_hosts_are_written_with_commas_or_as_a_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "easel.toml").write_text('link_hosts = ["files.example.org"]\n')
    assert load_settings().link_hosts == ("files.example.org",)
    monkeypatch.setenv("EASEL_LINK_HOSTS", "Files.example.org, *.example.net,")
    assert load_settings().link_hosts == ("files.example.org", "*.example.net")
    monkeypatch.setenv("EASEL_LINK_HOSTS", "")
    assert load_settings().link_hosts == ()
