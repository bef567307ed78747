"""Settings: `settings.toml` in the config directory, overridden by `CC_…` in the environment.

`CC_DATABASE__URL` overrides `url` under `[database]`. Unknown keys are refused. The config
directory is `--config`, else `CC_CONFIG`, else `./config`, else the copy that the package carries.
"""

import os
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

PACKAGE = Path(__file__).parent


class SettingsError(Exception):
    """A setting is missing or has a wrong value."""


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(Section):
    host: str = "127.0.0.1"
    port: int = Field(8080, ge=0, le=65535)
    public_url: str = "http://localhost:8080"
    behind_proxy: bool = False
    open_metrics: bool = False
    share_port: bool = False  # several processes on one port
    roles: list[Literal["web", "intake", "relay", "scheduler"]] = [
        "web",
        "intake",
        "relay",
        "scheduler",
    ]


class LimitSettings(Section):
    """Requests a minute to one process."""

    per_caller: int = Field(6_000, gt=0)
    per_address: int = Field(600, gt=0)


class Logins(Section):
    idle_hours: int = Field(12, gt=0)
    longest_days: int = Field(30, gt=0)


class DatabaseSettings(Section):
    url: str = "sqlite+aiosqlite:///data/contact-center.db"


class Log(Section):
    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class BusSettings(Section):
    url: str | None = None  # redis://…; PostgreSQL needs none


class Attachments(Section):
    directory: Path = Path("data/attachments")
    max_bytes: int = Field(10 * 1024 * 1024, gt=0)
    max_per_message: int = Field(10, gt=0)
    types: list[str] = [
        "image/*",
        "audio/*",
        "video/*",
        "text/*",
        "application/pdf",
        "application/zip",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.*",
    ]


class Email(Section):
    enabled: bool = False
    address: str = "support@localhost"
    name: str = "Customer service"
    listen_host: str = "127.0.0.1"
    listen_port: int = Field(8025, ge=0, le=65535)
    listen_protocol: Literal["smtp", "lmtp"] = "smtp"
    max_bytes: int = Field(25 * 1024 * 1024, gt=0)
    smtp_host: str | None = None
    smtp_port: int = Field(25, gt=0, le=65535)
    smtp_user: str | None = None
    smtp_password: SecretStr | None = None
    smtp_security: Literal["none", "starttls", "tls"] = "none"
    folder: Path = Path("data/mail")


class Telegram(Section):
    token: SecretStr | None = None
    mode: Literal["polling", "webhook"] = "polling"
    webhook_secret: SecretStr | None = None
    base_url: str = "https://api.telegram.org/bot"
    base_file_url: str = "https://api.telegram.org/file/bot"


class Webchat(Section):
    origins: list[str] = ["*"]
    identity_secret: SecretStr | None = None
    messages_per_minute: int = Field(30, gt=0)


class Webhooks(Section):
    allow_private_networks: bool = False
    allow_http: bool = False
    ports: list[int] = [80, 443, 8080, 8443]  # empty: any


class DeliverySettings(Section):
    lease_seconds: float = Field(60, ge=1)
    per_second: dict[str, Annotated[float, Field(gt=0)]] = {
        "telegram": 25,
        "email": 20,
        "webhook": 50,
    }


class Callbacks(Section):
    delay_minutes: int = Field(60, ge=0)
    answer_within_hours: int = Field(72, gt=0)
    reopen_within_days: int = Field(14, gt=0)

    @property
    def reopen_window(self) -> timedelta:
        return timedelta(days=self.reopen_within_days)


class Reminders(Section):
    """Business days after the customer was asked something."""

    first_after_days: int = Field(2, gt=0, le=100)
    last_after_days: int = Field(5, gt=0, le=100)
    resolve_after_days: int = Field(10, gt=0, le=200)

    @model_validator(mode="after")
    def _one_after_another(self) -> "Reminders":
        if not self.first_after_days < self.last_after_days < self.resolve_after_days:
            raise ValueError("first_after_days, last_after_days and resolve_after_days must grow")
        return self


