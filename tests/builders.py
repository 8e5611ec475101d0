"""Manifests for tests: plain dicts with deep-merged overrides, and Loaded* objects made by the real loader.

instance_dict(metadata={"name": "other"}, spec={"runtime": {"cpu": 512, "memory": 1024}})
instance_dict(spec={"model": REMOVED})                   # a key taken away
loaded_instance(spec={"lifecycle": {"deletionProtection": True}})
documents(instance_dict(), instance_dict(metadata={"name": "b"}))   # adds the fleet and the environments
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from molthub.manifest.documents import FleetDocuments, LoadedEnvironment, LoadedFleet, LoadedInstance
from molthub.manifest.loader import load_files

REMOVED: Final = object()
"""As an override's value: take that key away."""


class _PlainDumper(yaml.SafeDumper):
    """Never writes anchors, which the loader refuses."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def merged(base: Mapping[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of base with overrides merged into it, mappings deeply, everything else replaced."""
    result = dict(base)
    for key, value in overrides.items():
        if value is REMOVED:
            result.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(result.get(key), Mapping):
            result[key] = merged(result[key], value)
        else:
            result[key] = value
    return result


def fleet_dict(**overrides: Any) -> dict[str, Any]:
    """The Fleet `acme-bots`."""
    base = {"apiVersion": "molthub/v1", "kind": "Fleet", "metadata": {"name": "acme-bots"}}
    return merged(base, overrides)


def environment_dict(**overrides: Any) -> dict[str, Any]:
    """The Environment acme/prod in eu-west-1."""
    base = {
        "apiVersion": "molthub/v1",
        "kind": "Environment",
        "metadata": {"workspace": "acme", "name": "prod"},
        "spec": {
            "provider": "aws",
            "aws": {
                "accountId": "123456789012",
                "region": "eu-west-1",
                "cluster": "molthub-acme-prod",
                "vpcId": "vpc-0a1b2c3d4e5f60718",
                "subnetIds": ["subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"],
            },
        },
    }
    return merged(base, overrides)


INGRESS = {
    "domain": "bots.example.com",
    "certificateArn": "arn:aws:acm:eu-west-1:123456789012:certificate/1b2c3d4e-0000-4000-8000-1234567890ab",
    "gateImage": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/molthub:1.4.0",
}
"""`spec.ingress` of an Environment whose Moltbots may have webhooks."""


def instance_dict(**overrides: Any) -> dict[str, Any]:
    """The Telegram bot acme/prod/support-bot: valid, and without a warning.

    Every instance has a token of its own, all of them in one secret: a cloud has two secrets to hold, whoever runs.
    """
    base = {
        "apiVersion": "molthub/v1",
        "kind": "MoltbotInstance",
        "metadata": {"name": "support-bot", "workspace": "acme", "environment": "prod"},
        "spec": {
            "runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.6"},
            "model": {"primary": "anthropic/claude-sonnet-4-5", "apiKey": {"secret": "ANTHROPIC_API_KEY"}},
            "secrets": [
                {"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"},
                {"name": "TELEGRAM_BOT_TOKEN", "key": f"acme/prod/support-bot#{_token_of(overrides)}"},
            ],
            "channels": {"telegram": {"botToken": {"secret": "TELEGRAM_BOT_TOKEN"}}},
        },
    }
    return merged(base, overrides)


def _token_of(overrides: Mapping[str, Any]) -> str:
    """The JSON key of its bot token: a renamed instance that keeps its id keeps the token."""
    meta = overrides.get("metadata", {})
    found = [meta.get("workspace", "acme"), meta.get("environment", "prod"), meta.get("id") or meta.get("name")]
    if found[2] in (None, REMOVED, "support-bot") and found[:2] == ["acme", "prod"]:
        return "telegram"
    return re.sub(r"[^A-Za-z0-9.]+", "-", f"telegram.{found[0]}.{found[1]}.{found[2] or 'support-bot'}")


