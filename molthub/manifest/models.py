"""A Moltbot's manifest as a strict model, and the table of all kinds (the others: environment.py, template.py).

A field's `description` is its documentation; `examples` are checked by the tests. Unknown fields are errors.
Anything that looks like a version is a string. Times carry a zone.
"""
# ruff: noqa: N815 -- fields are named as people write them, so that no alias can drift from its name

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from molthub.manifest.access import AccessPolicy
from molthub.manifest.environment import Environment, Fleet
from molthub.manifest.fields import (
    ENDPOINT_PATTERN,
    HOOK_PATTERN,
    IMAGE_PATTERN,
    MODEL_PATTERN,
    RULE_PATTERN,
    SECRET_KEY_PATTERN,
    SID_PATTERN,
    SKILL_PATTERN,
    Day,
    EnvName,
    Instant,
    Model,
    SlugName,
)
from molthub.manifest.template import MoltbotTemplate

# -- MoltbotInstance --------------------------------------------------------------------------------------


class InstanceMetadata(Model):
    id: SlugName | None = Field(
        default=None,
        description="The identity for ever; written by `molthub init`, defaults to `name`. Keep it when you rename.",
    )
    name: SlugName = Field(description="What people call it; unique within its environment.", examples=["support-bot"])
    workspace: SlugName = Field(description="The workspace of its Environment.")
    environment: SlugName = Field(description="The name of its Environment.")
    labels: dict[str, str] = Field(
        default_factory=dict,
        max_length=40,
        description="At most 40; they become AWS tags and never cause a redeploy.",
        examples=[{"team": "support"}],
    )


class Architecture(StrEnum):
    X86_64 = "x86_64"
    ARM64 = "arm64"


class Runtime(Model):
    image: str = Field(
        pattern=IMAGE_PATTERN,
        min_length=1,
        max_length=512,
        description="The Moltbot's image with a pinned tag, or a digest.",
        examples=["ghcr.io/openclaw/openclaw:2026.9.6"],
    )
    architecture: Architecture = Field(
        default=Architecture.X86_64, strict=False, description="The CPU architecture the image is run on."
    )
    cpu: int = Field(default=1024, ge=1, description="CPU units; 1024 is one vCPU. Only Fargate's sizes.")
    memory: int = Field(default=2048, ge=1, description="Memory in MiB. Only what Fargate allows for that cpu.")
    replicas: int = Field(
        default=1, ge=0, description="Always 1: two tasks would share one set of channels and lose messages."
    )
    command: list[Annotated[str, Field(max_length=4096)]] | None = Field(
        default=None,
        min_length=1,
        max_length=64,
        description="Replaces the gateway's command. It may not change `--bind`.",
    )
    env: dict[EnvName, str] = Field(
        default_factory=dict,
        max_length=100,
        description="Plain environment variables. Secrets never go here.",
        examples=[{"TZ": "Europe/Berlin"}],
    )


class SecretRef(Model):
    secret: EnvName = Field(description="The name of an entry of `spec.secrets`.", examples=["SLACK_BOT_TOKEN"])


class ModelConfig(Model):
    primary: str = Field(
        min_length=3,
        max_length=200,
        pattern=MODEL_PATTERN,
        description="`provider/model`.",
        examples=["anthropic/claude-sonnet-4-5"],
    )
    fallbacks: list[Annotated[str, Field(pattern=MODEL_PATTERN, max_length=200)]] = Field(
        default_factory=list, max_length=10, description="Tried in order when the primary fails."
    )
    apiKey: SecretRef | None = Field(
        default=None, description="The provider's key. Bedrock needs none: it uses the task role."
    )


class SecretEntry(Model):
    name: EnvName = Field(description="The environment variable it is injected as.", examples=["SLACK_BOT_TOKEN"])
    provider: Literal["aws-secretsmanager"] = Field(default="aws-secretsmanager", description="Where the value lives.")
    key: str = Field(
        pattern=SECRET_KEY_PATTERN,
        min_length=1,
        max_length=2048,
        description="`path#jsonKey` of a secret in the environment's account, or a full ARN (`#jsonKey` if need be).",
        examples=["acme/prod/support-bot#slackBot"],
    )


class SlackMode(StrEnum):
    SOCKET = "socket"
    HTTP = "http"


