"""Every setting of the service, once: environment variable, flag, `--help` and the README's table come from here."""

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.log import LogFormat

ENVIRONMENT_PREFIX = "HAIRLINE_"


class Settings(BaseSettings):
    """Read once at start, passed in everywhere, never changed."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX, frozen=True, use_attribute_docstrings=True, extra="forbid"
    )

    host: str = "127.0.0.1"
    """Address to listen on. 0.0.0.0 takes photos from other machines: set API keys first."""

    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""

    root_path: str = ""
    """Path under which a proxy publishes the service, such as /hairline."""

    models_dir: Path = Path(__file__).resolve().parent.parent / "models"
    """Folder of the .onnx files to serve; by default the models shipped beside the package."""

    default_model: str = "unet"
    """Model that answers a request which names none."""

    limits_dir: Path | None = None
    """Folder of your own tables of width limits, .json files beside the shipped ones; docs/limits.md shows one."""

    device: Literal["auto", "cuda", "cpu"] = "auto"
    """cuda refuses to start where CUDA cannot run the model; auto takes it where it works, and says which it took."""

    max_upload_mb: int = Field(default=200, ge=1)
    """Largest request body, in megabytes (10^6 bytes); a larger one is refused while it is read."""

    max_pixels: int = Field(default=120_000_000, ge=1)
    """Largest photo, in pixels; a larger one is refused by its header, before it is decoded."""

    max_queued_pixels: int = Field(default=480_000_000, ge=1)
    """Pixels of all photos being worked on; over it the service answers 503. An empty queue takes any one photo."""

    request_timeout_s: float = Field(default=900.0, gt=0)
    """Longest a request may take, in seconds, its upload included."""

    upload_stall_s: float = Field(default=30.0, gt=0)
    """Longest silence within an upload, in seconds; after it the request is refused."""

    api_keys_file: Path | None = None
    """File of API keys, a line each `name:sha256` or `name:sha256:requests-a-minute`; re-read when it changes."""

    label_studio_url: str | None = None
    """Address of the Label Studio that may ask for predictions and whose photos are fetched, such as http://ls:8080."""

    label_studio_key_file: Path | None = None
    """File of the token that opens its photos, read at start: `Token KEY` (legacy) or `Bearer KEY` (personal)."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least severe level that is logged."""

    log_format: LogFormat = "text"
    """text, or json: an object a line, for what collects logs."""

    @model_validator(mode="after")
    def _key_has_an_address(self) -> "Settings":
        if self.label_studio_key_file is not None and self.label_studio_url is None:
            raise ValueError("label_studio_key_file opens photos of label_studio_url: set both")
        return self


def variable(field: str) -> str:
    """The environment variable that sets the field: `max_pixels` is `HAIRLINE_MAX_PIXELS`."""
    return ENVIRONMENT_PREFIX + field.upper()


def flag(field: str) -> str:
    """The flag of `hairline serve` that sets the field: `max_pixels` is `--max-pixels`."""
    return "--" + field.replace("_", "-")
