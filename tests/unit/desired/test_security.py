"""What no manifest can change: each property of DESIGN.md's "What one instance becomes on AWS"."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from molthub.desired.containers import INIT_DROPS
from molthub.desired.payload import INIT_VARIABLE
from molthub.resources.types import Role
from tests.builders import REMOVED
from tests.fakes.desired import SAMPLES, config_of, containers_of, rendered

every_sample = pytest.mark.parametrize("sample", sorted(SAMPLES))


def statements(role: Role | None) -> list[dict[str, Any]]:
    assert role is not None
    return [item for _, text in role.inline_policies for item in json.loads(text)["Statement"]]


@every_sample
def test_nothing_comes_in_and_no_address_is_public(sample: str) -> None:
    resources = rendered(sample).resources
    assert resources.security_group is not None
    assert resources.service is not None
    assert resources.security_group.ingress == ()
    assert resources.service.assign_public_ip is False
    assert all(container.ports == () for container in containers_of(rendered(sample)))


def test_egress_is_https_only_unless_the_preset_is_default() -> None:
    restricted = rendered("telegram").resources.security_group
    default = rendered("webhook").resources.security_group
    assert restricted is not None
    assert default is not None
    assert [(rule.protocol, rule.from_port, rule.to_port, rule.peer) for rule in restricted.egress] == [
        ("tcp", 443, 443, "0.0.0.0/0")
    ]
    assert [(rule.protocol, rule.peer) for rule in default.egress] == [("-1", "0.0.0.0/0")]


@every_sample
def test_both_containers_have_a_read_only_root_and_no_privilege(sample: str) -> None:
    for container in containers_of(rendered(sample)):
        assert container.readonly_root
        assert not container.privileged
        assert container.capabilities_add == ()
        assert [tmpfs.path for tmpfs in container.tmpfs] == ["/tmp"]


@every_sample
def test_the_gateway_is_uid_1000_without_capabilities_and_cannot_write_its_config(sample: str) -> None:
    _, gateway = containers_of(rendered(sample))
    assert gateway.user == "1000"
    assert gateway.capabilities_drop == ("ALL",)
    assert [mount.path for mount in gateway.mounts if mount.read_only] == ["/etc/openclaw"]
    assert gateway.stop_timeout == 120
    assert gateway.depends_on == (("init", "SUCCESS"),)


@every_sample
def test_init_is_root_with_three_capabilities_and_sees_no_secret(sample: str) -> None:
    init, gateway = containers_of(rendered(sample))
    docker_grants = {*INIT_DROPS, "CHOWN", "SETUID", "SETGID"}
    assert len(docker_grants) == 14
    assert init.user == "0"
    assert init.essential is False
    assert set(init.capabilities_drop) == set(INIT_DROPS)
    assert init.secrets == ()
    assert not {name for name, _ in gateway.secrets} & {name for name, _ in init.environment}


def test_init_does_not_see_the_manifests_env() -> None:
    init, gateway = containers_of(rendered(runtime={"image": "ghcr.io/openclaw/openclaw:2026.9.6", "env": {"A": "1"}}))
    assert "A" in dict(gateway.environment)
    assert "A" not in dict(init.environment)


@pytest.mark.parametrize(
    "command",
    [
        ["node", "openclaw.mjs", "gateway", "--bind", "lan"],
        ["node", "openclaw.mjs", "gateway", "--bind=lan", "--port", "80"],
        ["node", "openclaw.mjs", "gateway", "--tailscale", "funnel", "--auth=none"],
        ["node", "openclaw.mjs", "gateway", "--ws-log", "--bind", "lan"],
        ["sh", "-c", "node openclaw.mjs gateway --bind lan"],
        ["--bind", "lan"],
        ["gateway"],
    ],
)
def test_the_gateway_binds_loopback_whatever_the_command_says(command: list[str]) -> None:
    _, gateway = containers_of(rendered(runtime={"image": "ghcr.io/openclaw/openclaw:2026.9.6", "command": command}))
    words = [*(gateway.entry_point or ()), *(gateway.command or ())]
    assert words[:3] == ["node", "openclaw.mjs", "gateway"]
    assert words[-4:] == ["--bind", "loopback", "--port", "18789"]
    assert not {"lan", "--bind=lan", "80", "funnel", "--auth=none", "sh"} & set(words)
    assert words.count("--bind") == 1


def test_harmless_options_of_a_command_are_kept() -> None:
    command = ["node", "openclaw.mjs", "gateway", "--verbose", "--ws-log", "full"]
    _, gateway = containers_of(rendered(runtime={"image": "ghcr.io/openclaw/openclaw:2026.9.6", "command": command}))
    assert gateway.command is not None
    assert gateway.command[2:5] == ("--verbose", "--ws-log", "full")


@every_sample
def test_the_config_is_closed(sample: str) -> None:
    config = config_of(rendered(sample))
    assert config["gateway"]["bind"] == "loopback"
    assert config["gateway"]["controlUi"] == {"enabled": False}
    assert config["gateway"]["tailscale"] == {"mode": "off"}
    assert config["tools"]["elevated"] == {"enabled": False}
    assert config["update"]["checkOnStart"] is False
    assert config["discovery"]["mdns"] == {"mode": "off"}
    assert config["security"]["installPolicy"] == {"enabled": True}
    assert set(config["commands"].values()) == {False}


def test_what_only_the_newer_version_knows_is_off_there() -> None:
    new, old = config_of(rendered("slack")), config_of(rendered("slack-2026-06"))
    assert new["gateway"]["terminal"] == {"enabled": False}
    assert new["telemetry"] == {"enabled": False}
    assert new["skills"]["workshop"]["autonomous"] == {"mode": "off"}
    assert old["skills"]["workshop"]["autonomous"] == {"enabled": False}
    assert "telemetry" not in old


def test_an_empty_allowlist_allows_no_bundled_skill() -> None:
    config = config_of(rendered(skills={"allowlist": []}))
    assert config["skills"]["allowBundled"] == ["molthub-none"]
    assert config["agents"]["defaults"]["skills"] == []


def test_the_allowlist_is_all_that_is_allowed() -> None:
    config = config_of(rendered("slack"))
    assert config["skills"]["allowBundled"] == ["1password", "github"]
    assert config["agents"]["defaults"]["skills"] == ["1password", "github"]


@every_sample
def test_roles_have_no_wildcard_but_the_documented_ones(sample: str) -> None:
    resources = rendered(sample).resources
    for statement in [*statements(resources.task_role), *statements(resources.execution_role)]:
        assert statement["Effect"] == "Allow"
        assert not [action for action in statement["Action"] if "*" in action]
        starred = [resource for resource in statement["Resource"] if "*" in resource]
        through_profile = "bedrock:InferenceProfileArn" in str(statement.get("Condition"))
        if statement["Action"] != ["ecr:GetAuthorizationToken"] and not through_profile:
            assert all(resource.endswith("/*") and resource.count("*") == 1 for resource in starred)


def test_the_task_role_of_a_plain_bot_may_do_nothing() -> None:
    role = rendered("telegram").resources.task_role
    assert role is not None
    assert role.inline_policies == ()
    assert role.attached_policies == ()


def test_the_execution_role_reads_exactly_the_injected_secrets() -> None:
    role = rendered("linked-arn-and-other-names").resources.execution_role
    assert statements(role)[0]["Resource"] == [
        "${secret:acme/prod/bot}",
        "${secret:molthub/acme-bots/acme-prod-support-bot-1b0ba3f997/gateway}",
        "arn:aws:secretsmanager:eu-west-1:210987654321:secret:model-AbCdEf",
    ]


def test_the_execution_role_decrypts_with_exactly_the_keys_of_its_secrets() -> None:
    kms = "arn:aws:kms:eu-west-1:123456789012:key/"
    elsewhere = "arn:aws:kms:us-east-1:210987654321:key/4"
    keys = {
        "acme/prod/bot": f"{kms}2",
        "arn:aws:secretsmanager:eu-west-1:210987654321:secret:model-AbCdEf": elsewhere,
        "acme/prod/of-another": f"{kms}3",
    }
    resources = rendered("linked-arn-and-other-names", keys=keys, kms_key=f"{kms}1").resources
    found = [item for item in statements(resources.execution_role) if item["Action"] == ["kms:Decrypt"]]
    assert [(item["Resource"], item["Condition"]) for item in found] == [
        ([f"{kms}1", f"{kms}2"], {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}),
        ([elsewhere], {"StringEquals": {"kms:ViaService": "secretsmanager.us-east-1.amazonaws.com"}}),
    ]
    gateway_only = rendered("linked-arn-and-other-names", kms_key=f"{kms}1").resources.execution_role
    assert [i["Resource"] for i in statements(gateway_only) if i["Action"] == ["kms:Decrypt"]] == [[f"{kms}1"]]
    assert "kms:" not in str(statements(rendered("linked-arn-and-other-names").resources.execution_role))


def test_only_ecs_of_this_account_and_region_may_take_the_roles() -> None:
    resources = rendered().resources
    for role in (resources.task_role, resources.execution_role):
        assert role is not None
        (trust,) = json.loads(role.trust)["Statement"]
        assert trust["Principal"] == {"Service": ["ecs-tasks.amazonaws.com"]}
        assert trust["Condition"] == {
            "ArnLike": {"aws:SourceArn": "arn:aws:ecs:eu-west-1:123456789012:*"},
            "StringEquals": {"aws:SourceAccount": "123456789012"},
        }


def test_a_channels_token_is_not_injected_without_the_channel() -> None:
    """In the Moltbot the variable alone switches the channel on."""
    secrets = [{"name": "TELEGRAM_BOT_TOKEN", "key": "a/b"}]
    result = rendered(channels=REMOVED, model=REMOVED, secrets=secrets)
    assert dict(containers_of(result)[1].secrets).keys() == {"OPENCLAW_GATEWAY_TOKEN"}
    assert config_of(result)["channels"]["telegram"] == {"enabled": False}


def test_no_env_literal_replaces_what_is_fixed_or_secret() -> None:
    env = {"OPENCLAW_CONFIG_PATH": "/tmp/x", "NODE_OPTIONS": "--inspect", "HOME": "/"}
    _, gateway = containers_of(rendered(runtime={"image": "ghcr.io/openclaw/openclaw:2026.9.6", "env": env}))
    environment = dict(gateway.environment)
    assert environment["OPENCLAW_CONFIG_PATH"] == "/etc/openclaw/openclaw.json"
    assert environment["NODE_OPTIONS"] == "--max-old-space-size=1536"
    assert environment["HOME"] == "/home/node"


def test_a_secret_named_like_the_gateway_token_does_not_replace_it() -> None:
    result = rendered(secrets=[{"name": "OPENCLAW_GATEWAY_TOKEN", "key": "a/b"}], channels=REMOVED, model=REMOVED)
    secrets = dict(containers_of(result)[1].secrets)
    assert secrets["OPENCLAW_GATEWAY_TOKEN"].endswith("/gateway}")


@every_sample
def test_the_init_variable_holds_no_reference_to_a_secret(sample: str) -> None:
    init, _ = containers_of(rendered(sample))
    assert "${secret:" not in dict(init.environment)[INIT_VARIABLE]
    assert "${secret:" not in json.dumps(config_of(rendered(sample)))


def test_desired_resources_carry_no_foreign_setting() -> None:
    resources = rendered().resources
    assert resources.service is not None
    assert resources.service.unmanaged == ()
    assert all(dataclasses.asdict(item)["unmanaged"] == () for item in containers_of(rendered()))
