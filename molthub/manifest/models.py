"""The three kinds people write, as strict models. The manifest reference and the JSON Schema are made from this file.

A field's `description` is its documentation; `examples` are checked by the tests. Unknown fields are errors.
Anything that looks like a version is a string. Times carry a zone.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

API_VERSION = "molthub/v1"

NAME_PATTERN = r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$"
ENV_NAME_PATTERN = r"^[A-Z][A-Z0-9_]*$"

SlugName = Annotated[str, Field(pattern=NAME_PATTERN, min_length=1, max_length=40)]
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
    kind: Literal["Fleet"]
    metadata: FleetMetadata


# -- Environment ------------------------------------------------------------------------------------------


class EnvironmentMetadata(Model):
    workspace: SlugName = Field(description="The workspace (a team or tenant) it belongs to.", examples=["acme"])
    name: SlugName = Field(description="The environment's name within the workspace.", examples=["prod"])


class AwsLocation(Model):
    accountId: str = Field(
        pattern=r"^[0-9]{12}$",
        description="The AWS account, twelve digits, quoted. Checked before anything is read or written.",
        examples=["123456789012"],
    )
    region: str = Field(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$", description="The AWS region.", examples=["eu-west-1"])
    roleArn: str | None = Field(
        default=None,
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$",
        description="A role to assume before doing anything.",
        examples=["arn:aws:iam::123456789012:role/molthub/acme-bots/reconciler"],
    )
    externalId: str | None = Field(
        default=None, min_length=2, max_length=1224, description="The external id that role asks for."
    )
    cluster: str = Field(
        pattern=r"^[A-Za-z0-9_-]{1,255}$",
        description="The ECS cluster's name.",
        examples=["molthub-acme-prod"],
    )
    vpcId: str = Field(pattern=r"^vpc-[0-9a-f]+$", description="The VPC.", examples=["vpc-0a1b"])
    subnetIds: list[Annotated[str, Field(pattern=r"^subnet-[0-9a-f]+$")]] = Field(
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
    retentionDays: int = Field(
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
    kind: Literal["Environment"]
    metadata: EnvironmentMetadata
    spec: EnvironmentSpec


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
        min_length=1,
        max_length=512,
        description="The Moltbot's image with a pinned tag, or a digest.",
        examples=["ghcr.io/openclaw/openclaw:2026.9.6"],
    )
    architecture: Architecture = Field(
        default=Architecture.X86_64, strict=False, description="The CPU architecture the image is run on."
    )
    cpu: int = Field(default=1024, description="CPU units; 1024 is one vCPU. Only Fargate's sizes.")
    memory: int = Field(default=2048, description="Memory in MiB. Only what Fargate allows for that cpu.")
    replicas: int = Field(
        default=1, description="Always 1: two tasks would share one set of channels and lose messages."
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
        pattern=r"^[a-z0-9][a-z0-9-]*/[^\s]+$",
        description="`provider/model`.",
        examples=["anthropic/claude-sonnet-4-5"],
    )
    fallbacks: list[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*/[^\s]+$", max_length=200)]] = Field(
        default_factory=list, max_length=10, description="Tried in order when the primary fails."
    )
    apiKey: SecretRef | None = Field(
        default=None, description="The provider's key. Bedrock needs none: it uses the task role."
    )


class SecretEntry(Model):
    name: EnvName = Field(description="The environment variable it is injected as.", examples=["SLACK_BOT_TOKEN"])
    provider: Literal["aws-secretsmanager"] = Field(default="aws-secretsmanager", description="Where the value lives.")
    key: str = Field(
        min_length=1,
        max_length=2048,
        description="`path#jsonKey` of a secret in the environment's account, or a full ARN (with `#jsonKey` if need be).",
        examples=["acme/prod/support-bot#slackBot"],
    )


class SlackChannel(Model):
    mode: Literal["socket"] = Field(default="socket", description="`socket`: no inbound traffic needed.")
    botToken: SecretRef
    appToken: SecretRef


class TelegramChannel(Model):
    botToken: SecretRef


class WebhookChannel(Model):
    token: SecretRef = Field(description="What callers must present.")
    paths: list[Annotated[str, Field(pattern=r"^/hooks/[a-z0-9]+([/_-][a-z0-9]+)*$", max_length=128)]] = Field(
        min_length=1, max_length=3, description="The only paths let through.", examples=[["/hooks/agent"]]
    )


class Channels(Model):
    slack: SlackChannel | None = None
    telegram: TelegramChannel | None = None
    webhook: WebhookChannel | None = None


class Skills(Model):
    mode: Literal["ALLOWLIST"] = Field(default="ALLOWLIST", description="Only what the allowlist names.")
    allowlist: list[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=64)]] = Field(
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
        pattern=r"^https://[^\s/@]+(/[^\s]*)?$",
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
        description="Keep the Moltbot's memory across deploys on an encrypted file system of its own. Comes with the next release.",
    )


class RoleStatement(Model):
    sid: str | None = Field(default=None, pattern=r"^[A-Za-z0-9]{1,64}$", description="A name for the statement.")
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
    until: AwareDatetime | None = Field(
        default=None, strict=False, description="When it resumes by itself; for ever without."
    )


class Lifecycle(Model):
    paused: Paused | None = Field(default=None, description="Stops the task and keeps everything else.")
    restartedAt: AwareDatetime | None = Field(
        default=None,
        strict=False,
        description="A new time here restarts the Moltbot, and tries a failed rollout again.",
    )
    deletionProtection: bool = Field(default=False, description="Refuses deletion, even after the manifest is gone.")


class Waiver(Model):
    rule: str = Field(
        pattern=r"^MH-[A-Z]+-[0-9]{3}$", description="The guardrail's reference.", examples=["MH-IMG-002"]
    )
    reason: str = Field(min_length=10, max_length=500, description="Why it is acceptable, for the next reader.")
    until: date = Field(strict=False, description="The last day it holds (UTC).")


class Policies(Model):
    forbidPublicAdmin: bool = Field(default=True, description="Counts as false only with a live waiver.")
    requireSecretManager: bool = Field(default=True, description="Counts as false only with a live waiver.")
    waivers: list[Waiver] = Field(
        default_factory=list,
        max_length=20,
        description="Guardrails overridden on purpose, each with a reason and an end.",
    )


class InstanceSpec(Model):
    runtime: Runtime
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
    kind: Literal["MoltbotInstance"]
    metadata: InstanceMetadata
    spec: InstanceSpec


Document = Fleet | Environment | MoltbotInstance
KINDS: dict[str, type[Fleet] | type[Environment] | type[MoltbotInstance]] = {
    "Fleet": Fleet,
    "Environment": Environment,
    "MoltbotInstance": MoltbotInstance,
}