class SlackChannel(Model):
    mode: SlackMode = Field(
        default=SlackMode.SOCKET,
        strict=False,
        description="`socket`: no inbound traffic needed. `http`: Slack calls `/slack/events`; goes together with "
        "`network.inbound: WEBHOOK`.",
    )
    botToken: SecretRef = Field(description="The bot's token (`xoxb-…`).")
    appToken: SecretRef | None = Field(
        default=None, description="The app-level token that opens the socket (`xapp-…`). Mode `socket` only."
    )
    signingSecret: SecretRef | None = Field(
        default=None, description="What Slack signs its requests with. Mode `http` only."
    )


class TelegramChannel(Model):
    botToken: SecretRef = Field(description="The token that BotFather gave.")


class WebhookChannel(Model):
    token: SecretRef = Field(description="The key that callers sign with (docs/webhooks.md).")
    previousToken: SecretRef | None = Field(
        default=None, description="The key from before, accepted too while callers change over to `token`."
    )
    paths: list[Annotated[str, Field(pattern=HOOK_PATTERN, max_length=128)]] = Field(
        min_length=1,
        max_length=3,
        description="The only paths let through; at most two beside Slack in mode `http`.",
        examples=[["/hooks/agent"]],
    )


class Channels(Model):
    slack: SlackChannel | None = Field(
        default=None, description="Slack, by socket or by HTTP. The image must hold the Slack plugin."
    )
    telegram: TelegramChannel | None = Field(default=None, description="Telegram by polling.")
    webhook: WebhookChannel | None = Field(
        default=None, description="Inbound HTTPS events. Goes together with `network.inbound: WEBHOOK`."
    )


class Skills(Model):
    mode: Literal["ALLOWLIST"] = Field(default="ALLOWLIST", description="Only what the allowlist names.")
    allowlist: list[Annotated[str, Field(pattern=SKILL_PATTERN, max_length=64)]] = Field(
        default_factory=list,
        max_length=200,
        description="Ids of bundled skills; empty means none.",
        examples=[["github"]],
    )
    remoteInstall: bool = Field(default=False, description="Must stay false: nothing is installed from a registry.")


class Inbound(StrEnum):
    NONE = "NONE"
    WEBHOOK = "WEBHOOK"


class EgressPreset(StrEnum):
    RESTRICTED = "RESTRICTED"
    DEFAULT = "DEFAULT"


class Network(Model):
    inbound: Inbound = Field(
        default=Inbound.NONE,
        strict=False,
        description="`NONE`, or `WEBHOOK` for the paths of `channels.webhook` and for Slack in mode `http`.",
    )
    egressPreset: EgressPreset = Field(
        default=EgressPreset.RESTRICTED,
        strict=False,
        description="`RESTRICTED`: TCP 443 only. `DEFAULT`: everything.",
    )


class LogLevel(StrEnum):
    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    DEBUG = "debug"
    TRACE = "trace"


class Tracing(Model):
    endpoint: str = Field(
        pattern=ENDPOINT_PATTERN,
        max_length=512,
        description="An OpenTelemetry collector (OTLP over HTTP).",
        examples=["https://otel.example.com"],
    )


class Observability(Model):
    logLevel: LogLevel = Field(default=LogLevel.INFO, strict=False, description="The Moltbot's log level.")
    tracing: Tracing | None = Field(default=None, description="Send traces there.")


class BackupBeforeUpgrade(StrEnum):
    """Whether a version change waits for a backup."""

    REQUIRED = "required"
    BEST_EFFORT = "bestEffort"
    OFF = "off"


class State(Model):
    persistent: bool = Field(
        default=False,
        description="Keep the Moltbot's memory across deploys on an encrypted file system (EFS) of its own. "
        "SQLite on EFS is slower than on a disk and stands exactly one writer; a backup of a running Moltbot is "
        "as if its power had failed. Turning it off deletes the file system after a last backup.",
    )
    backupBeforeUpgrade: BackupBeforeUpgrade = Field(
        default=BackupBeforeUpgrade.REQUIRED,
        strict=False,
        description="What a change of the image waits for while the state is persistent: the Moltbot is stopped, "
        "backed up and started as the new version; when that fails, the backup is restored and the old version "
        "started. `required`: no upgrade without a completed backup. `bestEffort`: a backup that fails is a warning. "
        "`off`: no backup; a version that fails leaves whatever it made of the state.",
    )


