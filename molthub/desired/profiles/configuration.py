"""The part of a Moltbot's config that every supported version reads alike.

Secrets never stand in it: a secret with a variable of its own is injected as that variable, the others are named
`${VARIABLE}` and substituted by the Moltbot when it starts. Keys that differ between versions are set by the profiles.
"""

from __future__ import annotations

from typing import Any

from molthub.manifest.channels import SLACK_PATH
from molthub.manifest.models import InstanceSpec, SlackChannel, SlackMode, WebhookChannel

PORT = 18789
NO_SKILL = "molthub-none"
"""An empty `skills.allowBundled` means every bundled skill; a name that no skill has means none."""

LOG_FILE_BYTES = 8 * 1024 * 1024
BUILT_IN_HOOKS = frozenset({"agent", "wake"})
TRACING_PLUGIN = "diagnostics-otel"


def base_config(spec: InstanceSpec, display_name: str) -> dict[str, Any]:
    """The config of any supported Moltbot, closed by default; plain JSON data."""
    config: dict[str, Any] = {
        "gateway": _gateway(),
        "update": {"checkOnStart": False, "auto": {"enabled": False}},
        "discovery": {"mdns": {"mode": "off"}},
        "tools": {"elevated": {"enabled": False}},
        "commands": dict.fromkeys(("bash", "config", "debug", "mcp", "plugins", "restart"), False),
        "agents": {"defaults": _agent_defaults(spec)},
        "skills": _skills(spec),
        # Enabled without a command, every install of a skill or plugin fails closed (upstream's skills-config page).
        "security": {"installPolicy": {"enabled": True}},
        "logging": _logging(spec),
        "channels": _channels(spec),
        "diagnostics": _diagnostics(spec, display_name),
        "plugins": {"entries": _plugins(spec)},
    }
    if spec.channels.webhook is not None:
        config["hooks"] = _hooks(spec.channels.webhook)
    return config


def _gateway() -> dict[str, Any]:
    return {
        "mode": "local",
        "port": PORT,
        "bind": "loopback",
        "auth": {"mode": "token"},
        "controlUi": {"enabled": False},
        "tailscale": {"mode": "off"},
        "reload": {"mode": "off"},
    }


def _agent_defaults(spec: InstanceSpec) -> dict[str, Any]:
    defaults: dict[str, Any] = {"skills": sorted(set(spec.skills.allowlist))}
    if spec.model is not None:
        defaults["model"] = {"primary": spec.model.primary, "fallbacks": list(spec.model.fallbacks)}
    return defaults


def _skills(spec: InstanceSpec) -> dict[str, Any]:
    allowed = sorted(set(spec.skills.allowlist))
    return {
        "allowBundled": allowed or [NO_SKILL],
        "entries": {skill: {"enabled": True} for skill in allowed},
        "install": {"allowUploadedArchives": False},
        "workshop": {"approvalPolicy": "pending"},
    }


def _logging(spec: InstanceSpec) -> dict[str, Any]:
    level = spec.observability.logLevel.value
    # CloudWatch has the console's lines; the file of them lies on a tmpfs, in the task's memory.
    return {"level": level, "consoleLevel": level, "consoleStyle": "json", "maxFileBytes": LOG_FILE_BYTES}


def _channels(spec: InstanceSpec) -> dict[str, Any]:
    closed = {"enabled": True, "dmPolicy": "pairing", "groupPolicy": "allowlist", "configWrites": False}
    channels: dict[str, Any] = {}
    if spec.channels.slack is not None:
        channels["slack"] = {**closed, **_slack(spec.channels.slack)}
    if spec.channels.telegram is not None:
        channels["telegram"] = dict(closed)
    else:
        channels["telegram"] = {"enabled": False}  # built in, and a stray token would switch it on
    return channels


def _slack(slack: SlackChannel) -> dict[str, Any]:
    if slack.mode is SlackMode.SOCKET or slack.signingSecret is None:
        return {"mode": slack.mode.value}
    # It has no native variable: the config names the one that the manifest's entry is injected as.
    secret = f"${{{slack.signingSecret.secret}}}"
    return {"mode": slack.mode.value, "signingSecret": secret, "webhookPath": SLACK_PATH}


def _diagnostics(spec: InstanceSpec, display_name: str) -> dict[str, Any]:
    tracing = spec.observability.tracing
    if tracing is None:
        return {"enabled": False}
    otel = {
        "enabled": True,
        "endpoint": tracing.endpoint,
        "protocol": "http/protobuf",
        "serviceName": display_name,
        "traces": True,
        "metrics": True,
        "logs": False,
        "captureContent": False,
    }
    return {"enabled": True, "otel": otel}


def _plugins(spec: InstanceSpec) -> dict[str, Any]:
    wanted = [name for name in ("slack", "telegram") if getattr(spec.channels, name) is not None]
    if spec.observability.tracing is not None:
        wanted.append(TRACING_PLUGIN)
    return {name: {"enabled": True} for name in wanted}


def _hooks(webhook: WebhookChannel) -> dict[str, Any]:
    names = sorted({path.removeprefix("/hooks/") for path in webhook.paths} - BUILT_IN_HOOKS)
    hooks: dict[str, Any] = {
        "enabled": True,
        "token": f"${{{webhook.token.secret}}}",
        "path": "/hooks",
        "allowRequestSessionKey": False,
        "defaultSessionKey": "hook:ingress",
        "allowedAgentIds": ["main"],
    }
    if names:
        hooks["mappings"] = [{"id": name, "match": {"path": name}, "action": "agent", "name": name} for name in names]
    return hooks
