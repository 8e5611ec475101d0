"""The three kinds people write, as strict models. The manifest reference and the JSON Schema are made from this file.

A field's `description` is its documentation; `examples` are checked by the tests. Unknown fields are errors.
Anything that looks like a version is a string. Times carry a zone.
"""
# ruff: noqa: N815 -- fields are named as people write them, so that no alias can drift from its name

from __future__ import annotations

import re
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

API_VERSION = "molthub/v1"

NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ENV_NAME_PATTERN = r"^[A-Z][A-Z0-9_]*$"
ACCOUNT_PATTERN = r"^[0-9]{12}$"
REGION_PATTERN = r"^[a-z]{2}(-[a-z]+)+-[0-9]$"
ROLE_PATTERN = r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]+$"
EXTERNAL_ID_PATTERN = r"^[A-Za-z0-9+=,.@:/_-]+$"
CLUSTER_PATTERN = r"^[A-Za-z0-9_-]{1,255}$"
VPC_PATTERN = r"^vpc-[0-9a-f]+$"
SUBNET_PATTERN = r"^subnet-[0-9a-f]+$"
IMAGE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._:/@-]*$"
MODEL_PATTERN = r"^[a-z0-9][a-z0-9-]*/[A-Za-z0-9][A-Za-z0-9._:/@-]*$"
SECRET_ARN = r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}"  # noqa: S105
SECRET_KEY_PATTERN = rf"^({SECRET_ARN}|[A-Za-z0-9/_+=.@-]+)(#[A-Za-z0-9/_+=.@-]+)?$"
HOOK_PATTERN = r"^/hooks/[a-z0-9]+([/_-][a-z0-9]+)*$"
SKILL_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"
ENDPOINT_PATTERN = r"^https://[^\s/@?#]+(/[^\s@?#]*)?$"
SID_PATTERN = r"^[A-Za-z0-9]{1,64}$"
RULE_PATTERN = r"^MH-[A-Z]+-[0-9]{3}$"

PATTERN_WORDS: dict[str, str] = {
    NAME_PATTERN: "lower-case letters, digits and single hyphens, beginning with a letter",
    ENV_NAME_PATTERN: "capital letters, digits and underscores, beginning with a letter",
    ACCOUNT_PATTERN: "an account number of twelve digits",
    REGION_PATTERN: "an AWS region such as eu-west-1",
    ROLE_PATTERN: "the ARN of an IAM role",
    EXTERNAL_ID_PATTERN: "letters, digits and any of + = , . @ : / _ -",
    CLUSTER_PATTERN: "the name of an ECS cluster: letters, digits, hyphens and underscores",
    VPC_PATTERN: "a VPC id: vpc- and hexadecimal digits",
    SUBNET_PATTERN: "a subnet id: subnet- and hexadecimal digits",
    IMAGE_PATTERN: "an image reference such as ghcr.io/openclaw/openclaw:2026.9.6",
    MODEL_PATTERN: "provider/model, such as anthropic/claude-sonnet-4-5",
    SECRET_KEY_PATTERN: "a name in Secrets Manager, or an ARN with the six characters AWS adds, then #jsonKey",
    HOOK_PATTERN: "a path below /hooks/: lower-case letters, digits, single hyphens and underscores",
    SKILL_PATTERN: "a skill's id: lower-case letters, digits, dots, hyphens and underscores",
    ENDPOINT_PATTERN: "an https:// address without user, query or fragment",
    SID_PATTERN: "at most 64 letters and digits",
    RULE_PATTERN: "a guardrail's reference such as MH-IMG-002",
}
"""What each pattern asks for, in words: `PATTERN_WORDS[p]` completes "must be …" in messages and the reference."""

RETENTION_DAYS = Literal[
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653
]
"""What CloudWatch Logs accepts (PutRetentionPolicy, `RetentionInDays`)."""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _read_instant(value: Any) -> Any:
    """RFC 3339 text → datetime. Numbers are refused: pydantic alone would take them for seconds since 1970."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        try:
            return datetime.fromisoformat(value.upper())
        except ValueError:
            pass
    raise PydanticCustomError("molthub_instant", "not a time with a zone")


def _read_day(value: Any) -> Any:
    """`2027-01-31` → date."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("molthub_day", "not a day")


