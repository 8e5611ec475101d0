"""The rendered gate and the gate's own program agree, and the gate is given what it needs and no more."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.desired.ingress import GATE_PORT, HEALTH_PATH
from molthub.gate import settings as gate
from molthub.gate.signature import Mode
from molthub.resources.types import Container
from tests.fakes.desired import SAMPLES, config_of, containers_of, rendered

WITH_A_GATE = [name for name, sample in SAMPLES.items() if sample.get("network", {}).get("inbound") == "WEBHOOK"]


def gate_of(sample: str, **spec: Any) -> Container:
    definition = rendered(sample, **spec).resources.task_definition
    assert definition is not None
    return definition.containers[2]


@pytest.mark.parametrize("sample", WITH_A_GATE)
def test_the_gate_accepts_what_it_is_told(sample: str) -> None:
    container = gate_of(sample)
    secrets = {name: f"{name}-" + "k" * gate.SHORTEST_KEY for name, _ in container.secrets}
    settings = gate.settings_from({**dict(container.environment), **secrets})
    assert (settings.port, GATE_PORT, HEALTH_PATH) == (gate.PORT, gate.PORT, gate.HEALTH_PATH.decode())
    assert settings.upstream_port == config_of(rendered(sample))["gateway"]["port"]
    rule = rendered(sample).resources.listener_rule
    assert rule is not None
    assert {path.decode() for path in settings.paths} == set(rule.paths)
    assert len(rule.hosts) + len(rule.methods) + len(rule.paths) <= 5


@pytest.mark.parametrize(("version", "path"), [("2026.9.6", "/startupz"), ("2026.6.11", "/healthz")])
def test_it_is_ready_when_its_version_of_the_moltbot_takes_hooks(version: str, path: str) -> None:
    container = gate_of("webhook", runtime={"image": f"ghcr.io/openclaw/openclaw:{version}"})
    assert dict(container.environment)["MOLTHUB_GATE_UPSTREAM_HEALTH"] == path


def test_each_path_has_the_mode_of_its_channel() -> None:
    container = gate_of("webhook-rotated-and-slack")
    secrets = {name: f"{name}-" + "k" * gate.SHORTEST_KEY for name, _ in container.secrets}
    settings = gate.settings_from({**dict(container.environment), **secrets})
    assert settings.paths == {b"/hooks/agent": Mode.SIGNED, b"/slack/events": Mode.SLACK}


def test_each_container_is_given_its_own_secrets() -> None:
    result = rendered("webhook-rotated-and-slack")
    _, gateway = containers_of(result)
    container = gate_of("webhook-rotated-and-slack")
    assert dict(container.secrets) == {
        "MOLTHUB_GATE_KEY": "${secret:acme/prod/release-bot}:hook::",
        "MOLTHUB_GATE_KEY_PREVIOUS": "${secret:acme/prod/release-bot}:hook-before::",
        "MOLTHUB_GATE_SLACK_SIGNING_SECRET": "${secret:acme/prod/release-bot}:slackSigning::",
    }
    assert "OLD_HOOK_TOKEN" not in dict(gateway.secrets)
    assert {"HOOK_TOKEN", "OUR_SIGNING_SECRET", "SLACK_BOT_TOKEN"} <= dict(gateway.secrets).keys()
    assert config_of(result)["channels"]["slack"]["signingSecret"] == "${OUR_SIGNING_SECRET}"


@pytest.mark.parametrize("sample", WITH_A_GATE)
def test_it_has_no_privilege_and_no_way_to_the_moltbots_files(sample: str) -> None:
    container = gate_of(sample)
    assert (container.user, container.readonly_root, container.privileged) == ("1000", True, False)
    assert (container.capabilities_add, container.capabilities_drop) == ((), ("ALL",))
    assert container.mounts == ()
    assert [port.port for port in container.ports] == [GATE_PORT]
    assert [container.ports for container in containers_of(rendered(sample))] == [(), ()]


def test_only_the_service_of_a_webhook_instance_joins_the_gates_group() -> None:
    plain, inbound = rendered("telegram").resources.service, rendered("webhook").resources.service
    assert plain is not None
    assert inbound is not None
    assert (plain.load_balancers, plain.health_check_grace_seconds) == ((), None)
    assert set(inbound.security_groups) - set(plain.security_groups) == {"sg-0a7e"}


def test_the_moltbot_keeps_its_heap_within_what_the_gate_leaves() -> None:
    assert dict(containers_of(rendered("telegram"))[1].environment)["NODE_OPTIONS"] == "--max-old-space-size=1536"
    assert dict(containers_of(rendered("webhook"))[1].environment)["NODE_OPTIONS"] == "--max-old-space-size=1440"
