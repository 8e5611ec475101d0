"""Every guardrail has a manifest that breaks it, and a good twin that differs from it in one field.

A case names the field, its bad and its good value. The bad manifest gets exactly the message; the twin gets none of
this rule; and with the rule taken out of the registry the bad manifest passes it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from molthub.errors import Severity
from molthub.guard.engine import run
from molthub.policies.registry import builtin_rules
from tests.builders import REMOVED
from tests.fakes.policies import TODAY, subject

OFFICIAL = "ghcr.io/openclaw/openclaw"
DIGEST = "@sha256:" + "0123456789abcdef" * 4
IMAGE = "spec.runtime.image"
COMMAND = "spec.runtime.command"
ACTIONS = "spec.taskRole.statements"
SLACK = {"botToken": {"secret": "TELEGRAM_BOT_TOKEN"}, "appToken": {"secret": "TELEGRAM_BOT_TOKEN"}}
WEBHOOK = {"token": {"secret": "TELEGRAM_BOT_TOKEN"}, "paths": ["/hooks/agent"]}
LEFT_OUT = object()
"""As a value: the field is not written at all."""


@dataclass(frozen=True, slots=True)
class Case:
    """path: the one field. warns: the finding is a warning. around: what both manifests share."""

    ref: str
    path: str
    bad: Any
    good: Any
    message: str
    warns: bool = False
    around: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.ref}-{self.message[:60]}"


def statement(action: str = "s3:GetObject", resource: str = "arn:aws:s3:::acme-docs/*") -> list[dict[str, Any]]:
    return [{"actions": [action], "resources": [resource]}]


def image(tag: str, message: str) -> Case:
    return Case("MH-IMG-001", IMAGE, f"{OFFICIAL}{tag}", f"{OFFICIAL}:2026.9.6{DIGEST}", message)


def moving(tag: str) -> Case:
    return image(f":{tag}", f'the image tag "{tag}" may name another image tomorrow')


def action(ref: str, text: str, message: str, good: str = "s3:GetObject") -> Case:
    return Case(ref, ACTIONS, statement(text), statement(good), message)


def resource(text: str, complaint: str, good: str = "arn:aws:s3:::acme-docs/*") -> Case:
    quoted = text if text.startswith("(") else f'"{text}"'
    return Case(
        "MH-IAM-001",
        ACTIONS,
        statement(resource=text),
        statement(resource=good),
        f"the resource {quoted} {complaint}",
    )


def escalating(text: str, why: str) -> Case:
    return action("MH-IAM-002", text, f'the action "{text}" {why}', "s3:GetObject")


def reserved(name: str) -> Case:
    message = f"{name} is set by Molthub, AWS or the system, not by a manifest"
    return Case("MH-RUN-002", f"spec.runtime.env.{name}", "x", LEFT_OUT, message)


def opening(word: str, what: str) -> Case:
    bad, good = [["node", "openclaw.mjs", "gateway", *words] for words in (word.split(), ["--verbose"])]
    message = f"the command sets {what}, which decides who reaches the admin panel"
    return Case("MH-NET-001", COMMAND, bad, good, message)


def size(cpu: int, memory: int, good: int) -> Case:
    message = f"memory {memory} does not go with cpu {cpu} on Fargate"
    return Case("MH-SIZE-001", "spec.runtime.memory", memory, good, message, around={"spec.runtime.cpu": cpu})


CASES = [
    moving("latest"),
    moving("main"),
    moving("slim"),
    moving("extended-stable"),
    moving("stable"),
    moving("edge"),
    moving("2026"),
    moving("2026.9"),
    moving("v2026-browser"),
    moving("dead"),
    image("", f'the image "{OFFICIAL}" has no tag, so it means latest'),
    image(DIGEST, f'the image "{OFFICIAL}" has a digest but no tag, so its version cannot be read'),
    image(f":latest{DIGEST}", 'the image tag "latest" may name another image tomorrow'),
    image(":2026.9.6@sha256:0123", f'the image "{OFFICIAL}:2026.9.6@sha256:0123" is not an image reference'),
    Case(
        "MH-IMG-001",
        IMAGE,
        "ghcr.io/OpenClaw/openclaw:2026.9.6",
        f"{OFFICIAL}:2026.9.6",
        'the image "ghcr.io/OpenClaw/openclaw:2026.9.6" is not an image reference',
    ),
    Case(
        "MH-IMG-002",
        IMAGE,
        f"{OFFICIAL}:2026.1.28",
        f"{OFFICIAL}:2026.3.12",
        "version 2026.1.28 is below the security floor 2026.1.29: CVE-2026-25253 leaks its gateway token",
    ),
    *(
        Case(
            "MH-IMG-002",
            IMAGE,
            f"{OFFICIAL}:{version}",
            f"{OFFICIAL}:2026.3.12",
            f"version {version} has known security advisories",
            warns=True,
        )
        for version in ("2026.1.29", "2026.2.26", "2026.3.11")
    ),
    Case(
        "MH-SEC-001",
        "spec.runtime.env.TOOLS_URL",
        "https://bot:hunter2@tools.example.com",
        "https://tools.example.com",
        "spec.runtime.env.TOOLS_URL looks like it holds an address with a password",
    ),
    Case(
        "MH-SEC-001",
        "spec.lifecycle.paused.reason",
        "new password: hunter22",
        "new password needed",
        "spec.lifecycle.paused.reason looks like it holds a password or key written out",
        around={"spec.lifecycle.paused.by": "ana@example.com"},
    ),
    Case(
        "MH-SEC-001",
        "metadata.labels.token",
        "swordfish",
        LEFT_OUT,
        "metadata.labels.token looks like it holds a value under a secret's name",
    ),
    Case(
        "MH-SEC-001",
        "spec.secrets",
        [{"name": "A", "key": "AK" + "IAQ3EXAMPLE7EXAMP2"}],
        [{"name": "A", "key": "acme/prod/model#a"}],
        "spec.secrets[0].key looks like it holds an AWS access key",
        around={"spec.model": REMOVED, "spec.channels": REMOVED},
    ),
    Case(
        "MH-SEC-002",
        "spec.runtime.env.ANTHROPIC_BACKUP_KEY",
        "later",
        LEFT_OUT,
        'the env variable "ANTHROPIC_BACKUP_KEY" is called like a credential',
    ),
    Case(
        "MH-SEC-002",
        "spec.policies.requireSecretManager",
        False,
        True,
        "requireSecretManager is false: credentials may stand in the manifest",
    ),
    Case(
        "MH-NET-001",
        "spec.policies.forbidPublicAdmin",
        False,
        True,
        "forbidPublicAdmin is false: the admin panel may be opened to others",
    ),
    opening("--bind lan", "--bind"),
    opening("--bind=0.0.0.0", "--bind"),
    opening("--host 0.0.0.0", "--host"),
    opening("--port 8080", "--port"),
    opening("--tailscale funnel", "--tailscale"),
    opening("--auth none", "--auth"),
    opening("--allow-unconfigured", "--allow-unconfigured"),
    opening("gateway.controlUi.dangerouslyDisableDeviceAuth=true", "controlUi"),
    Case(
        "MH-NET-001",
        COMMAND,
        ["sh", "-c", "node openclaw.mjs gateway '--bind' lan"],
        ["sh", "-c", "node openclaw.mjs gateway"],
        "the command sets --bind, which decides who reaches the admin panel",
    ),
    Case(
        "MH-NET-001",
        "spec.runtime.env.OPENCLAW_GATEWAY_BIND",
        "lan",
        LEFT_OUT,
        "the env variable OPENCLAW_GATEWAY_BIND may open the admin panel to others",
    ),
    Case(
        "MH-NET-002",
        "spec.network.inbound",
        "NONE",
        "WEBHOOK",
        "channels.webhook is configured but network.inbound is NONE, so nothing can reach it",
        around={"spec.channels.webhook": WEBHOOK},
    ),
    Case(
        "MH-NET-002",
        "spec.channels.webhook",
        REMOVED,
        WEBHOOK,
        "network.inbound is WEBHOOK but channels.webhook is not configured",
        around={"spec.network.inbound": "WEBHOOK"},
    ),
    Case(
        "MH-NET-003",
        "spec.network.egressPreset",
        "DEFAULT",
        "RESTRICTED",
        "egressPreset DEFAULT lets the Moltbot send anything anywhere",
        warns=True,
    ),
    action("MH-IAM-001", "*", 'the action "*" has a wildcard'),
    action("MH-IAM-001", "s3:*", 'the action "s3:*" has a wildcard'),
    action("MH-IAM-001", "s3:Get*", 'the action "s3:Get*" has a wildcard'),
    action("MH-IAM-001", "s3:GetObjec?", 'the action "s3:GetObjec?" has a wildcard'),
    action("MH-IAM-001", "GetObject", "spec.taskRole.statements[0].actions[0] is not an IAM action"),
    action("MH-IAM-001", "s3:GetObject ", "spec.taskRole.statements[0].actions[0] is not an IAM action"),
    resource("*", "is every resource there is"),
    resource("arn:aws:s3:::*", "has a wildcard that does not stand alone after a / at its end"),
    resource("arn:aws:s3:::acme*/x", "has a wildcard that does not stand alone after a / at its end"),
    resource("arn:aws:s3:::acme/docs*", "has a wildcard that does not stand alone after a / at its end"),
    resource("arn:aws:s3:::*/*", "has a wildcard that does not stand alone after a / at its end"),
    resource("arn:aws:s3:::acme/?", "has a wildcard that does not stand alone after a / at its end"),
    resource("arn:aws:*:::acme/*", "has a wildcard outside its last part"),
    resource("arn:aws:sqs:*:123456789012:jobs", "has a wildcard outside its last part"),
    resource("arn:aws:dynamodb:eu-west-1:123456789012:table/*", "is every table there is"),
    resource("acme-docs", "is not an ARN"),
    resource("arn:aws:s3:::acme/${aws:username}", "is not an ARN"),
    Case(
        "MH-IAM-003",
        ACTIONS,
        statement(action="rds:RebootDBInstance"),
        statement(action="RDS:DescribeDBInstances"),
        'the action "rds:RebootDBInstance" is outside the boundary of instances\' roles: where `molthub bootstrap` '
        "made the environment, AWS denies it",
        warns=True,
    ),
    escalating("iam:PassRole", "changes or reads who may do what"),
    escalating("iam:passrole", "changes or reads who may do what"),
    escalating("sts:AssumeRole", "takes on another role"),
    escalating("secretsmanager:GetSecretValue", "reads secrets at run time; spec.secrets injects those it needs"),
    escalating("ecs:UpdateService", "changes services behind Molthub's back"),
    escalating("ecs:ExecuteCommand", "opens a shell into a task"),
    escalating("lambda:UpdateFunctionCode", "changes the code that runs with another role"),
    escalating("kms:CreateGrant", "hands a key on to others"),
    escalating("cloudtrail:StopLogging", "hides what was done"),
    escalating("s3:PutBucketPolicy", "opens a bucket to others"),
    Case(
        "MH-SKILL-001",
        "spec.skills.remoteInstall",
        True,
        False,
        "remoteInstall is true: skills would be installed from a registry",
    ),
    Case("MH-RUN-001", "spec.runtime.replicas", 2, 1, "replicas is 2, must be 1"),
    Case("MH-RUN-001", "spec.runtime.replicas", 0, 1, "replicas is 0, must be 1"),
    reserved("NODE_OPTIONS"),
    reserved("OPENCLAW_STATE_DIR"),
    reserved("CLAWDBOT_CONFIG_PATH"),
    reserved("AWS_ACCESS_KEY_ID"),
    reserved("LD_PRELOAD"),
    reserved("PATH"),
    Case(
        "MH-RUN-002",
        "spec.secrets",
        [{"name": "NODE_OPTIONS", "key": "a#b"}],
        [{"name": "OPTIONS", "key": "a#b"}],
        "NODE_OPTIONS is set by Molthub, AWS or the system, not by a manifest",
        around={"spec.model": REMOVED, "spec.channels": REMOVED},
    ),
    *(
        Case(
            "MH-RUN-003",
            IMAGE,
            bad,
            f"{OFFICIAL}:2026.9.6",
            f'it is not known how to run the image "{bad}": {why}',
        )
        for bad, why in (
            ("registry.example.com/acme/bot:1.4.2", "its tag does not begin with a version such as 2026.9.6"),
            (f"{OFFICIAL}:2026.4.1", "versions before 2026.6 are not supported"),
            (
                "ghcr.io/moltbot/moltbot:2026.9.6",
                "ghcr.io/moltbot/moltbot is a former name of the project and its versions have no HTTP health endpoint",
            ),
        )
    ),
    Case(
        "MH-RUN-004",
        COMMAND,
        ["node", "openclaw.mjs", "gateway", "--force"],
        ["node", "openclaw.mjs", "gateway", "--verbose"],
        'the command holds what is not passed on to the Moltbot: "--force"',
    ),
    Case(
        "MH-RUN-004",
        COMMAND,
        ["node", "openclaw.mjs", "gateway", "--session=hunter2", "hunter3"],
        ["node", "openclaw.mjs", "gateway", "--verbose"],
        'the command holds what is not passed on to the Moltbot: "--session"',
    ),
    Case(
        "MH-RUN-004",
        COMMAND,
        ["node", "openclaw.mjs", "gateway", "run"],
        ["node", "openclaw.mjs", "gateway"],
        "the command holds what is not passed on to the Moltbot: a word that is no option",
    ),
    Case(
        "MH-RUN-004",
        COMMAND,
        ["sh", "-c", "node openclaw.mjs gateway"],
        ["node", "openclaw.mjs", "gateway"],
        "the command does not begin with node openclaw.mjs gateway",
    ),
    Case(
        "MH-RUN-005",
        IMAGE,
        f"{OFFICIAL}:2026.9.6",
        "registry.example.com/acme/openclaw:2026.9.6-bedrock",
        f'the image "{OFFICIAL}:2026.9.6" does not hold the model provider amazon-bedrock',
        around={"spec.model.primary": "amazon-bedrock/eu.anthropic.claude-sonnet-4-5-20250929-v1:0"},
    ),
    Case(
        "MH-RUN-005",
        IMAGE,
        "registry.example.com/acme/openclaw-slack:2026.9.6",
        "registry.example.com/acme/openclaw-slack-otel:2026.9.6",
        'the image "registry.example.com/acme/openclaw-slack:2026.9.6" does not hold diagnostics-otel, '
        "so no trace is sent",
        warns=True,
        around={"spec.observability.tracing": {"endpoint": "https://otel.example.com"}},
    ),
    Case(
        "MH-CHAN-001",
        IMAGE,
        f"{OFFICIAL}:2026.9.6",
        "registry.example.com/acme/openclaw-slack:2026.9.6",
        f'the image "{OFFICIAL}:2026.9.6" does not hold the channel slack',
        around={"spec.channels.slack": SLACK},
    ),
    size(1024, 2500, 3072),
    size(256, 4096, 2048),
    size(4096, 31744, 30720),
    size(8192, 17408, 20480),
    Case(
        "MH-SIZE-001",
        "spec.runtime.cpu",
        1000,
        1024,
        "cpu 1000 is none of Fargate's (256, 512, 1024, 2048, 4096, 8192, 16384)",
    ),
    Case(
        "MH-SIZE-003",
        "spec.runtime.memory",
        512,
        2048,
        "memory 512 is too small: a Moltbot needs about 1000 MiB just to start",
        around={"spec.runtime.cpu": 256},
    ),
    Case(
        "MH-SIZE-003",
        "spec.runtime.memory",
        1024,
        2048,
        "memory 1024 is tight: a Moltbot takes about 1000 MiB when idle",
        warns=True,
        around={"spec.runtime.cpu": 256},
    ),
]


def manifest(case: Case, value: Any) -> dict[str, Any]:
    """The overrides that put the value at the case's path, and what is around it at its own."""
    result: dict[str, Any] = {}
    for path, item in (*case.around.items(), (case.path, value)):
        *parents, last = path.split(".")
        place = result
        for name in parents:
            place = place.setdefault(name, {})
        if item is not LEFT_OUT:
            place[last] = item
    return result


