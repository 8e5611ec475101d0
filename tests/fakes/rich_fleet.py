"""Manifests of many kinds of instances, so that together they use everything a manifest can say and apply takes."""

from __future__ import annotations

from typing import Any

from tests.builders import REMOVED, instance_dict

Manifest = dict[str, Any]

MODEL_KEY = {"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"}
SLACK = {
    "secrets": [
        MODEL_KEY,
        {"name": "SLACK_BOT_TOKEN", "key": "acme/prod/support-bot#slackBot"},
        {"name": "SLACK_APP_TOKEN", "key": "acme/prod/support-bot#slackApp"},
    ],
    "channels": {
        "telegram": REMOVED,
        "slack": {"botToken": {"secret": "SLACK_BOT_TOKEN"}, "appToken": {"secret": "SLACK_APP_TOKEN"}},
    },
}
WEBHOOK = {
    "network": {"inbound": "WEBHOOK"},
    "secrets": [MODEL_KEY, {"name": "HOOK_TOKEN", "key": "acme/prod/support-bot#hook"}],
    "channels": {
        "telegram": REMOVED,
        "webhook": {"token": {"secret": "HOOK_TOKEN"}, "paths": ["/hooks/agent", "/hooks/wake"]},
    },
}
STATEMENTS = [
    {"sid": "Docs", "actions": ["s3:GetObject", "s3:ListBucket"], "resources": ["arn:aws:s3:::acme-docs/*"]},
    {"actions": ["sqs:SendMessage"], "resources": ["arn:aws:sqs:eu-west-1:123456789012:tickets"]},
]
WAIVER = {"rule": "MH-SEC-002", "reason": "a placeholder, agreed with the security team", "until": "2099-01-31"}


def bot(name: str, *, labels: dict[str, str] | None = None, **spec: Any) -> Manifest:
    """A Telegram bot of this name, with these parts of its spec changed."""
    return instance_dict(metadata={"name": name, "labels": labels or {}}, spec=spec)


def rich_fleet() -> list[Manifest]:
    """One of each kind."""
    return [
        bot("telegram"),
        bot("slack", **SLACK, runtime={"image": "registry.example.com/acme/openclaw-slack-otel:2026.9.6"}),
        bot("arm", runtime={"architecture": "arm64", "cpu": 2048, "memory": 4096}),
        bot("labelled", labels={"team": "support", "cost-center": "4711", "note": ""}),
        bot("powers", taskRole={"statements": STATEMENTS}),
        bot("open", network={"egressPreset": "DEFAULT"}),
        bot("traced", observability={"logLevel": "debug", "tracing": {"endpoint": "https://otel.example.com"}}),
        bot("kept", lifecycle={"deletionProtection": True, "restartedAt": "2026-11-23T10:00:00Z"}),
        bot("older", runtime={"image": "ghcr.io/openclaw/openclaw:2026.6.11", "env": {"TZ": "Europe/Berlin"}}),
        bot("private", runtime={"image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/openclaw:2026.9.6"}),
        bot("bedrock", **BEDROCK),
        bot(
            "waived",
            runtime={"env": {"GITHUB_TOKEN": "to-be-filled-in"}},
            policies={"requireSecretManager": False, "waivers": [WAIVER]},
        ),
        bot("skilled", skills={"allowlist": ["github", "weather"]}),
    ]


BEDROCK = {
    "model": {"primary": "amazon-bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0", "apiKey": REMOVED},
    "runtime": {"image": "registry.example.com/acme/openclaw-bedrock:2026.9.6"},
}
