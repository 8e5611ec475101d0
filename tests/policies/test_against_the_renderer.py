"""The guardrails and the renderer agree: what a guardrail lets pass is rendered as it was written."""

from __future__ import annotations

import json
from typing import Any

import pytest

from molthub.aws.arns import Account, Ids, secret_names
from molthub.aws.writers.task_definitions import request_of
from molthub.desired.profiles.openclaw import PROFILES
from molthub.desired.render import RenderFacts, render
from molthub.guard.engine import Subject, run
from molthub.manifest.secret_shapes import looks_secret
from molthub.policies.registry import builtin_rules
from molthub.policies.reserved_variables import is_reserved
from molthub.policies.task_definition_size import LIMIT, rendered_size
from molthub.resources.types import Container, ResourceSet, TaskDefinition
from tests.builders import instance_dict, loaded_environment, loaded_instance
from tests.fakes.policies import TODAY


def judged(overrides: dict[str, Any]) -> tuple[list[str], ResourceSet]:
    """The references of the errors, and what was rendered."""
    instance, environment = loaded_instance(**overrides), loaded_environment()
    resources = render(instance, environment, fleet="acme-bots", facts=RenderFacts({})).resources
    verdicts = run(builtin_rules(), Subject(instance, environment, resources), today=TODAY)
    return [item.ref for item in verdicts.errors], resources


def definition(resources: ResourceSet) -> TaskDefinition:
    assert resources.task_definition is not None
    return resources.task_definition


def gateway(resources: ResourceSet) -> Container:
    return next(item for item in definition(resources).containers if item.name == "gateway")


def test_every_variable_that_molthub_sets_is_reserved() -> None:
    errors, resources = judged({"spec": {"runtime": {"env": {"TZ": "Europe/Berlin"}}}})
    assert errors == []
    rendered = {name for container in definition(resources).containers for name, _ in container.environment}
    assert {name for name in rendered if not is_reserved(name)} == {"TZ"}
    injected = {name for name, _ in gateway(resources).secrets}
    assert {name for name in injected if not is_reserved(name)} == {"ANTHROPIC_API_KEY", "TELEGRAM_BOT_TOKEN"}


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_variable_the_moltbot_reads_a_credential_from_is_known_as_one(profile: Any) -> None:
    assert {name for name in profile.native_secrets.values() if not looks_secret(name)} == set()
    assert {name for name in profile.native_secrets.values() if is_reserved(name)} == set()
    assert looks_secret(profile.gateway_token)
    assert is_reserved(profile.gateway_token)


@pytest.mark.parametrize("words", [[], ["--verbose"], ["--verbose", "--ws-log", "compact"], ["--ws-log=full"]])
def test_a_command_that_passes_is_run_word_for_word(words: list[str]) -> None:
    command = ["node", "openclaw.mjs", "gateway", *words]
    errors, resources = judged({"spec": {"runtime": {"command": command}}})
    container = gateway(resources)
    assert errors == []
    assert [*(container.entry_point or ()), *(container.command or ())][: len(command)] == command


def test_the_real_thing_is_far_below_the_limit_and_a_large_env_is_not() -> None:
    errors, resources = judged({})
    assert errors == []
    assert rendered_size(definition(resources)) < LIMIT / 3
    env = {f"TEXT_{number}": "word " * 800 for number in range(16)}
    assert judged({"spec": {"runtime": {"env": env}}})[0] == ["MH-SIZE-002"]


@pytest.mark.parametrize("count", [0, 45])
def test_the_estimated_size_is_close_to_the_request_that_ecs_gets(count: int) -> None:
    secrets = [{"name": f"S{number}", "key": f"acme/prod/s{number}#value"} for number in range(count)]
    base = instance_dict()["spec"]["secrets"]
    env = {f"NAME_{number}": "some value" for number in range(count * 2)}
    _, resources = judged({"spec": {"secrets": base + secrets, "runtime": {"env": env}}})
    names = {name for _, text in gateway(resources).secrets for name in secret_names(text)}
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:{}-AbCdEf"
    ids = Ids(
        Account("aws", "123456789012", "eu-west-1"), "/molthub/acme-bots/", secrets={n: arn.format(n) for n in names}
    )
    request = len(json.dumps(request_of(definition(resources), ids), separators=(",", ":")).encode())
    assert request * 0.95 <= rendered_size(definition(resources)) <= request * 1.25
