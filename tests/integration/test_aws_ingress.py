"""A webhook bot's way in on the simulator: made, seen, unchanged, switched off and on, moved, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.errors import StallingError
from molthub.planning.plan import PlanRequest, plan_instance
from molthub.planning.types import Action, Change
from molthub.resources.identity import names_of
from molthub.resources.observation import RolloutState
from molthub.resources.types import Kind, ResourceSet
from tests.fakes.aws_world import BOT, differences, kinds_of
from tests.fakes.ingress_world import IngressWorld, ingress_world
from tests.fakes.simulator import TestSimulator

NAMES = names_of(BOT)
WAY_IN = [Kind.TARGET_GROUP, Kind.LISTENER_RULE, Kind.DNS_RECORD]
HOST = "support-bot.bots.example.com"


@pytest.fixture
def world(simulator: TestSimulator, monkeypatch: pytest.MonkeyPatch) -> IngressWorld:
    return ingress_world(simulator, monkeypatch)


def carry_out(world: IngressWorld, desired: ResourceSet | None) -> list[Kind]:
    """Plans and performs until the rollout is over, then what waits for that; the kinds that were changed."""
    plan = plan_instance(PlanRequest(BOT, str(BOT), desired, world.seen()))
    followed = plan.rollout_id
    for change in sorted(plan.changes, key=lambda item: item.after_rollout):
        if change.after_rollout and followed:
            assert world.settle(followed).state is RolloutState.COMPLETED
        followed = world.patiently(change).rollout_id or followed
    if followed and desired is not None:
        world.settle(followed)
    return [change.kind for change in plan.changes]


def test_made_it_is_seen_exactly_as_desired_and_written_no_more(world: IngressWorld) -> None:
    desired = world.desired()
    assert carry_out(world, desired) == list(kinds_of(desired))
    for provider in (world.provider, world.fresh_provider()):
        world.provider = provider
        for sweep in (False, True):
            seen = world.seen(sweep=sweep)
            assert differences(seen.resources, desired) == {}
            assert (seen.failures, seen.foreign) == ((), ())
    world.control.reset_counters()
    again = world.make(desired)
    assert [result.detail for result in again if result.wrote] == []
    assert world.writes() == []
    routes = world.observe().routes
    assert list(routes.values()) == [(HOST,), ()]
    assert world.control.violations() == []


def test_its_task_is_a_healthy_target(world: IngressWorld) -> None:
    world.make(world.desired())
    world.control.advance(30)
    elb = world.client("elbv2")
    (group,) = elb.describe_target_groups(Names=[NAMES.target_group])["TargetGroups"]

    def states() -> list[str]:
        found = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
        assert all(item["Target"]["Port"] == 8080 for item in found)
        return [item["TargetHealth"]["State"] for item in found]

    assert states() == ["initial"]
    world.control.advance(120)
    assert states() == ["healthy"]
    world.client("ecs").update_service(cluster=world.foundation.cluster, service=NAMES.service, desiredCount=0)
    assert states() == ["draining"]
    world.control.advance(60)
    assert states() == []


def test_switched_off_and_on_again_on_the_live_service(world: IngressWorld) -> None:
    desired = world.desired()
    carry_out(world, desired)
    closed = super(IngressWorld, world).desired()
    changed = carry_out(world, closed)
    assert [kind for kind in changed if kind in WAY_IN] == WAY_IN[::-1]
    assert changed.index(Kind.SERVICE) < changed.index(Kind.DNS_RECORD)
    assert differences(world.seen(sweep=True).resources, closed) == {}
    assert world.control.inventory()[world.provider._location.account_id]["hosts"] == {}
    carry_out(world, desired)
    assert differences(world.seen(sweep=True).resources, desired) == {}


def test_deleted_nothing_is_left_and_a_manifest_that_is_gone_is_found(world: IngressWorld) -> None:
    carry_out(world, world.desired())
    for sweep in (True, False):
        gone = world.provider.observe(world.query(BOT, sweep=sweep, hosts={})).instances[BOT].resources
        assert gone.dns_record is not None
        assert gone.listener_rule is not None
    world.remove(gone)
    assert world.provider.observe(world.query(BOT, sweep=True, hosts={})).instances == {}
    (account,) = world.control.inventory().values()
    assert account["hosts"] == {}
    (region,) = (content for name, content in account.items() if name not in ("hosts", "roles"))
    assert (region["targetGroups"], region["listenerRules"]) == ({}, [])
    world.control.reset_counters()
    world.remove(gone)
    assert world.writes() == []


def test_moved_to_another_load_balancer(world: IngressWorld) -> None:
    carry_out(world, world.desired())
    moved = world.desired(listener=1)
    assert carry_out(world, moved) == [Kind.LISTENER_RULE, Kind.DNS_RECORD]
    assert differences(world.seen().resources, moved) == {}
    assert list(world.observe().routes.values()) == [(), (HOST,)]


def test_what_a_look_costs(world: IngressWorld) -> None:
    """One call a listener, one for the groups, one for each 20 tags, one for the attributes, one for the zone."""
    carry_out(world, world.desired())
    found = {}
    for sweep in (True, False):
        world.control.reset_counters()
        world.observe(sweep=sweep)
        calls = world.control.counters()["operations"]
        found[sweep] = {name: n for name, n in calls.items() if name.startswith(("elbv2", "route53"))}
    assert found[True] == found[False]
    assert found[True] == {
        "elbv2:DescribeRules": 2,
        "elbv2:DescribeTags": 2,
        "elbv2:DescribeTargetGroupAttributes": 1,
        "elbv2:DescribeTargetGroups": 1,
        "route53:ListResourceRecordSets": 1,
    }


def _record(world: IngressWorld, **record_set: Any) -> None:
    world.client("route53").change_resource_record_sets(
        HostedZoneId=world.zone,
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": {"TTL": 60, **record_set}}]},
    )


def _hosts(world: IngressWorld) -> dict[str, str]:
    sets = world.client("route53").list_resource_record_sets(HostedZoneId=world.zone)["ResourceRecordSets"]
    return {item["Name"]: item["Type"] for item in sets if item["Type"] not in {"NS", "SOA"}}


def test_a_host_that_somebody_made_a_cname_is_theirs(world: IngressWorld) -> None:
    desired = world.desired()
    _record(world, Name=f"{HOST}.", Type="CNAME", ResourceRecords=[{"Value": "elsewhere.example.com"}])
    reason = "it has no tag molthub:fleet"
    for sweep in (True, False):
        seen = world.seen(sweep=sweep)
        assert [(item.kind, item.name, item.reason) for item in seen.foreign] == [(Kind.DNS_RECORD, HOST, reason)]
    record = desired.dns_record
    with pytest.raises(StallingError, match=f"MH-AWS-013 The {Kind.DNS_RECORD} {HOST} exists but is not ours"):
        world.perform(Change(Action.CREATE, Kind.DNS_RECORD, HOST, None, record))
    world.perform(Change(Action.DELETE, Kind.DNS_RECORD, HOST, record, None))
    assert _hosts(world) == {f"{HOST}.": "CNAME"}


def test_names_below_a_host_do_not_hide_whose_it_is(world: IngressWorld) -> None:
    desired = world.desired()
    carry_out(world, desired)
    for number in range(25):
        _record(world, Name=f"{number}.{HOST}.", Type="TXT", ResourceRecords=[{"Value": '"x"'}])
    assert world.seen().foreign == ()
    assert differences(world.seen().resources, desired) == {}


def test_a_deletion_that_comes_late_leaves_the_host_to_who_has_it_now(world: IngressWorld) -> None:
    """The instance moved to another environment of the same domain, and its new self was faster."""
    carry_out(world, world.desired())
    record = world.seen().resources.dns_record
    assert record is not None
    now = record.owner.replace("environment=prod", "environment=eu")
    _record(world, Name=f"_molthub.{HOST}.", Type="TXT", ResourceRecords=[{"Value": f'"{now}"'}])
    world.perform(Change(Action.DELETE, Kind.DNS_RECORD, HOST, record, None))
    assert _hosts(world) == {f"{HOST}.": "A", f"_molthub.{HOST}.": "TXT"}
