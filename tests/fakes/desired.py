"""Manifests for the tests of rendering: a named sample for each thing a Moltbot can be, and what they render to."""

from __future__ import annotations

import dataclasses
import json
from random import Random
from typing import Any

from molthub.desired.payload import INIT_VARIABLE, config_of_payload, init_program
from molthub.desired.render import Rendered, RenderFacts, manifest_foundation, render
from molthub.manifest.documents import LoadedEnvironment
from molthub.resources.foundation import Listener
from molthub.resources.normal import to_json
from molthub.resources.types import Container, Kind, ResourceSet
from tests.builders import INGRESS, REMOVED, loaded_environment, loaded_instance

FLEET = "acme-bots"
SLACK_IMAGE = "registry.example.com/acme/openclaw-slack:2026.9.6"
OLD_IMAGE = "registry.example.com/acme/openclaw:2026.6.11-slack"

LISTENER = Listener(
    number=1,
    arn="arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/molthub-1/50dc6c495c0c9188/f2f7dc8efc522ab2",
    load_balancer="arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/molthub-1/50dc6c495c0c9188",
    dns_name="molthub-1-1234567890.eu-west-1.elb.amazonaws.com",
    zone_id="Z32O12XQLNTSW2",
)
MODEL_KEY = {"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"}
SLACK_SECRETS = [
    {"name": "SLACK_BOT_TOKEN", "key": "acme/prod/support-bot#slackBot"},
    {"name": "SLACK_APP_TOKEN", "key": "acme/prod/support-bot#slackApp"},
]
SLACK = {"botToken": {"secret": "SLACK_BOT_TOKEN"}, "appToken": {"secret": "SLACK_APP_TOKEN"}}
ONLY_SLACK = {"slack": SLACK, "telegram": REMOVED}
ONLY_WEBHOOK = {
    "webhook": {"token": {"secret": "HOOK_TOKEN"}, "paths": ["/hooks/agent", "/hooks/github"]},
    "telegram": REMOVED,
}

