"""The process dies at each write of a webhook instance's making and going: a fresh one ends as an unkilled one does.
And what is met on the way: a taken priority, a full load balancer, a target group still in use."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.aws.readers.load_balancing import hosts_of
from molthub.aws.writers.listener_rules import free_priority
from molthub.errors import StallingError, WaitingError
from molthub.planning.types import Action, Change
from molthub.resources.types import Kind, ResourceSet
from tests.fakes.aws_meddling import CrashError, Dying, MeddlingClients
from tests.fakes.aws_world import LOCATION, create, differences
from tests.fakes.ingress_world import IngressWorld, ingress_world, standing
from tests.fakes.simulator import TestSimulator

WAY_IN = (Kind.TARGET_GROUP, Kind.LISTENER_RULE, Kind.DNS_RECORD)
WRITES = {"make": 4, "remove": 3}


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> IngressWorld:
    return ingress_world(simulator, monkeypatch)


def steps(deed: str, desired: ResourceSet) -> list[Change]:
    if deed == "make":
        return [create(desired, kind) for kind in WAY_IN]
    return [Change(Action.DELETE, kind, kind.value, desired.get(kind), None) for kind in reversed(WAY_IN)]


def carry_out(world: IngressWorld, wanted: list[Change]) -> None:
    for step in wanted:
        world.perform(step)


def inventory(world: IngressWorld) -> dict[str, Any]:
    (account,) = world.control.inventory().values()
    region = account[LOCATION.region]
    return {"hosts": account["hosts"], "rules": region["listenerRules"], "groups": region["targetGroups"]}


@pytest.mark.parametrize("deed", ["make", "remove"])
@pytest.mark.parametrize("after_effect", [False, True])
def test_dying_at_each_write_changes_nothing_in_the_end(world: IngressWorld, deed: str, after_effect: bool) -> None:
    desired = world.desired()
    unkilled: dict[str, Any] | None = None
    for at in range(1, WRITES[deed] + 1):
        if deed == "remove":
            carry_out(world, steps("make", desired))
        dying = Dying(at, after_effect=after_effect)
        world.provider = standing(world.foundation, MeddlingClients(LOCATION, dying))
        with pytest.raises(CrashError):
            carry_out(world, steps(deed, desired))
        world.provider = world.fresh_provider()
        carry_out(world, steps(deed, desired))
        unkilled = unkilled or inventory(world)
        assert inventory(world) == unkilled, f"died at write {at}"
        world.control.reset_counters()
        for step in steps(deed, desired):
            assert not world.perform(step).wrote
        assert world.writes() == []
        carry_out(world, steps("remove", desired))
    world.provider = standing(world.foundation, MeddlingClients(LOCATION, Dying(WRITES[deed] + 1, after_effect=False)))
    if deed == "make":
        carry_out(world, steps("make", desired))  # there is no further write to die in
        assert {path.split(".")[0] for path in differences(world.seen().resources, desired)}.isdisjoint(WAY_IN)


def test_a_priority_that_somebody_takes_first_is_not_tried_again(world: IngressWorld) -> None:
    desired = world.desired()
    world.perform(create(desired, Kind.TARGET_GROUP))
    elb, listener = world.client("elbv2"), world.foundation.listeners[0].arn
    wanted = free_priority(world.names.target_group, set())

    def take(name: str, call: Any) -> Any:
        if name == "create_rule":
            rules = elb.describe_rules(ListenerArn=listener)["Rules"]
            if not any(hosts_of(rule) == ("theirs.example.com",) for rule in rules):
                hosts = {"Field": "host-header", "HostHeaderConfig": {"Values": ["theirs.example.com"]}}
                refuse = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
                elb.create_rule(ListenerArn=listener, Priority=wanted, Conditions=[hosts], Actions=[refuse])
        return call()

    world.provider = standing(world.foundation, MeddlingClients(LOCATION, take))
    assert world.perform(create(desired, Kind.LISTENER_RULE)).wrote
    rules = elb.describe_rules(ListenerArn=listener)["Rules"]
    found = {hosts_of(rule): rule["Priority"] for rule in rules if not rule["IsDefault"]}
    assert found == {("theirs.example.com",): str(wanted), (world.host,): str(wanted % 50_000 + 1)}
    assert world.observe().routes[listener] == ("theirs.example.com", world.host)


def test_a_target_group_of_another_rule_is_waited_for(world: IngressWorld) -> None:
    desired = world.desired()
    carry_out(world, steps("make", desired))
    elb = world.client("elbv2")
    (group,) = elb.describe_target_groups(Names=[world.names.target_group])["TargetGroups"]
    hosts = {"Field": "host-header", "HostHeaderConfig": {"Values": ["theirs.example.com"]}}
    forward = {"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}
    theirs = elb.create_rule(
        ListenerArn=world.foundation.listeners[0].arn, Priority=7, Conditions=[hosts], Actions=[forward]
    )["Rules"][0]
    world.perform(Change(Action.DELETE, Kind.LISTENER_RULE, "", desired.listener_rule, None))
    gone = Change(Action.DELETE, Kind.TARGET_GROUP, "", desired.target_group, None)
    with pytest.raises(WaitingError, match="MH-AWS-030"):
        world.perform(gone)
    elb.delete_rule(RuleArn=theirs["RuleArn"])
    assert world.perform(gone).wrote


def test_a_full_load_balancer_names_the_quota(world: IngressWorld) -> None:
    desired = world.desired()
    world.perform(create(desired, Kind.TARGET_GROUP))
    elb, refuse = world.client("elbv2"), {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}
    for number in range(1, 101):
        hosts = {"Field": "host-header", "HostHeaderConfig": {"Values": [f"n{number}.example.com"]}}
        listener = world.foundation.listeners[0].arn
        elb.create_rule(ListenerArn=listener, Priority=number, Conditions=[hosts], Actions=[refuse])
    with pytest.raises(StallingError, match="MH-AWS-008 A quota of the account is used up: elbv2:CreateRule"):
        world.perform(create(desired, Kind.LISTENER_RULE))
    assert len(world.observe().routes[world.foundation.listeners[0].arn]) == 100
