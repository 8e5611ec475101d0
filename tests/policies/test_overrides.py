"""Deliberate overrides: a switch set to false counts only with a live waiver, and covers only what it says."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.guard.engine import run
from molthub.policies.registry import builtin_rules
from tests.fakes.policies import TODAY, subject

UNTIL = "2027-01-31"
REASON = "agreed with the security team"


def verdicts(
    overrides: dict[str, Any], *, waived: tuple[str, ...] = (), until: str = UNTIL, **policies: bool
) -> tuple[list[str], list[str]]:
    """(errors, notices) as `REF message`."""
    waivers = [{"rule": rule, "reason": REASON, "until": until} for rule in waived]
    spec = {**overrides.get("spec", {}), "policies": {**policies, "waivers": waivers}}
    found = run(builtin_rules(), subject({**overrides, "spec": spec}), today=TODAY)
    return [f"{item.ref} {item.message}" for item in found.errors], [
        f"{item.ref} {item.message}" for item in found.notices
    ]


def env(**values: str) -> dict[str, Any]:
    return {"spec": {"runtime": {"env": values}}}


SWITCHES = [
    ("requireSecretManager", "MH-SEC-002", "requireSecretManager is false: credentials may stand in the manifest"),
    ("forbidPublicAdmin", "MH-NET-001", "forbidPublicAdmin is false: the admin panel may be opened to others"),
]


@pytest.mark.parametrize(("switch", "ref", "message"), SWITCHES)
def test_a_switch_without_a_waiver_is_an_error(switch: str, ref: str, message: str) -> None:
    assert verdicts({}, **{switch: False}) == ([f"{ref} {message}"], [])


@pytest.mark.parametrize(("switch", "ref", "message"), SWITCHES)
def test_a_switch_with_a_live_waiver_is_shouted(switch: str, ref: str, message: str) -> None:
    shout = f"{ref} WAIVED until {UNTIL}: {REASON} [{ref}: {message}]"
    assert verdicts({}, waived=(ref,), **{switch: False}) == ([], [shout])


@pytest.mark.parametrize(("switch", "ref", "message"), SWITCHES)
def test_a_switch_with_an_expired_waiver_is_two_errors(switch: str, ref: str, message: str) -> None:
    expected = [f"{ref} {message}", f"MH-POL-001 the waiver of {ref} ended on 2026-11-22"]
    assert verdicts({}, waived=(ref,), until="2026-11-22", **{switch: False}) == (expected, [])


@pytest.mark.parametrize(("switch", "ref", "message"), SWITCHES)
def test_a_waiver_without_the_switch_waives_nothing(switch: str, ref: str, message: str) -> None:
    assert verdicts({}, waived=(ref,)) == ([], [f"MH-POL-004 the waiver of {ref} waives nothing"])


def test_a_credential_in_env_needs_the_switch_and_the_waiver() -> None:
    credential = env(GITHUB_TOKEN="to-be-filled-in")
    message = 'the env variable "GITHUB_TOKEN" is called like a credential'
    assert f"MH-SEC-002 {message}" in verdicts(credential, waived=("MH-SEC-002",))[0]
    assert f"MH-SEC-002 {message}" in verdicts(credential, requireSecretManager=False)[0]
    assert verdicts(credential, waived=("MH-SEC-002",), requireSecretManager=False)[0] == []


def test_a_known_token_stays_refused_whatever_is_waived() -> None:
    token = env(GITHUB_TOKEN="gh" + "p_" + "aB3" * 12)
    errors, _ = verdicts(token, waived=("MH-SEC-001", "MH-SEC-002"), requireSecretManager=False)
    assert errors == ["MH-SEC-001 spec.runtime.env.GITHUB_TOKEN looks like it holds a GitHub token"]


def test_a_random_string_may_be_waived() -> None:
    random = env(BUILD="aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6kL9n")
    assert verdicts(random)[0] == [
        "MH-SEC-001 spec.runtime.env.BUILD looks like it holds a random string such as keys are made of"
    ]
    assert verdicts(random, waived=("MH-SEC-001",))[0] == []


def test_what_opens_the_panel_is_refused_under_every_waiver() -> None:
    command = {"spec": {"runtime": {"command": ["node", "openclaw.mjs", "gateway", "--bind", "lan"]}}}
    errors, _ = verdicts(command, waived=("MH-NET-001",), forbidPublicAdmin=False)
    assert errors == ["MH-NET-001 the command sets --bind, which decides who reaches the admin panel"]


def test_an_old_version_runs_with_both_waivers() -> None:
    old = {"spec": {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.1.15"}}}
    assert [error[:10] for error in verdicts(old)[0]] == ["MH-IMG-002", "MH-RUN-003"]
    errors, notices = verdicts(old, waived=("MH-IMG-002", "MH-RUN-003"))
    assert errors == []
    assert [notice[:24] for notice in notices] == ["MH-IMG-002 WAIVED until ", "MH-RUN-003 WAIVED until "]


@pytest.mark.parametrize("rule", [rule.ref for rule in builtin_rules() if not rule.waivable])
def test_a_rule_without_waivers_refuses_one(rule: str) -> None:
    assert verdicts({}, waived=(rule,))[0] == [f"MH-POL-003 {rule} cannot be waived"]


def test_malformed_iam_cannot_be_waived_and_a_wildcard_can() -> None:
    statements = [{"actions": ["bedrock:ListFoundationModels"], "resources": ["*"]}]
    wild = {"spec": {"taskRole": {"statements": statements}}}
    assert verdicts(wild, waived=("MH-IAM-001",))[0] == []
    malformed = {"spec": {"taskRole": {"statements": [{**statements[0], "resources": ["bucket"]}]}}}
    assert verdicts(malformed, waived=("MH-IAM-001",))[0] == ['MH-IAM-001 the resource "bucket" is not an ARN']
