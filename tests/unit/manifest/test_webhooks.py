"""Inbound traffic between documents: an Environment with a way in, and one instance a host name."""

from __future__ import annotations

from typing import Any

from tests.builders import INGRESS, REMOVED, documents, environment_dict, instance_dict


def hook(name: str, environment: str = "prod", **metadata: Any) -> dict[str, Any]:
    spec = {
        "network": {"inbound": "WEBHOOK"},
        "model": REMOVED,
        "secrets": [{"name": "HOOK_TOKEN", "key": f"acme/{environment}/{name}#hook"}],
        "channels": {"telegram": REMOVED, "webhook": {"token": {"secret": "HOOK_TOKEN"}, "paths": ["/hooks/agent"]}},
    }
    return instance_dict(metadata={"name": name, "environment": environment, **metadata}, spec=spec)


def errors(*dicts: dict[str, Any]) -> list[str]:
    return [str(item) for item in documents(*dicts).diagnostics if item.severity.value == "error"]


def test_an_environment_without_ingress_cannot_be_called() -> None:
    assert errors(hook("bot"), environment_dict()) == [
        (
            "instances/acme/prod/bot.yaml:20:14: error: MH-FLEET-010 network.inbound is WEBHOOK, but the environment"
            " acme/prod has no spec.ingress (Add spec.ingress to environments/acme-prod.yaml and run `molthub"
            " bootstrap`, or set inbound to NONE)"
        )
    ]


def test_two_environments_on_one_domain_share_no_host() -> None:
    both = [environment_dict(metadata={"name": name}, spec={"ingress": INGRESS}) for name in ("prod", "dev")]
    found = errors(hook("bot"), hook("bot", "dev"), hook("other", "dev"), *both)
    assert [text.split(" error: ")[1] for text in found] == [
        (
            "MH-FLEET-011 its host name bot.bots.example.com is also that of instances/acme/prod/bot.yaml:4:9 (Give"
            " one of the environments another spec.ingress.domain, or one instance another metadata.id)"
        ),
        (
            "MH-FLEET-011 its host name bot.bots.example.com is also that of instances/acme/dev/bot.yaml:4:9 (Give"
            " one of the environments another spec.ingress.domain, or one instance another metadata.id)"
        ),
    ]


def test_the_id_decides_not_the_name() -> None:
    both = [environment_dict(metadata={"name": name}, spec={"ingress": INGRESS}) for name in ("prod", "dev")]
    assert errors(hook("bot"), hook("bot", "dev", id="dev-bot"), *both) == []
    assert len(errors(hook("bot"), hook("renamed", "dev", id="bot"), *both)) == 2