class RoleStatement(Model):
    sid: str | None = Field(default=None, pattern=SID_PATTERN, description="A name for the statement.")
    actions: list[Annotated[str, Field(max_length=128)]] = Field(
        min_length=1, max_length=50, description="Exact actions, no wildcard.", examples=[["s3:GetObject"]]
    )
    resources: list[Annotated[str, Field(max_length=2048)]] = Field(
        min_length=1,
        max_length=50,
        description="Exact ARNs; a `*` only after a `/` at the end.",
        examples=[["arn:aws:s3:::acme-docs/*"]],
    )


class TaskRole(Model):
    statements: list[RoleStatement] = Field(
        default_factory=list, max_length=20, description="What the Moltbot itself may do in AWS. Only allows."
    )


class Paused(Model):
    by: str = Field(min_length=1, max_length=200, description="Who paused it.", examples=["ana@example.com"])
    reason: str = Field(min_length=1, max_length=500, description="Why.")
    until: Instant | None = Field(
        default=None,
        description="When it resumes by itself, with a zone; for ever without.",
        examples=["2027-01-07T08:00:00Z"],
    )

    def holds(self, now: datetime) -> bool:
        """Whether the pause is in force at a time: `until` ends it by itself."""
        return self.until is None or now < self.until


class Lifecycle(Model):
    paused: Paused | None = Field(default=None, description="Stops the task and keeps everything else.")
    restartedAt: Instant | None = Field(
        default=None,
        description="A new time here, with a zone, restarts the Moltbot, and tries a failed rollout again.",
        examples=["2026-11-23T10:00:00Z"],
    )
    deletionProtection: bool = Field(default=False, description="Refuses deletion, even after the manifest is gone.")


class Waiver(Model):
    rule: str = Field(pattern=RULE_PATTERN, description="The guardrail's reference.", examples=["MH-IMG-002"])
    reason: str = Field(min_length=10, max_length=500, description="Why it is acceptable, for the next reader.")
    until: Day = Field(description="The last day it holds (UTC).", examples=["2027-01-31"])


class Policies(Model):
    forbidPublicAdmin: bool = Field(default=True, description="Counts as false only with a live waiver.")
    requireSecretManager: bool = Field(default=True, description="Counts as false only with a live waiver.")
    waivers: list[Waiver] = Field(
        default_factory=list,
        max_length=20,
        description="Guardrails overridden on purpose, each with a reason and an end.",
    )


class InstanceSpec(Model):
    runtime: Runtime = Field(description="The container.")
    model: ModelConfig | None = Field(default=None, description="Which language model it uses.")
    secrets: list[SecretEntry] = Field(
        default_factory=list, max_length=50, description="References to secrets, never values."
    )
    channels: Channels = Field(default_factory=Channels, description="Where people talk to it.")
    skills: Skills = Field(default_factory=Skills, description="Which skills it may use.")
    network: Network = Field(default_factory=Network, description="What it may reach, and what may reach it.")
    observability: Observability = Field(default_factory=Observability, description="Logs and traces.")
    state: State = Field(default_factory=State, description="Whether its memory survives a deploy.")
    taskRole: TaskRole = Field(default_factory=TaskRole, description="Its own AWS permissions.")
    lifecycle: Lifecycle = Field(default_factory=Lifecycle, description="Paused, restarted, protected.")
    policies: Policies = Field(default_factory=Policies, description="Guardrail switches and waivers.")


class MoltbotInstance(Model):
    """One Moltbot."""

    apiVersion: Literal["molthub/v1"] = Field(description="Always `molthub/v1`.")
    kind: Literal["MoltbotInstance"] = Field(description="Always `MoltbotInstance`.")
    metadata: InstanceMetadata = Field(description="Which instance it is.")
    spec: InstanceSpec = Field(description="What it runs and what it may do.")


Document = Fleet | Environment | MoltbotInstance | MoltbotTemplate | AccessPolicy
KINDS: dict[
    str, type[Fleet] | type[Environment] | type[MoltbotInstance] | type[MoltbotTemplate] | type[AccessPolicy]
] = {
    "Fleet": Fleet,
    "Environment": Environment,
    "MoltbotInstance": MoltbotInstance,
    "MoltbotTemplate": MoltbotTemplate,
    "AccessPolicy": AccessPolicy,
}
