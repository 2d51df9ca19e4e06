"""What the operator decides, from the environment and `.env`; built once and passed in."""

import os
from pathlib import Path
from typing import Literal

import platformdirs
from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.errors import UserError
from inference.protocol.messages import EngineSettings


class Settings(BaseSettings):
    """Each field is read from the variable EASEL_ and its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="EASEL_", env_file=".env", extra="ignore", frozen=True)

    #: Where installed models live.
    models_folder: Path = Field(default_factory=lambda: Path(platformdirs.user_data_dir("easel", False)) / "models")
    #: "auto", "cpu", "mps", "cuda" or "cuda:1".
    device: str = "auto"
    dtype: Literal["auto", "float32", "float16", "bfloat16"] = "auto"
    attention: Literal["auto", "sdpa", "xformers"] = "auto"
    #: Rows of one pass of the network; a guided picture takes two.
    max_rows: int = Field(default=16, ge=1, le=256)
    #: Memory for resident models in GB; 0 lets the engine choose.
    memory_budget_gb: float = Field(default=0.0, ge=0)
    #: CPU threads of the engine; 0 lets torch choose.
    threads: int = Field(default=0, ge=0)

    def engine(self) -> EngineSettings:
        """Return what the engine is told of these."""
        return EngineSettings(
            models_folder=str(self.models_folder.expanduser().absolute()),
            device=self.device,
            dtype=self.dtype,
            attention=self.attention,
            max_rows=self.max_rows,
            memory_budget_bytes=int(self.memory_budget_gb * 1e9),
            threads=self.threads,
        )


def load_settings() -> Settings:
    """Return the settings. Raises UserError that names every variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = [
            f"EASEL_{'_'.join(str(part) for part in problem['loc']).upper()}: {problem['msg']} "
            f"(it is {os.environ.get('EASEL_' + str(problem['loc'][0]).upper(), problem['input'])!r})"
            for problem in error.errors()
        ]
        raise UserError("These settings are wrong:\n  " + "\n  ".join(wrong)) from error
