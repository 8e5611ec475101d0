"""Whatever is there and whatever is wanted: applying the plan ends it, and so does a crash and another try."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molthub.apply.engine import apply_environment
from molthub.apply.settings import ApplySettings
from molthub.planning.plan import PlanRequest, plan_instance
from molthub.planning.types import Action, InstancePlan
from molthub.resources.normal import task_fingerprint
from molthub.resources.states import Verdict
from molthub.resources.types import Kind, Port, ResourceSet, Rule
from tests.fakes.clock import FakeClock
from tests.fakes.provider import CrashError, FakeProvider, Instance
from tests.fakes.resource_sets import (
    COMMIT,
    KEY,
    STATELESS,
    bot,
    changed,
    environment_plan,
    normalised,
    plan_with,
    resource_set,
)

BOT = bot()
SETTINGS = ApplySettings(commit=COMMIT, actor="test")

TAGS = st.dictionaries(st.sampled_from(["team", "0", "cost"]), st.sampled_from(["a", "b", ""]))
RULES = st.lists(
    st.builds(
        Rule, st.just("tcp"), st.sampled_from([22, 443]), st.just(443), st.sampled_from(["10.0.0.0/8", "0.0.0.0/0"])
    )
)


@st.composite
def wanted(draw: st.DrawFn) -> ResourceSet:
    """What a renderer might give."""
    image = f"ghcr.io/openclaw/openclaw:2026.9.{draw(st.integers(1, 3))}"
    subnets = draw(st.lists(st.sampled_from(["subnet-0a", "subnet-0b", "subnet-0c"]), min_size=1))
    whole = resource_set(BOT, image=image, count=draw(st.integers(0, 1)), subnets=tuple(subnets))
    return _with_tags(whole, tuple(draw(TAGS).items()))


@st.composite
def present(draw: st.DrawFn) -> ResourceSet:
    """What AWS might hold: half-made, tampered with in every way, or nothing."""
    whole = draw(wanted())
    rules = {"ingress": tuple(draw(RULES)), "egress": tuple(draw(RULES))}
    whole = changed(whole, Kind.SECURITY_GROUP, description=draw(st.sampled_from(["a Moltbot", "by hand"])), **rules)
    whole = changed(whole, Kind.TASK_ROLE, path=draw(st.sampled_from(["/molthub/acme-bots/", "/"])))
    whole = changed(whole, Kind.SERVICE, desired_count=draw(st.integers(0, 3)))
    whole = changed(whole, Kind.SERVICE, launch_type=draw(st.sampled_from(["FARGATE", "EC2"])))
    if draw(st.booleans()):
        whole = _with_a_port(whole)
    lost = draw(st.sets(st.sampled_from(list(STATELESS))))
    return dataclasses.replace(whole, **{kind.name.lower(): None for kind in lost})  # type: ignore[arg-type]


def _with_tags(whole: ResourceSet, tags: tuple[tuple[str, str], ...]) -> ResourceSet:
    for kind in STATELESS:
        if hasattr(whole.get(kind), "tags"):
            whole = changed(whole, kind, tags=tags)
    return whole


def _with_a_port(whole: ResourceSet) -> ResourceSet:
    definition = whole.task_definition
    assert definition is not None
    init, gateway = definition.containers
    whole = changed(whole, Kind.TASK_DEFINITION, containers=(init, dataclasses.replace(gateway, ports=(Port(22),))))
    assert whole.task_definition is not None
    return changed(whole, Kind.SERVICE, task_definition=task_fingerprint(whole.task_definition))


def cloud_with(there: ResourceSet) -> FakeProvider:
    cloud = FakeProvider(KEY)
    item = Instance(resources=there, running=there.service.desired_count if there.service else 0)
    if there.task_definition is not None:
        item.revisions[task_fingerprint(there.task_definition)] = there.task_definition
    cloud.instances[BOT] = item
    return cloud


def carry_out(cloud: FakeProvider, plan: InstancePlan) -> None:
    apply_environment(
        environment_plan(plan),
        cloud,
        settings=SETTINGS,
        report=lambda _event: None,
        clock=FakeClock(),
        jitter=lambda: 0,
    )


def assert_done(cloud: FakeProvider, desired: ResourceSet | None) -> None:
    again = plan_with(cloud, BOT, desired)
    assert (again.verdict, again.changes, again.reasons) == (Verdict.SYNCED, (), ())
    assert cloud.resources(BOT) == (desired or ResourceSet())
    writes = len(cloud.writes)
    carry_out(cloud, again)
    assert len(cloud.writes) == writes


@given(present(), st.none() | wanted())
@settings(deadline=None)
def test_applying_the_plan_once_ends_it(there: ResourceSet, desired: ResourceSet | None) -> None:
    cloud = cloud_with(there)
    carry_out(cloud, plan_with(cloud, BOT, desired))
    assert_done(cloud, desired)


@given(present(), st.none() | wanted(), st.integers(1, 9), st.booleans())
@settings(deadline=None)
def test_a_crash_at_any_call_and_another_try_end_the_same(
    there: ResourceSet, desired: ResourceSet | None, call: int, after_effect: bool
) -> None:
    cloud = cloud_with(there)
    plan = plan_with(cloud, BOT, desired)
    cloud.crash_at(call, after_effect=after_effect)
    if call <= len(plan.changes):
        with pytest.raises(CrashError):
            carry_out(cloud, plan)
    cloud.heal()
    carry_out(cloud, plan_with(cloud, BOT, desired))
    assert_done(cloud, desired)


@given(present(), wanted())
@settings(deadline=None)
def test_pausing_and_resuming_from_anywhere_ends_as_wanted(there: ResourceSet, desired: ResourceSet) -> None:
    cloud = cloud_with(there)
    carry_out(cloud, plan_with(cloud, BOT, desired, paused=True))
    stopped = cloud.resources(BOT)
    if there.service is None:
        assert stopped == there
    else:
        assert stopped == changed(there, Kind.SERVICE, desired_count=0)
    assert plan_with(cloud, BOT, desired, paused=True).changes == ()
    carry_out(cloud, plan_with(cloud, BOT, desired))
    assert_done(cloud, desired)


@given(present(), st.none() | wanted())
@settings(deadline=None)
def test_the_same_inputs_give_the_same_plan(there: ResourceSet, desired: ResourceSet | None) -> None:
    assert plan_with(cloud_with(there), BOT, desired) == plan_with(cloud_with(there), BOT, desired)


@given(wanted(), wanted())
@settings(deadline=None)
def test_a_change_is_planned_exactly_when_something_differs(there: ResourceSet, desired: ResourceSet) -> None:
    plan = plan_with(cloud_with(there), BOT, desired)
    kinds = {change.kind for change in plan.changes}
    assert kinds == {kind for kind in STATELESS if there.get(kind) != desired.get(kind)}
    assert all(change.attributes or change.force for change in plan.changes)


@given(present(), wanted())
@settings(deadline=None)
def test_both_sides_of_every_change_are_the_resources_themselves(there: ResourceSet, desired: ResourceSet) -> None:
    for change in plan_with(cloud_with(there), BOT, desired).changes:
        assert (change.before is None) is (change.action is Action.CREATE)
        assert (change.after is None) is (change.action is Action.DELETE)
        assert change.before in (None, there.get(change.kind))
        assert change.after in (None, desired.get(change.kind))


@pytest.mark.parametrize("kind", list(STATELESS))
def test_the_order_of_what_has_none_makes_no_noise(kind: Kind) -> None:
    """Reversed tuples on the observed side are the same thing, except where order means something."""
    whole = _with_tags(resource_set(BOT), (("a", "1"), ("b", "2")))
    resource: Any = whole.get(kind)
    fields = {
        field.name: getattr(resource, field.name)[::-1]
        for field in dataclasses.fields(resource)
        if isinstance(getattr(resource, field.name), tuple) and field.name != "containers"
    }
    backwards = dataclasses.replace(whole, **{kind.name.lower(): dataclasses.replace(resource, **fields)})
    request = PlanRequest(BOT, "x", whole, dataclasses.replace(_observed(whole), resources=backwards))
    assert plan_instance(request).changes == ()
    assert normalised(backwards) == whole


def _observed(whole: ResourceSet) -> Any:
    cloud = cloud_with(whole)
    return cloud._observed(BOT)