class HandoverSettings(Section):
    """Minutes of working time."""

    accept_within: int = Field(30, gt=0, le=100_000)
    own_within: int = Field(480, gt=0, le=100_000)


class WorkOrderSettings(Section):
    lead_extends_days: int = Field(14, ge=0, le=3650)

    @property
    def lead_extends(self) -> timedelta:
        return timedelta(days=self.lead_extends_days)


class Supervision(Section):
    unclaimed_minutes: int = Field(30, gt=0)


class Digests(Section):
    hour: int = Field(8, ge=0, le=23)
    weekly: bool = False  # what owners answer for, at the end of each week


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="CC_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    secret_key: SecretStr = SecretStr("")
    company: str = "Example Ltd"
    language: Literal["en", "zh"] = "en"
    time_zone: str = "UTC"
    server: Server = Server()
    limits: LimitSettings = LimitSettings()
    logins: Logins = Logins()
    database: DatabaseSettings = DatabaseSettings()
    log: Log = Log()
    bus: BusSettings = BusSettings()
    attachments: Attachments = Attachments()
    email: Email = Email()
    telegram: Telegram = Telegram()
    webchat: Webchat = Webchat()
    webhooks: Webhooks = Webhooks()
    deliveries: DeliverySettings = DeliverySettings()
    callbacks: Callbacks = Callbacks()
    reminders: Reminders = Reminders()
    handovers: HandoverSettings = HandoverSettings()
    work_orders: WorkOrderSettings = WorkOrderSettings()
    supervision: Supervision = Supervision()
    digests: Digests = Digests()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def config_directory(chosen: Path | None = None) -> Path:
    """Where the configuration is read from."""
    candidates = [Path("config"), PACKAGE / "config", PACKAGE.parent / "config"]
    named = chosen or (Path(os.environ["CC_CONFIG"]) if "CC_CONFIG" in os.environ else None)
    if named is not None:
        candidates = [named]
    for candidate in candidates:
        if (candidate / "settings.toml").is_file():
            return candidate
    raise SettingsError(f"{candidates[0]}: there is no settings.toml in this directory")


def config_file(directory: Path, name: str) -> Path:
    """The file in the config directory, or the one that is shipped where it has none."""
    candidates = [directory / name, PACKAGE / "config" / name, PACKAGE.parent / "config" / name]
    return next((file for file in candidates if file.is_file()), candidates[0])


def load_settings(directory: Path) -> Settings:
    """Raises SettingsError that names the file, the key and the reason."""
    file = directory / "settings.toml"
    try:
        return Settings(**tomllib.loads(file.read_text("utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: {error}") from error
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise SettingsError(f"{file}: " + "; ".join(reasons)) from error


def read_sources(directory: Path) -> dict[str, Any]:
    """`sources.toml` with its secrets filled in; what else it says `sources.rules` checks.

    Raises SettingsError. A file that is not there means that nobody may call us.
    """
    file = directory / "sources.toml"
    if not file.is_file():
        return {}
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: {error}") from error
    for name, source in table.items():
        if isinstance(source, dict):
            _fill_in_secrets(source, f"{file}: {name}")
    return table


def _fill_in_secrets(source: dict[str, Any], where: str) -> None:
    if isinstance(secrets := source.get("secrets"), list):
        source["secrets"] = [_from_environment(one, f"{where}.secrets") for one in secrets]
    replies = source.get("replies")
    if isinstance(replies, dict) and "secret" in replies:
        replies["secret"] = _from_environment(replies["secret"], f"{where}.replies.secret")


def _from_environment(reference: Any, where: str) -> str:
    if not isinstance(reference, str) or not reference.startswith("env:"):
        raise SettingsError(f'{where}: write "env:NAME" and put the secret into that variable')
    secret = os.environ.get(reference.removeprefix("env:"), "")
    if not secret:
        raise SettingsError(f"{where}: {reference} is not set in the environment")
    return secret