def template_dict(**overrides: Any) -> dict[str, Any]:
    """The template chat-bot, a Telegram bot: valid, and its samples pass the guardrails."""
    body = instance_dict()["spec"]
    names = zip(body["secrets"], ("model", "token"), strict=True)
    secrets = [{"name": entry["name"], "key": f"${{{name}}}"} for entry, name in names]
    base = {
        "apiVersion": "molthub/v1",
        "kind": "MoltbotTemplate",
        "metadata": {"name": "chat-bot", "title": "Chat bot"},
        "spec": {
            "parameters": [
                {"name": "cpu", "type": "integer", "description": "CPU units", "default": 1024},
                {"name": "model", "type": "secret", "description": "The model's key"},
                {"name": "token", "type": "secret", "description": "The bot's token"},
            ],
            "instance": {
                "metadata": {"labels": {"team": "${workspace}"}},
                "spec": {**body, "runtime": {**body["runtime"], "cpu": "${cpu}"}, "secrets": secrets},
            },
        },
    }
    return merged(base, overrides)


def to_yaml(document: Mapping[str, Any]) -> bytes:
    """One document as a person might have written it."""
    text: str = yaml.dump(dict(document), Dumper=_PlainDumper, sort_keys=False, allow_unicode=True, width=1000)
    return text.encode()


def path_of(document: Mapping[str, Any]) -> str:
    """Where `molthub init` would put it."""
    meta = document["metadata"]
    if document["kind"] == "Fleet":
        return "molthub.yaml"
    if document["kind"] == "Environment":
        return f"environments/{meta['workspace']}-{meta['name']}.yaml"
    if document["kind"] == "MoltbotTemplate":
        return f"templates/{meta['name']}.yaml"
    return f"instances/{meta['workspace']}/{meta['environment']}/{meta['name']}.yaml"


def tree(*dicts: Mapping[str, Any]) -> dict[str, bytes]:
    """Path → content. The fleet and the environments that instances need are added where they are missing."""
    return {path_of(document): to_yaml(document) for document in _completed(dicts)}


def documents(*dicts: Mapping[str, Any]) -> FleetDocuments:
    """What the real loader makes of these documents (see `tree`), valid or not."""
    return load_files(tree(*dicts))


def loaded_fleet(**overrides: Any) -> LoadedFleet:
    """A valid Fleet."""
    found = _valid(documents(fleet_dict(**overrides))).fleet
    assert found is not None
    return found


def loaded_environment(**overrides: Any) -> LoadedEnvironment:
    """A valid Environment."""
    return next(iter(_valid(documents(environment_dict(**overrides))).environments.values()))


def loaded_instance(**overrides: Any) -> LoadedInstance:
    """A valid MoltbotInstance; its fleet is `acme-bots`."""
    return next(iter(_valid(documents(instance_dict(**overrides))).instances.values()))


def _completed(dicts: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    given = list(dicts)
    if not any(item["kind"] == "Fleet" for item in given):
        given.insert(0, fleet_dict())
    known = {
        (item["metadata"]["workspace"], item["metadata"]["name"]) for item in given if item["kind"] == "Environment"
    }
    wanted = {
        (item["metadata"]["workspace"], item["metadata"]["environment"])
        for item in given
        if item["kind"] == "MoltbotInstance"
    }
    for workspace, name in sorted(wanted - known):
        spec = {"aws": {"cluster": f"molthub-{workspace}-{name}"}, **_ingress_of(workspace, name, given)}
        given.append(environment_dict(metadata={"workspace": workspace, "name": name}, spec=spec))
    return given


def _ingress_of(workspace: str, name: str, given: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Load balancers where one of the environment's instances has inbound traffic."""
    inbound = any(
        item["metadata"].get("environment") == name
        and item["metadata"].get("workspace") == workspace
        and isinstance(item.get("spec"), Mapping)
        and isinstance(item["spec"].get("network"), Mapping)
        and item["spec"]["network"].get("inbound") == "WEBHOOK"
        for item in given
    )
    return {"ingress": {**INGRESS, "domain": f"{name}.{workspace}.example.com"}} if inbound else {}


def _valid(loaded: FleetDocuments) -> FleetDocuments:
    assert not loaded.invalid, "\n".join(str(item) for item in loaded.diagnostics)
    return loaded
