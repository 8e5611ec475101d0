"""Instances with a webhook in the pipeline: what forbids them, where they go, and what is left to make by hand."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from molthub.apply.types import Outcome
from molthub.pipeline.types import Scope
from molthub.planning.types import InstancePlan
from molthub.resources.foundation import Foundation, Listener
from molthub.resources.states import Verdict
from molthub.resources.types import Kind
from tests.builders import INGRESS, REMOVED, environment_dict, instance_dict, merged
from tests.fakes.desired import LISTENER
from tests.fakes.fleet import FakeFleet, identity
from tests.fakes.provider import FakeProvider, failing

SECOND = Listener(2, "arn-2", "lb-2", "molthub-2.eu-west-1.elb.amazonaws.com", "Z32O12XQLNTSW2")
FOUNDATION = Foundation(
    cluster="molthub-acme-prod",
    vpc_id="vpc-0a1b2c3d4e5f60718",
    subnet_ids=("subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718"),
    gate_members="sg-0a7e",
    listeners=(LISTENER, SECOND),
)
INBOUND_KINDS = [Kind.TARGET_GROUP, Kind.LISTENER_RULE, Kind.DNS_RECORD]


def hook(name: str = "support-bot", **ingress: Any) -> list[dict[str, Any]]:
    """A webhook bot and its environment."""
    spec = {
        "network": {"inbound": "WEBHOOK"},
        "secrets": [
            {"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"},
            {"name": "HOOK_TOKEN", "key": f"acme/prod/support-bot#{name}"},
        ],
        "channels": {"telegram": REMOVED, "webhook": {"token": {"secret": "HOOK_TOKEN"}, "paths": ["/hooks/agent"]}},
    }
    wanted = merged({**INGRESS, "hostedZoneId": "Z0123456789ABC"}, ingress)
    return [instance_dict(metadata={"name": name}, spec=spec), environment_dict(spec={"ingress": wanted})]


@pytest.fixture
def fleet() -> FakeFleet:
    """A fleet whose environment has two load balancers."""
    made = FakeFleet()
    made.commit(*hook())
    made.plan()
    made.prod.foundation = FOUNDATION
    return made


def only(fleet: FakeFleet) -> InstancePlan:
    return next(iter(fleet.plan().plan.instances))


def texts(plan: InstancePlan) -> list[str]:
    return [f"{item.ref} {item.message} ({item.fix})" for item in plan.reasons]


def test_it_is_made_with_its_way_in_and_then_there_is_nothing_to_do(fleet: FakeFleet) -> None:
    assert [change.kind for change in only(fleet).changes if change.kind in INBOUND_KINDS] == INBOUND_KINDS
    assert fleet.apply()["acme/prod/support-bot"].outcome is Outcome.APPLIED
    assert only(fleet).verdict is Verdict.SYNCED
    rule = fleet.prod.instances[identity()].resources.listener_rule
    assert rule is not None
    assert (rule.listener, rule.hosts, rule.paths) == (
        LISTENER.arn,
        ("support-bot.bots.example.com",),
        ("/hooks/agent",),
    )


def test_switched_off_it_goes_with_the_same_rollout_and_comes_back(fleet: FakeFleet) -> None:
    fleet.apply()
    fleet.commit(instance_dict(), environment_dict())
    plan = only(fleet)
    assert [c.kind for c in plan.changes if c.restarts] == [Kind.SERVICE]
    assert [c.kind for c in plan.changes if c.after is None] == INBOUND_KINDS[::-1]
    fleet.apply()
    assert only(fleet).verdict is Verdict.SYNCED
    fleet.commit(*hook())
    fleet.apply()
    assert only(fleet).verdict is Verdict.SYNCED


def test_without_load_balancers_it_is_blocked(fleet: FakeFleet) -> None:
    fleet.prod.foundation = dataclasses.replace(FOUNDATION, listeners=())
    assert texts(only(fleet)) == [
        (
            "MH-PIPE-011 network.inbound is WEBHOOK, and the environment acme/prod has no load balancer yet"
            " (Run `molthub bootstrap acme/prod`, which makes what spec.ingress asks for)"
        )
    ]
    fleet.prod.foundation = dataclasses.replace(FOUNDATION, gate_members=None)
    assert [item.ref for item in only(fleet).reasons] == ["MH-PIPE-011"]


def test_when_all_are_full_it_is_blocked_and_the_fix_names_the_setting(fleet: FakeFleet) -> None:
    fleet.prod.other_routes = {LISTENER.arn: ["x"] * 90, SECOND.arn: ["y"] * 90}
    assert texts(only(fleet)) == [
        (
            "MH-PIPE-012 all 2 load balancers have 90 rules, and acme/prod/support-bot needs one more"
            " (Set spec.ingress.loadBalancers of the environment to 3 and run `molthub bootstrap`)"
        )
    ]
    fleet.prod.other_routes[SECOND.arn].pop()
    assert only(fleet).verdict is Verdict.OUT_OF_SYNC


def test_two_planned_one_by_one_go_where_they_go_planned_together(fleet: FakeFleet) -> None:
    fleet.prod.other_routes = {LISTENER.arn: ["x"] * 89}
    fleet.commit(*hook("a-bot"), hook("b-bot")[0])

    def listeners(scope: Scope | None = None) -> dict[str, str]:
        plans = fleet.plan(scope).plan.instances
        rules = {plan.name: next(c.after for c in plan.changes if c.kind is Kind.LISTENER_RULE) for plan in plans}
        return {name: getattr(rule, "listener", "") for name, rule in rules.items()}

    together = listeners()
    assert together == {"acme/prod/a-bot": LISTENER.arn, "acme/prod/b-bot": "arn-2"}
    alone = [listeners(Scope(instances=frozenset({name}))) for name in together]
    assert {name: arn for one in alone for name, arn in one.items()} == together


def test_the_dns_record_to_make_is_printed_until_the_rule_is_there(fleet: FakeFleet) -> None:
    fleet.commit(*hook(hostedZoneId=REMOVED))
    (notice,) = only(fleet).notices
    assert f"{notice.ref} {notice.message} ({notice.fix})" == (
        "MH-PIPE-013 nobody finds support-bot.bots.example.com without a DNS record, which is yours to make"
        " (Make the record support-bot.bots.example.com. CNAME molthub-1-1234567890.eu-west-1.elb.amazonaws.com."
        " or set spec.ingress.hostedZoneId)"
    )
    assert Kind.DNS_RECORD not in {change.kind for change in only(fleet).changes}
    fleet.apply()
    assert only(fleet).notices == ()


def test_a_failed_opening_leaves_the_old_version_without_one_and_repairs_go_on(fleet: FakeFleet) -> None:
    """The definition that runs has no gate: neither load balancer nor membership may be added around it."""
    closed = instance_dict()
    fleet.commit(closed, hook()[1])
    fleet.apply()
    fleet.prod.script(identity(), failing("the gate does not start"))
    fleet.commit(*hook())
    assert fleet.apply()["acme/prod/support-bot"].outcome is Outcome.FAILED
    provider: FakeProvider = fleet.prod
    provider.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    plan = only(fleet)
    assert "MH-PLAN-004" in {item.ref for item in (*plan.notices, *plan.reasons)}
    assert Kind.LOG_GROUP in {change.kind for change in plan.changes}
    assert not any(change.restarts for change in plan.changes)
