"""What an instance enables, in words: channels, what may come in and go out, secrets, image, size. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from molthub.manifest.checks import secret_references
from molthub.manifest.models import EgressPreset, Inbound, InstanceSpec, MoltbotInstance, SlackMode
from molthub.manifest.shown import shown_path

ONE_CPU = 1024


@dataclass(frozen=True, slots=True)
class NeededSecret:
    """One entry of `spec.secrets`. used_by: the fields that refer to it, below `spec`."""

    variable: str
    key: str
    used_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Enables:
    """What one gets. Sentences, but for the secrets."""

    channels: tuple[str, ...]
    model: str
    inbound: str
    egress: str
    skills: str
    state: str
    aws: str
    image: str
    size: str
    secrets: tuple[NeededSecret, ...]


def enables(model: MoltbotInstance) -> Enables:
    """What a valid instance enables."""
    spec = model.spec
    runtime = spec.runtime
    return Enables(
        channels=tuple(_channels(spec)),
        model=_model(spec),
        inbound=_inbound(spec),
        egress=_egress(spec),
        skills=", ".join(spec.skills.allowlist) or "none",
        state="kept across deploys, on an encrypted file system" if spec.state.persistent else "lost at each deploy",
        aws=_aws(spec),
        image=runtime.image,
        size=f"{runtime.cpu / ONE_CPU:g} vCPU, {runtime.memory} MiB, {runtime.architecture}",
        secrets=_secrets(spec),
    )


def _channels(spec: InstanceSpec) -> list[str]:
    found = []
    slack, webhook = spec.channels.slack, spec.channels.webhook
    if slack is not None and slack.mode is SlackMode.SOCKET:
        found.append("Slack, by a connection that the bot opens")
    if slack is not None and slack.mode is SlackMode.HTTP:
        found.append("Slack, by requests that Slack sends and signs")
    if spec.channels.telegram is not None:
        found.append("Telegram, by polling")
    if webhook is not None:
        found.append(f"signed webhooks at {', '.join(webhook.paths)}")
    return found


def _model(spec: InstanceSpec) -> str:
    if spec.model is None:
        return "none, so it cannot answer"
    return " then ".join((spec.model.primary, *spec.model.fallbacks))


def _inbound(spec: InstanceSpec) -> str:
    if spec.network.inbound is Inbound.NONE:
        return "nothing can reach it"
    return "HTTPS through the environment's load balancer: signed requests to its paths, nothing else"


def _egress(spec: InstanceSpec) -> str:
    if spec.network.egressPreset is EgressPreset.RESTRICTED:
        return "HTTPS (TCP 443) only"
    return "everything"


def _aws(spec: InstanceSpec) -> str:
    actions = sorted({action for statement in spec.taskRole.statements for action in statement.actions})
    return ", ".join(actions) or "nothing"


def _secrets(spec: InstanceSpec) -> tuple[NeededSecret, ...]:
    uses = list(secret_references(spec))
    return tuple(
        NeededSecret(entry.name, entry.key, tuple(shown_path(path) for path, name in uses if name == entry.name))
        for entry in spec.secrets
    )