Instant = Annotated[
    AwareDatetime, BeforeValidator(_read_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
Day = Annotated[date, BeforeValidator(_read_day), WithJsonSchema({"type": "string", "format": "date"})]

MAX_NAME = 40

SlugName = Annotated[str, Field(pattern=NAME_PATTERN, min_length=1, max_length=MAX_NAME)]
EnvName = Annotated[str, Field(pattern=ENV_NAME_PATTERN, min_length=1, max_length=128)]


class Model(BaseModel):
    """Strict and frozen: no coercion, no unknown field, camelCase as written."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, alias_generator=None, populate_by_name=False)


# -- Fleet ------------------------------------------------------------------------------------------------


class FleetMetadata(Model):
    name: SlugName = Field(
        description="The fleet's name. Immutable: hashed into every AWS name, a tag on every object.",
        examples=["acme-bots"],
    )


class Fleet(Model):
    """The fleet itself: one file, `molthub.yaml`, at the root of the repository."""

    apiVersion: Literal["molthub/v1"] = Field(description="Always `molthub/v1`.")
    kind: Literal["Fleet"] = Field(description="Always `Fleet`.")
    metadata: FleetMetadata = Field(description="Which fleet it is.")


# -- Environment ------------------------------------------------------------------------------------------


class EnvironmentMetadata(Model):
    workspace: SlugName = Field(description="The workspace (a team or tenant) it belongs to.", examples=["acme"])
    name: SlugName = Field(description="The environment's name within the workspace.", examples=["prod"])


class AwsLocation(Model):
    accountId: str = Field(
        pattern=ACCOUNT_PATTERN,
        description="The AWS account, twelve digits, quoted. Checked before anything is read or written.",
        examples=["123456789012"],
    )
    region: str = Field(pattern=REGION_PATTERN, description="The AWS region.", examples=["eu-west-1"])
    roleArn: str | None = Field(
        default=None,
        pattern=ROLE_PATTERN,
        description="A role to assume before doing anything.",
        examples=["arn:aws:iam::123456789012:role/molthub/acme-bots/reconciler"],
    )
    externalId: str | None = Field(
        default=None,
        pattern=EXTERNAL_ID_PATTERN,
        min_length=2,
        max_length=1224,
        description="The external id that role asks for.",
    )
    cluster: str = Field(
        pattern=CLUSTER_PATTERN,
        description="The ECS cluster's name.",
        examples=["molthub-acme-prod"],
    )
    vpcId: str = Field(pattern=VPC_PATTERN, description="The VPC.", examples=["vpc-0a1b"])
    subnetIds: list[Annotated[str, Field(pattern=SUBNET_PATTERN)]] = Field(
        min_length=1,
        max_length=16,
        description="Private subnets, best in two or more zones.",
        examples=[["subnet-0a", "subnet-0b"]],
    )


class RolloutLimits(Model):
    maxConcurrent: int = Field(
        default=5,
        ge=1,
        le=100,
        description="How many Moltbots of this environment may be rolling out at once.",
    )
    stopAfterFailures: int = Field(
        default=2,
        ge=1,
        le=100,
        description="After so many failed rollouts of one commit no further one is started.",
    )


class Logs(Model):
    retentionDays: RETENTION_DAYS = Field(
        default=365, description="How long CloudWatch keeps the logs; one of the values it allows."
    )


class EnvironmentSpec(Model):
    provider: Literal["aws"] = Field(default="aws", description="The cloud. AWS today.")
    aws: AwsLocation = Field(description="Where on AWS. Immutable while instances exist.")
    rollout: RolloutLimits = Field(
        default_factory=RolloutLimits, description="How fast a change spreads, and when it stops."
    )
    logs: Logs = Field(default_factory=Logs, description="Log retention.")


class Environment(Model):
    """Where instances run: one account, region, cluster and network, shared by a workspace's environment."""

    apiVersion: Literal["molthub/v1"] = Field(description="Always `molthub/v1`.")
    kind: Literal["Environment"] = Field(description="Always `Environment`.")
    metadata: EnvironmentMetadata = Field(description="Which environment it is.")
    spec: EnvironmentSpec = Field(description="Where it is and how changes spread.")


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


class SlackChannel(Model):
    mode: Literal["socket"] = Field(default="socket", description="`socket`: no inbound traffic needed.")
    botToken: SecretRef = Field(description="The bot's token (`xoxb-…`).")
    appToken: SecretRef = Field(description="The app-level token that opens the socket (`xapp-…`).")


class TelegramChannel(Model):
    botToken: SecretRef = Field(description="The token that BotFather gave.")


class WebhookChannel(Model):
    token: SecretRef = Field(description="What callers must present.")
    paths: list[Annotated[str, Field(pattern=HOOK_PATTERN, max_length=128)]] = Field(
        min_length=1, max_length=3, description="The only paths let through.", examples=[["/hooks/agent"]]
    )


class Channels(Model):
    slack: SlackChannel | None = Field(
        default=None, description="Slack in socket mode. The image must hold the Slack plugin."
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
        description="`NONE`, or `WEBHOOK` for the paths of `channels.webhook`.",
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


class State(Model):
    persistent: bool = Field(
        default=False,
        description="Keep the Moltbot's memory across deploys on an encrypted file system of its own. "
        "Comes with the next release.",
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


Document = Fleet | Environment | MoltbotInstance
KINDS: dict[str, type[Fleet] | type[Environment] | type[MoltbotInstance]] = {
    "Fleet": Fleet,
    "Environment": Environment,
    "MoltbotInstance": MoltbotInstance,
}