def said(case: Case, value: Any, without: str = "") -> list[tuple[str, str, Severity]]:
    rules = [rule for rule in builtin_rules() if rule.ref != without]
    verdicts = run(rules, subject(manifest(case, value)), today=TODAY)
    return [
        (item.ref, item.message, item.severity)
        for item in (*verdicts.errors, *verdicts.notices)
        if item.ref == case.ref
    ]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_bad_manifest_gets_exactly_this_message(case: Case) -> None:
    severity = Severity.WARNING if case.warns else Severity.ERROR
    assert said(case, case.bad) == [(case.ref, case.message, severity)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_good_twin_passes_the_rule(case: Case) -> None:
    assert said(case, case.good) == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_is_the_rule_that_catches_it(case: Case) -> None:
    assert said(case, case.bad, without=case.ref) == []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_every_finding_has_a_place_and_a_fix(case: Case) -> None:
    verdicts = run(builtin_rules(), subject(manifest(case, case.bad)), today=TODAY)
    for item in (*verdicts.errors, *verdicts.notices):
        assert item.location is not None
        assert item.location.line
        assert item.fix
        assert not item.message.endswith(".")


def test_every_rule_has_a_case() -> None:
    # They judge what is rendered (test_rendered_size.py) and the environment (test_endpoints_only.py).
    elsewhere = {"MH-SIZE-002", "MH-NET-004"}
    assert {case.ref for case in CASES} | elsewhere == {rule.ref for rule in builtin_rules()}


def test_the_plain_manifest_passes_everything() -> None:
    verdicts = run(builtin_rules(), subject({}, rendered_bytes=16), today=TODAY)
    assert (verdicts.errors, verdicts.notices) == ((), ())
