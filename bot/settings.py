"""What the operator decides, from the environment, `.env` and `easel.toml`; built once and passed in."""

import os
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bot.errors import UserError
from bot.services.adapter_values import MIB, AdapterLimits
from bot.services.link_hosts import is_pattern
from bot.services.style_values import STYLES, Style
from inference.protocol.messages import EngineSettings
from inference.protocol.names import nearest

#: Read from the folder where `easel` is run, where EASEL_CONFIG names no other.
CONFIG_FILE = "easel.toml"


def _data_folder() -> Path:
    return Path(platformdirs.user_data_dir("easel", False))


class Settings(BaseSettings):
    """Each field is read from the variable EASEL_ and its name in capitals, or by its name from the TOML file."""

    model_config = SettingsConfigDict(env_prefix="EASEL_", env_file=".env", extra="ignore", frozen=True)

    # The engine -------------------------------------------------------------------------------------------------

    #: Where installed models live.
    models_folder: Path = Field(default_factory=lambda: _data_folder() / "models")
    #: "auto", "cpu", "mps", "cuda" or "cuda:1".
    device: str = "auto"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    attention: Literal["auto", "sdpa", "xformers"] = "auto"
    #: Rows of one pass of the network; a guided picture takes two.
    max_rows: int = Field(default=16, ge=1, le=256)
    #: Memory for resident models in GB; 0 lets the engine choose.
    memory_budget_gb: float = Field(default=0.0, ge=0)
    #: Memory for the adapters in use, in GB; 0 lets the engine choose.
    adapters_memory_gb: float = Field(default=0.0, ge=0)
    #: What checks finished pictures where a server wants that: a folder with diffusers' safety checker, or an ONNX
    #: file; empty means nothing, and then such pictures are withheld.
    safety_checker: str = ""
    #: CPU threads of the engine; 0 lets torch choose.
    threads: int = Field(default=0, ge=0)

    # The bot ----------------------------------------------------------------------------------------------------

    #: The bot's token; also read from DISCORD_TOKEN.
    discord_token: SecretStr = Field(
        default=SecretStr(""), validation_alias=AliasChoices("EASEL_DISCORD_TOKEN", "DISCORD_TOKEN", "discord_token")
    )
    #: Base of the REST API and address of the gateway of any Discord-compatible server; empty means Discord's.
    discord_api: str = ""
    discord_gateway: str = ""
    #: Where the database and the pictures live.
    data_folder: Path = Field(default_factory=_data_folder)
    #: Pictures are deleted after so many days, favourites never; 0 keeps them all.
    keep_days: int = Field(default=30, ge=0)
    #: The oldest pictures are deleted beyond so many GB, favourites never; 0 sets no limit.
    keep_gb: float = Field(default=0.0, ge=0)
    #: What is kept of a server is deleted so many days after the bot has left it.
    purge_days: int = Field(default=30, ge=1, le=3650)
    #: Who changed what in a server is kept for so many days; 0 keeps it as long as the server is there.
    audit_days: int = Field(default=365, ge=0, le=36500)
    #: Pictures that one member may have waiting, and running at a time; the same of a whole server.
    member_waiting: int = Field(default=24, ge=1)
    member_running: int = Field(default=8, ge=1)
    guild_waiting: int = Field(default=400, ge=1)
    guild_running: int = Field(default=64, ge=1)
    #: The highest weight in the queue that a server's admins may give a role, and the first lane: "priority" or
    #: "normal". One divided by that weight is the lowest.
    most_weight: float = Field(default=4.0, ge=1, le=100)
    role_lanes: Literal["priority", "normal"] = "priority"
    #: Pictures of one request.
    most_pictures: int = Field(default=8, ge=1, le=10)
    #: Styles that /imagine offers, by name: `[styles.noir]` with `prompt` and `negative` in the TOML file.
    styles: dict[str, Style] = Field(default_factory=lambda: dict(STYLES), max_length=200)
    #: Text files of which `__name__` in a prompt draws a line; empty means `wildcards` in the data folder.
    wildcards_folder: str = ""
    #: Where LoRAs and embeddings live, and where new ones of the operator's are dropped; empty means `adapters` and
    #: `adapters-incoming` in the data folder.
    adapters_folder: str = ""
    adapters_incoming: str = ""
    #: MiB of one LoRA or embedding; how many of them, and how many MiB, one member may have.
    adapter_mb: int = Field(default=512, ge=1, le=16_384)
    member_adapters: int = Field(default=50, ge=0, le=10_000)
    member_adapters_mb: int = Field(default=4096, ge=0)
    #: GB of all LoRAs and embeddings together; 0 sets no limit.
    adapters_gb: float = Field(default=50.0, ge=0)
    #: Members may share theirs with every server; otherwise with one.
    public_adapters: bool = False
    #: Hosts beside Hugging Face's and Civitai's to which members' links may lead: `files.example.org`, or
    #: `*.example.org` for all of its subdomains.
    link_hosts: Annotated[tuple[str, ...], NoDecode] = Field(default=(), max_length=100)
    #: Logins at these sites, for files that need one. Whatever they may read, members can fetch.
    civitai_token: SecretStr = SecretStr("")
    hugging_face_token: SecretStr = SecretStr("")
    #: Seconds that running pictures are given at a stop; the rest is painted after the next start.
    stop_seconds: float = Field(default=20.0, ge=0, le=600)
    #: Where backups are written; empty means `backups` in the data folder. How many of the newest stay; 0 keeps all.
    backup_folder: str = ""
    keep_backups: int = Field(default=0, ge=0, le=1000)
    #: A port of 127.0.0.1 where Prometheus finds metrics; 0: none.
    metrics_port: int = Field(default=0, ge=0, le=65535)
    #: A file that is touched while all is well, for containers; empty means none.
    health_file: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    #: "text" for people, "json" for programs.
    log_format: Literal["text", "json"] = "text"
    #: A file that the log of `easel run` goes to as well; empty means none.
    log_file: str = ""
    #: The log tells what people typed.
    log_prompts: bool = False

    @field_validator("link_hosts", mode="before")
    @classmethod
    def _with_commas(cls, value: object) -> object:
        return [host for host in value.split(",") if host.strip()] if isinstance(value, str) else value

    @field_validator("link_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        hosts = tuple(host.strip().lower() for host in value)
        if wrong := [host for host in hosts if not is_pattern(host)]:
            raise ValueError(f"{wrong[0]!r} is no name of a host such as files.example.org or *.example.org")
        return hosts

    @field_validator("discord_api")
    @classmethod
    def _is_an_api(cls, value: str) -> str:
        return _address(value, ("http", "https"), "http://127.0.0.1:8000/api/v10")

    @field_validator("discord_gateway")
    @classmethod
    def _is_a_gateway(cls, value: str) -> str:
        return _address(value, ("ws", "wss"), "ws://127.0.0.1:8000/gateway")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over `.env`, and that over the TOML file."""
        return init_settings, env_settings, dotenv_settings, _toml(settings_cls)

    @property
    def lists(self) -> Path:
        """Return the folder of the operator's lists for wildcards."""
        return self._beside(self.wildcards_folder, "wildcards")

    @property
    def adapters(self) -> Path:
        """Return the folder of LoRAs and embeddings."""
        return self._beside(self.adapters_folder, "adapters")

    @property
    def previews(self) -> Path:
        """Return the folder of the pictures that show what they do."""
        return self._beside("", "adapter-previews")

    @property
    def incoming(self) -> Path:
        """Return the folder where the operator drops LoRAs and embeddings."""
        return self._beside(self.adapters_incoming, "adapters-incoming")

    @property
    def backups(self) -> Path:
        """Return the folder of backups."""
        return self._beside(self.backup_folder, "backups")

    @property
    def database(self) -> Path:
        """Return the file of the database."""
        return self.data_folder.expanduser() / "easel.sqlite3"

    @property
    def adapter_limits(self) -> AdapterLimits:
        """Return how many LoRAs and embeddings there may be, and how large."""
        return AdapterLimits(
            file_bytes=self.adapter_mb * MIB,
            member_count=self.member_adapters,
            member_bytes=self.member_adapters_mb * MIB,
            total_bytes=int(self.adapters_gb * 1e9),
            public=self.public_adapters,
        )

    def _beside(self, chosen: str, usual: str) -> Path:
        """Return a folder that was chosen, or one in the data folder."""
        return Path(chosen).expanduser() if chosen else self.data_folder.expanduser() / usual

    def engine(self) -> EngineSettings:
        """Return what the engine is told of these."""
        return EngineSettings(
            models_folder=str(self.models_folder.expanduser().absolute()),
            adapters_folder=str(self.adapters.absolute()),
            safety_checker=str(Path(self.safety_checker).expanduser().absolute()) if self.safety_checker else "",
            device=self.device,
            dtype=self.dtype,
            attention=self.attention,
            max_rows=self.max_rows,
            memory_budget_bytes=int(self.memory_budget_gb * 1e9),
            adapters_budget_bytes=int(self.adapters_memory_gb * 1e9),
            threads=self.threads,
            log_prompts=self.log_prompts,
        )


def _address(value: str, schemes: tuple[str, ...], example: str) -> str:
    parts = urlsplit(value)
    if value and (parts.scheme not in schemes or not parts.netloc):
        raise ValueError(f"must be an address such as {example}")
    return value.rstrip("/")


def _toml(settings_cls: type[BaseSettings]) -> TomlConfigSettingsSource:
    """Return what the TOML file says. Raises UserError where it is missing, no TOML, or names what is no setting."""
    named = os.environ.get("EASEL_CONFIG")
    path = Path(named or CONFIG_FILE)
    if named and not path.is_file():
        raise UserError(f"EASEL_CONFIG names {named}, and there is no such file.")
    try:
        source = TomlConfigSettingsSource(settings_cls, path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}.") from error
    known = list(settings_cls.model_fields)
    for name in source.toml_data:
        if name not in known:
            near = nearest(name, known)
            hint = f" Did you mean {' or '.join(near)}?" if near else ""
            raise UserError(f"{path} names {name!r}, and there is no such setting.{hint}")
    return source


def load_settings(**given: Any) -> Settings:
    """Return the settings; `given` wins over all. Raises UserError that names every one that is wrong."""
    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = [_said(problem["loc"], problem["msg"], problem["input"]) for problem in error.errors()]
        raise UserError("These settings are wrong:\n  " + "\n  ".join(wrong)) from error


def _said(place: tuple[int | str, ...], message: str, value: object) -> str:
    name = str(place[0]) if place else ""
    variable = name if name.isupper() else f"EASEL_{name.upper()}"
    shown = "" if "TOKEN" in variable else f" (it is {os.environ.get(variable, value)!r})"
    return f"{variable}: {message}{shown}"
