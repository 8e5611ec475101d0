"""Differences without noise."""

from __future__ import annotations

import dataclasses
import typing

import pytest

from molthub.planning.diff import IMMUTABLE, UNORDERED_LISTS, diff
from molthub.planning.types import AttributeChange
from molthub.resources import types
from molthub.resources.normal import ORDERED, leaves
from molthub.resources.types import Container, Kind, Resource, Rule, SecurityGroup, TaskDefinition
from tests.fakes.resource_sets import bot, changed, resource_set, with_state

WHOLE = with_state(resource_set(bot()), bot())
HTTPS = Rule("tcp", 443, 443, "0.0.0.0/0")
DNS = Rule("udp", 53, 53, "10.0.0.0/8")


def group(*, ingress: tuple[Rule, ...] = (), egress: tuple[Rule, ...] = (HTTPS,)) -> SecurityGroup:
    return SecurityGroup("molthub-a", "a Moltbot", "vpc-0a", ingress=ingress, egress=egress)


def paths(kind: Kind, before: Resource | None, after: Resource | None) -> list[str]:
    return [item.path for item in diff(kind, before, after).attributes]


@pytest.mark.parametrize("kind", list(Kind))
def test_equal_resources_differ_in_nothing(kind: Kind) -> None:
    resource = WHOLE.get(kind)
    assert resource is not None
    found = diff(kind, resource, resource)
    assert found.attributes == ()
    assert found.unchanged == len(leaves(resource))


def test_a_scalar_shows_both_sides() -> None:
    after = changed(WHOLE, Kind.LOG_GROUP, retention_days=30).log_group
    assert diff(Kind.LOG_GROUP, WHOLE.log_group, after).attributes == (AttributeChange("retention_days", 365, 30),)


def test_an_explicit_zero_and_none_differ() -> None:
    zero = changed(WHOLE, Kind.SERVICE, health_check_grace_seconds=0).service
    assert diff(Kind.SERVICE, WHOLE.service, zero).attributes == (
        AttributeChange("health_check_grace_seconds", None, 0),
    )


def test_a_rule_added_to_an_empty_list_shows_its_parts_and_no_empty_list() -> None:
    found = diff(Kind.SECURITY_GROUP, group(ingress=(HTTPS,)), group())
    assert found.attributes == (
        AttributeChange("ingress[0].protocol", "tcp", None),
        AttributeChange("ingress[0].from_port", 443, None),
        AttributeChange("ingress[0].to_port", 443, None),
        AttributeChange("ingress[0].peer", "0.0.0.0/0", None),
        AttributeChange("ingress[0].description", "", None),
    )


def test_a_rule_put_in_front_does_not_shift_the_others() -> None:
    found = diff(Kind.SECURITY_GROUP, group(egress=(HTTPS,)), group(egress=(DNS, HTTPS)))
    assert {item.path.split(".")[0] for item in found.attributes} == {"egress[0]"}
    assert found.attributes[3] == AttributeChange("egress[0].peer", None, "10.0.0.0/8")


def test_removing_and_adding_at_once_pairs_them_as_a_change() -> None:
    other = dataclasses.replace(HTTPS, peer="10.0.0.0/8")
    found = diff(Kind.SECURITY_GROUP, group(egress=(HTTPS, DNS)), group(egress=(DNS, other)))
    assert found.attributes == (AttributeChange("egress[1].peer", "0.0.0.0/0", "10.0.0.0/8"),)


def test_subnets_are_matched_by_content() -> None:
    after = changed(WHOLE, Kind.SERVICE, subnets=("subnet-00", "subnet-0a", "subnet-0b")).service
    assert diff(Kind.SERVICE, WHOLE.service, after).attributes == (AttributeChange("subnets[0]", None, "subnet-00"),)


def test_a_label_whose_key_is_a_number_stays_a_label() -> None:
    one = changed(WHOLE, Kind.LOG_GROUP, tags=(("1", "x"),)).log_group
    two = changed(WHOLE, Kind.LOG_GROUP, tags=(("2", "x"),)).log_group
    assert diff(Kind.LOG_GROUP, one, two).attributes == (
        AttributeChange("tags[1]", "x", None),
        AttributeChange("tags[2]", None, "x"),
    )


def test_a_container_is_found_by_name() -> None:
    after = with_state(resource_set(bot(), image="ghcr.io/openclaw/openclaw:2026.9.7"), bot()).task_definition
    assert paths(Kind.TASK_DEFINITION, WHOLE.task_definition, after) == [
        "containers[init].image",
        "containers[gateway].image",
    ]


def test_the_order_of_containers_is_a_difference_that_is_told() -> None:
    before = WHOLE.task_definition
    assert before is not None
    after = dataclasses.replace(before, containers=before.containers[::-1])
    assert diff(Kind.TASK_DEFINITION, before, after).attributes == (
        AttributeChange("containers", ("init", "gateway"), ("gateway", "init")),
    )


def test_a_health_check_that_appears_shows_no_unset_parent() -> None:
    before = changed(WHOLE, Kind.TASK_DEFINITION, containers=(Container("gateway", "image:1"),)).task_definition
    assert WHOLE.task_definition is not None
    check = WHOLE.task_definition.containers[1].health_check
    container = Container("gateway", "image:1", health_check=check)
    after = changed(WHOLE, Kind.TASK_DEFINITION, containers=(container,)).task_definition
    found = paths(Kind.TASK_DEFINITION, before, after)
    assert "containers[gateway].health_check" not in found
    assert "containers[gateway].health_check.command[0]" in found


def test_a_whole_resource_shows_what_it_sets_and_nothing_else() -> None:
    found = diff(Kind.SERVICE, None, WHOLE.service)
    shown = {item.path: (item.before, item.after) for item in found.attributes}
    assert shown["desired_count"] == (None, 1)
    assert "unmanaged" not in shown
    assert "health_check_grace_seconds" not in shown
    assert found.unchanged == 0


@pytest.mark.parametrize(
    ("kind", "field"), [(kind, field) for kind, fields in IMMUTABLE.items() for field in sorted(fields)]
)
def test_immutable_fields_force_replacement(kind: Kind, field: str) -> None:
    before = WHOLE.get(kind)
    after = changed(WHOLE, kind, **{field: "another"}).get(kind)
    assert before is not None
    expected = AttributeChange(field, getattr(before, field), "another", forces_replacement=True)
    assert diff(kind, before, after).attributes == (expected,)
    assert not diff(kind, None, after).attributes[0].forces_replacement


def test_every_tuple_of_every_type_is_known_as_ordered_pairs_or_unordered() -> None:
    """A new list field that nobody placed would show shifted items as changes."""
    nested = (types.Container, types.HealthCheck, types.Tmpfs, types.Mount, types.Port, types.Rule)
    for cls in (*typing.get_args(types.Resource), *nested):
        hints = typing.get_type_hints(cls)
        for field in dataclasses.fields(cls):
            hint = str(hints[field.name])
            if "tuple[tuple[str, str]" in hint or "tuple" not in hint:
                continue
            assert (field.name in ORDERED) != (field.name in UNORDERED_LISTS), f"{cls.__name__}.{field.name}"


def test_the_family_is_updated_not_replaced() -> None:
    before = WHOLE.task_definition
    assert isinstance(before, TaskDefinition)
    found = diff(Kind.TASK_DEFINITION, before, dataclasses.replace(before, family="other"))
    assert found.attributes == (AttributeChange("family", before.family, "other"),)
