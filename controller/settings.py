"""How the controller is configured: flags, else `MOLTHUB_*` variables, else these defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from molthub.leases.lease import DEFAULT_TTL

DEFAULT_DATABASE = "sqlite:///molthub.db"


class NotifySettings(BaseSettings):
    """Whom to notify. The URL of a chat program's webhook is a secret, so no flag takes it but as a file."""

    model_config = SettingsConfigDict(env_prefix="MOLTHUB_", frozen=True, extra="ignore")

    notify_url: SecretStr | None = Field(default=None, description="Where notifications are posted")
    notify_url_file: Path | None = Field(default=None, description="A file that holds that URL")
    notify_key: SecretStr | None = Field(default=None, description="The key that notifications are signed with")
    notify_key_file: Path | None = Field(default=None, description="A file that holds that key")


class ControllerSettings(NotifySettings):
    """All times in seconds."""

    repo: str = Field(description="The fleet repository: a URL or a path")
    ref: str | None = Field(default=None, description="The branch to follow; the repository's own HEAD without")
    database_url: str = Field(default=DEFAULT_DATABASE, description="Where status and events are kept")
    cache_dir: Path = Field(default=Path("~/.cache/molthub"), description="Where the mirror is kept")
    environments: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="WORKSPACE/NAME it owns, with commas between them; all without"
    )
    poll_interval: float = Field(default=15.0, gt=0, description="Between two looks at the repository")
    drift_interval: float = Field(default=300.0, gt=0, description="Between two looks at all of AWS")
    rollout_poll: float = Field(default=5.0, gt=0, description="Between two looks at a rollout")
    rollout_timeout: float = Field(default=1800.0, gt=0, description="After which a rollout is given up on")
    workers: int = Field(default=8, ge=1, le=64, description="Instances worked on at once, rollouts aside")
    aws_share: str = Field(default="60", description="Percentage of AWS's request quotas that may be used, or off")
    lease_ttl: float = Field(default=DEFAULT_TTL, gt=0, description="After which a writer that died is replaced")
    root_keys: str | None = Field(
        default=None, description="SSH public keys that may sign the first access policy: a file of them, or the keys"
    )
    log_format: str = Field(default="json", pattern="^(json|console)$", description="json or console")

    @field_validator("environments", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        """A variable holds them with commas between."""
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value
