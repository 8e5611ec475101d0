"""What holds for any manifest: rendering never raises, is the same each time, stays within AWS's limits."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molthub.desired.render import RenderFacts, render
from molthub.resources.identity import Identity, names_of
from molthub.resources.normal import canonical_json, to_json
from molthub.resources.types import Kind, ResourceSet, TaskDefinition
from tests.builders import REMOVED, loaded_environment, loaded_instance
from tests.fakes.desired import (
    FLEET,
    OLD_IMAGE,
    SLACK_IMAGE,
    config_of,
    containers_of,
    generated_spec,
    rendered,
)

LIMIT = 60 * 1024
LONGEST = "a" + "b" * 38 + "c"
ENVIRONMENT = loaded_environment()

images = st.sampled_from([SLACK_IMAGE, OLD_IMAGE, "ghcr.io/openclaw/openclaw:2026.9.6", "acme/bot:stable"])


def size_of(resources: ResourceSet) -> int:
    """Bytes of the task definition as compact JSON: close to what RegisterTaskDefinition is sent."""
    return len(json.dumps(to_json(resources.task_definition), separators=(",", ":")))


@given(random=st.randoms(use_true_random=False), image=images, paused=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_manifest_renders_closed_and_always_alike(random: Random, image: str, paused: bool) -> None:
    instance = loaded_instance(spec=generated_spec(random, image))
    facts = RenderFacts({"acme/prod/bot": "v1"}, paused=paused)
    first = render(instance, ENVIRONMENT, fleet=FLEET, facts=facts)
    assert first == render(instance, ENVIRONMENT, fleet=FLEET, facts=facts)
    init, gateway = containers_of(first)
    assert gateway.command is not None
    assert gateway.command[-4:] == ("--bind", "loopback", "--port", "18789")
    assert config_of(first)["skills"]["allowBundled"]
    assert init.secrets == ()
    assert first.resources.security_group is not None
    assert first.resources.security_group.ingress == ()
    assert size_of(first.resources) <= LIMIT


def test_a_maximal_sensible_manifest_stays_below_60_kib() -> None:
    """With a gate beside it. A larger one is refused when it is validated (MH-SIZE-002)."""
    spec = generated_spec(Random(7), SLACK_IMAGE)
    spec["skills"] = {"allowlist": [f"skill-number-{number:03}-with-a-longer-name" for number in range(200)]}
    spec["runtime"]["env"] = {f"A_RATHER_LONG_SETTING_{number}": f"{number:x}" * 32 for number in range(80)}
    path = "a/rather/long/path/number"
    spec["secrets"] += [{"name": f"SECRET_NUMBER_{number}", "key": f"{path}/{number}#andAKey"} for number in range(44)]
    size = size_of(rendered(**spec).resources)
    assert 20_000 < size <= LIMIT


def test_names_of_a_maximal_identity_stay_within_awss_limits() -> None:
    meta = {"id": LONGEST, "name": LONGEST, "workspace": LONGEST, "environment": LONGEST}
    instance = loaded_instance(metadata=meta)
    resources = render(instance, ENVIRONMENT, fleet=LONGEST, facts=RenderFacts({})).resources
    limits = {
        Kind.SERVICE: 255,
        Kind.SECURITY_GROUP: 255,
        Kind.LOG_GROUP: 512,
        Kind.SECRET: 512,
        Kind.TASK_ROLE: 64,
        Kind.EXECUTION_ROLE: 64,
    }
    for kind, limit in limits.items():
        assert len(getattr(resources.get(kind), "name")) <= limit  # noqa: B009 - one of several types
    target_group = names_of(instance.identity(LONGEST)).target_group
    assert len(target_group) <= 32
    assert not target_group.endswith("-")
    assert resources.task_definition is not None
    assert len(resources.task_definition.family) <= 255
    assert resources.security_group is not None
    assert len(resources.security_group.description) <= 255
    assert resources.task_role is not None
    assert len(resources.task_role.path) <= 512
    assert len(resources.task_role.description) <= 1000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Identity("f", "a-b", "c", "d"), Identity("f", "a", "b-c", "d")),
        (Identity("f", "a", "b", "c"), Identity("g", "a", "b", "c")),
    ],
)
def test_two_identities_share_no_resource_name(one: Identity, other: Identity) -> None:
    def names(identity: Identity) -> set[str]:
        meta = {"id": identity.id, "workspace": identity.workspace, "environment": identity.environment}
        instance = loaded_instance(metadata=meta)
        resources = render(instance, ENVIRONMENT, fleet=identity.fleet, facts=RenderFacts({})).resources
        assert resources.task_definition is not None
        made = [resource for kind in Kind if (resource := resources.get(kind)) is not None]
        others = [getattr(resource, "name", "") for resource in made if not isinstance(resource, TaskDefinition)]
        return {*others, names_of(identity).target_group, resources.task_definition.family}

    assert not names(one) & names(other)


def test_policies_are_canonical_text() -> None:
    for role in (rendered().resources.task_role, rendered("bedrock-and-task-role").resources.execution_role):
        assert role is not None
        assert role.trust == canonical_json(role.trust)
        assert all(text == canonical_json(text) for _, text in role.inline_policies)


def test_a_manifest_without_model_channel_or_secret_renders() -> None:
    result = rendered(model=REMOVED, channels=REMOVED, secrets=[])
    assert "model" not in config_of(result)["agents"]["defaults"]
    assert result.linked_secrets == frozenset()