SAMPLES: dict[str, dict[str, Any]] = {
    "telegram": {},
    "slack": {
        "runtime": {"image": SLACK_IMAGE},
        "secrets": [MODEL_KEY, *SLACK_SECRETS],
        "channels": ONLY_SLACK,
        "skills": {"allowlist": ["github", "1password"]},
    },
    "slack-2026-06": {
        "runtime": {"image": OLD_IMAGE, "architecture": "arm64", "cpu": 2048, "memory": 4096},
        "secrets": [MODEL_KEY, *SLACK_SECRETS],
        "channels": ONLY_SLACK,
    },
    "webhook": {
        "secrets": [MODEL_KEY, {"name": "HOOK_TOKEN", "key": "acme/prod/release-bot#hook"}],
        "channels": ONLY_WEBHOOK,
        "network": {"inbound": "WEBHOOK", "egressPreset": "DEFAULT"},
    },
    "webhook-rotated-and-slack": {
        "runtime": {"image": SLACK_IMAGE, "architecture": "arm64"},
        "secrets": [
            MODEL_KEY,
            {"name": "SLACK_BOT_TOKEN", "key": "acme/prod/release-bot#slackBot"},
            {"name": "OUR_SIGNING_SECRET", "key": "acme/prod/release-bot#slackSigning"},
            {"name": "HOOK_TOKEN", "key": "acme/prod/release-bot#hook"},
            {"name": "OLD_HOOK_TOKEN", "key": "acme/prod/release-bot#hook-before"},
        ],
        "channels": {
            "telegram": REMOVED,
            "slack": {
                "mode": "http",
                "botToken": {"secret": "SLACK_BOT_TOKEN"},
                "signingSecret": {"secret": "OUR_SIGNING_SECRET"},
            },
            "webhook": {
                "token": {"secret": "HOOK_TOKEN"},
                "previousToken": {"secret": "OLD_HOOK_TOKEN"},
                "paths": ["/hooks/agent"],
            },
        },
        "network": {"inbound": "WEBHOOK"},
    },
    "persistent": {"state": {"persistent": True}},
    "paused": {"lifecycle": {"paused": {"by": "ana@example.com", "reason": "holiday"}}},
    "restarted-and-protected": {
        "lifecycle": {"restartedAt": "2026-11-02T09:30:00+01:00", "deletionProtection": True},
        "state": {"persistent": True},
        "observability": {"logLevel": "debug", "tracing": {"endpoint": "https://otel.example.com"}},
    },
    "bedrock-and-task-role": {
        "runtime": {"image": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/openclaw-bedrock:2026.9.6"},
        "model": {
            "primary": "amazon-bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "fallbacks": ["amazon-bedrock/amazon.nova-pro-v1:0"],
            "apiKey": REMOVED,
        },
        "taskRole": {"statements": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::acme-docs/*"]}]},
    },
    "waived": {
        "runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.6@sha256:" + "ab" * 32, "env": {"TZ": "Europe/Berlin"}},
        "policies": {
            "forbidPublicAdmin": False,
            "waivers": [{"rule": "MH-NET-001", "reason": "shown to auditors only", "until": "2027-01-31"}],
        },
    },
    "linked-arn-and-other-names": {
        "secrets": [
            {"name": "OUR_MODEL_KEY", "key": "arn:aws:secretsmanager:eu-west-1:210987654321:secret:model-AbCdEf#key"},
            {"name": "OUR_BOT", "key": "acme/prod/bot"},
        ],
        "model": {"apiKey": {"secret": "OUR_MODEL_KEY"}},
        "channels": {"telegram": {"botToken": {"secret": "OUR_BOT"}}},
    },
}


def rendered(
    sample: str = "telegram",
    *,
    versions: dict[str, str | None] | None = None,
    keys: dict[str, str] | None = None,
    kms_key: str | None = None,
    **spec: Any,
) -> Rendered:
    """What a sample renders to, with further overrides of its spec. kms_key: the environment's own."""
    merged = {**SAMPLES[sample], **spec}
    foundation = dataclasses.replace(
        manifest_foundation(loaded_environment().model),
        gate_members="sg-0a7e",
        listeners=(LISTENER,),
        kms_key=kms_key,
    )
    facts = RenderFacts(versions or {}, keys or {}, paused=sample == "paused", foundation=foundation, listener=LISTENER)
    return render(loaded_instance(spec=merged), environment_of(merged), fleet=FLEET, facts=facts)


def environment_of(spec: dict[str, Any]) -> LoadedEnvironment:
    """An Environment with load balancers where the spec needs one."""
    inbound = spec.get("network", {}).get("inbound") == "WEBHOOK"
    return loaded_environment(spec={"ingress": {**INGRESS, "hostedZoneId": "Z0123456789ABC"}} if inbound else {})


def containers_of(result: Rendered) -> tuple[Container, Container]:
    """(init, gateway)."""
    definition = result.resources.task_definition
    assert definition is not None
    init, gateway, *_ = definition.containers
    return init, gateway


def config_of(result: Rendered) -> dict[str, Any]:
    """The Moltbot's config inside a rendered task."""
    config: dict[str, Any] = json.loads(config_of_payload(dict(containers_of(result)[0].environment)[INIT_VARIABLE]))
    return config


def readable(resources: ResourceSet) -> str:
    """Resources as JSON a reviewer can read: policies and the config as objects, pairs as objects, empty things left
    out, the init program by name."""
    return json.dumps(_readable(to_json(resources)), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _readable(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {
            name: _readable(item, name)
            for name, item in value.items()
            if name == "ingress" or item not in (None, [], "")
        }
    if isinstance(value, list) and key not in {"command", "entry_point"} and _is_pairs(value):
        return {name: _readable(item, name) for name, item in value}
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if key in {"trust", "molthub"}:
        return json.loads(value)
    if key == INIT_VARIABLE:
        return {**json.loads(value), "config": json.loads(config_of_payload(value))}
    return "<init.js>" if value == init_program() else value


def _is_pairs(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(item, list) and len(item) == 2 for item in value)


GENERATED_SKILLS = ("github", "1password", "weather", "notion", "tmux")
GENERATED_PROVIDERS = {
    "anthropic": "ANTHROPIC_API_KEY",
    "openai": "OPENAI_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "google": "GEMINI_API_KEY",
}
CHANNEL_SECRETS = {
    "slack": {"botToken": "SLACK_BOT_TOKEN", "appToken": "SLACK_APP_TOKEN"},
    "telegram": {"botToken": "TELEGRAM_BOT_TOKEN"},
    "webhook": {"token": "HOOK_TOKEN"},
}
HOOK_PATHS = ("/hooks/agent", "/hooks/wake", "/hooks/github", "/hooks/alert-manager/critical")


def generated_spec(random: Random, image: str) -> dict[str, Any]:
    """A spec a person could have written, every choice drawn from `random`; valid for the loader."""
    channels = {name: _channel(name, random) for name in CHANNEL_SECRETS if random.random() < 0.5}
    provider = random.choice(sorted(GENERATED_PROVIDERS))
    names = {name for channel in channels for name in CHANNEL_SECRETS[channel].values()}
    names.add(GENERATED_PROVIDERS[provider])
    cpu, memories = random.choice([(512, (1024, 4096)), (1024, (2048, 8192)), (4096, (8192, 30720))])
    spec: dict[str, Any] = {
        "runtime": {
            "image": image,
            "architecture": random.choice(["x86_64", "arm64"]),
            "cpu": cpu,
            "memory": random.choice(memories),
            "env": {f"SETTING_{number}": "value" for number in range(random.randint(0, 5))},
        },
        "model": {
            "primary": f"{provider}/model-{random.randint(1, 9)}",
            "fallbacks": [f"{provider}/fallback-{number}" for number in range(random.randint(0, 3))],
            "apiKey": {"secret": GENERATED_PROVIDERS[provider]},
        },
        "secrets": [{"name": name, "key": f"acme/prod/bot#{name}"} for name in sorted(names)],
        "channels": channels or REMOVED,
        "skills": {"allowlist": random.sample(GENERATED_SKILLS, random.randint(0, len(GENERATED_SKILLS)))},
        "network": {
            "inbound": "WEBHOOK" if "webhook" in channels else "NONE",
            "egressPreset": random.choice(["RESTRICTED", "DEFAULT"]),
        },
        "observability": {"logLevel": random.choice(["error", "warn", "info", "debug", "trace"])},
        "state": {"persistent": random.choice([True, False])},
    }
    if random.random() < 0.3:
        spec["observability"]["tracing"] = {"endpoint": "https://otel.example.com/v1"}
    if "slack" in channels and random.random() < 0.5:
        _called_by_slack(spec)
    if "telegram" not in channels and channels:
        spec["channels"] = {**channels, "telegram": REMOVED}
    return spec


def _called_by_slack(spec: dict[str, Any]) -> None:
    """Slack by HTTP instead of by socket, and at most two other paths."""
    slack = {key: ref for key, ref in spec["channels"]["slack"].items() if key != "appToken"}
    spec["channels"]["slack"] = {**slack, "mode": "http", "signingSecret": {"secret": "SLACK_SIGNING_SECRET"}}
    spec["secrets"].append({"name": "SLACK_SIGNING_SECRET", "key": "acme/prod/bot#SLACK_SIGNING_SECRET"})
    spec["network"]["inbound"] = "WEBHOOK"
    if "webhook" in spec["channels"]:
        spec["channels"]["webhook"]["paths"] = spec["channels"]["webhook"]["paths"][:2]


def _channel(name: str, random: Random) -> dict[str, Any]:
    channel: dict[str, Any] = {key: {"secret": secret} for key, secret in CHANNEL_SECRETS[name].items()}
    if name == "webhook":
        channel["paths"] = random.sample(HOOK_PATHS, random.randint(1, 3))
    return channel


PLAIN_KINDS = tuple(kind for kind in Kind if rendered().resources.get(kind) is not None)
"""What an instance without a webhook and without persistent state becomes."""
