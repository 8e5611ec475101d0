"""What people do to a running instance beside changing a field: things added, taken away and deleted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from molthub.apply.types import Outcome
from molthub.planning.types import Action
from molthub.resources.identity import TAG_FLEET
from molthub.resources.states import Verdict
from molthub.resources.types import Kind
from tests.fakes.desired import PLAIN_KINDS
from tests.fakes.hand import Hand
from tests.fakes.mutators import attach_policy, put_policy, set_boundary
from tests.fakes.rich_fleet import bot
from tests.fakes.stage import AWS, Stage, by_id, furnished

BOT = "support-bot"
Deed = Callable[[Hand], Any]
UPDATE, CREATE = Action.UPDATE, Action.CREATE


def _open(direction: str, **peer: Any) -> Deed:
    """A rule somebody added: TCP 22 with this peer."""

    def deed(hand: Hand) -> None:
        permission = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, **peer}
        authorise = getattr(hand("ec2"), f"authorize_security_group_{direction}")
        authorise(GroupId=hand.group_id, IpPermissions=[permission])

    return deed


def _open_to_group(direction: str) -> Deed:
    def deed(hand: Hand) -> None:
        _open(direction, UserIdGroupPairs=[{"GroupId": default_group(hand)}])(hand)

    return deed


def _open_to_prefix_list(direction: str) -> Deed:
    def deed(hand: Hand) -> None:
        made = hand("ec2").create_managed_prefix_list(PrefixListName="by-hand", MaxEntries=1, AddressFamily="IPv4")
        _open(direction, PrefixListIds=[{"PrefixListId": made["PrefixList"]["PrefixListId"]}])(hand)

    return deed


def default_group(hand: Hand) -> str:
    filters = [{"Name": "vpc-id", "Values": [AWS["vpcId"]]}, {"Name": "group-name", "Values": ["default"]}]
    return str(hand("ec2").describe_security_groups(Filters=filters)["SecurityGroups"][0]["GroupId"])


def _close(hand: Hand) -> None:
    hand("ec2").revoke_security_group_egress(GroupId=hand.group_id, IpPermissions=[hand.egress()])


def _extra_tag(kind: Kind) -> Deed:
    return lambda hand: hand.tag(kind, "by", "hand")


def _delete_service(hand: Hand) -> None:
    hand("ecs").delete_service(cluster=AWS["cluster"], service=hand.names.service, force=True)


def _delete_role(kind: Kind) -> Deed:
    def deed(hand: Hand) -> None:
        for name in hand("iam").list_role_policies(RoleName=hand.role(kind))["PolicyNames"]:
            hand("iam").delete_role_policy(RoleName=hand.role(kind), PolicyName=name)
        hand("iam").delete_role(RoleName=hand.role(kind))

    return deed


def _delete_log_group(hand: Hand) -> None:
    hand("logs").delete_log_group(logGroupName=hand.names.log_group)


def _delete_secret(hand: Hand) -> None:
    hand("secretsmanager").delete_secret(SecretId=hand.names.gateway_secret, RecoveryWindowInDays=7)


def _deregister(hand: Hand) -> None:
    """The running revision is deregistered: the service goes on with it, and so does Molthub."""
    hand("ecs").deregister_task_definition(taskDefinition=hand.service()["taskDefinition"])


ANYWHERE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
ANYWHERE_6 = {"Ipv6Ranges": [{"CidrIpv6": "::/0"}]}

DEEDS: dict[str, tuple[Deed, dict[Kind, Action]]] = {
    "ingress-ipv4": (_open("ingress", **ANYWHERE), {Kind.SECURITY_GROUP: UPDATE}),
    "ingress-ipv6": (_open("ingress", **ANYWHERE_6), {Kind.SECURITY_GROUP: UPDATE}),
    "ingress-group": (_open_to_group("ingress"), {Kind.SECURITY_GROUP: UPDATE}),
    "ingress-prefix-list": (_open_to_prefix_list("ingress"), {Kind.SECURITY_GROUP: UPDATE}),
    "egress-ipv4": (_open("egress", **ANYWHERE), {Kind.SECURITY_GROUP: UPDATE}),
    "egress-ipv6": (_open("egress", **ANYWHERE_6), {Kind.SECURITY_GROUP: UPDATE}),
    "egress-group": (_open_to_group("egress"), {Kind.SECURITY_GROUP: UPDATE}),
    "egress-prefix-list": (_open_to_prefix_list("egress"), {Kind.SECURITY_GROUP: UPDATE}),
    "rule-removed": (_close, {Kind.SECURITY_GROUP: UPDATE}),
    "inline-policy": (lambda hand: put_policy(hand, Kind.TASK_ROLE), {Kind.TASK_ROLE: UPDATE}),
    "attached-policy": (lambda hand: attach_policy(hand, Kind.EXECUTION_ROLE), {Kind.EXECUTION_ROLE: UPDATE}),
    "boundary": (lambda hand: set_boundary(hand, Kind.TASK_ROLE), {Kind.TASK_ROLE: UPDATE}),
    **{
        f"tag-{kind}": (_extra_tag(kind), {kind: UPDATE})
        for kind in PLAIN_KINDS
        if kind is not Kind.TASK_DEFINITION  # a revision's tags are written once and never compared
    },
    "service-deleted": (_delete_service, {Kind.SERVICE: CREATE}),
    "task-role-deleted": (_delete_role(Kind.TASK_ROLE), {Kind.TASK_ROLE: CREATE}),
    "execution-role-deleted": (_delete_role(Kind.EXECUTION_ROLE), {Kind.EXECUTION_ROLE: CREATE}),
    "log-group-deleted": (_delete_log_group, {Kind.LOG_GROUP: CREATE}),
    "secret-deleted": (_delete_secret, {Kind.SECRET: CREATE}),
    "revision-deregistered": (_deregister, {}),
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One bot for each deed, so that they can be done side by side; and some for the tests below."""
    with furnished(tmp_path_factory.mktemp("stage")) as made:
        names = [*DEEDS, *(f"foreign-{kind}" for kind in FOREIGN)]
        # With IPv6 in the VPC a new group lets all of it out, too; and moto revokes no such rule without.
        made.client("ec2").associate_vpc_cidr_block(VpcId=AWS["vpcId"], AmazonProvidedIpv6CidrBlock=True)
        made.commit(*(bot(name) for name in names))
        results = made.session().apply()
        assert {result.outcome for result in results.values()} == {Outcome.APPLIED}
        yield made


FOREIGN = tuple(kind for kind in PLAIN_KINDS if kind is not Kind.TASK_DEFINITION)


def test_everything_that_people_do_is_seen_and_put_right(stage: Stage) -> None:
    session, clients = stage.session(), {}
    before = comparable(stage)
    assert {view.plan.verdict for view in session.plan().views} == {Verdict.SYNCED}
    for name, (deed, _) in DEEDS.items():
        deed(Hand(stage, name, clients))
    planned = session.plan()
    seen = {name: {change.kind: change.action for change in view.plan.changes} for name, view in by_id(planned).items()}
    assert {name: seen[name] for name in DEEDS} == {name: expected for name, (_, expected) in DEEDS.items()}
    results = session.carry_out(planned)
    assert {name: str(result.outcome) for name, result in results.items() if result.outcome is Outcome.FAILED} == {}
    stage.control.reset_counters()
    assert {view.plan.verdict for view in stage.session().plan().views} == {Verdict.SYNCED}
    assert stage.writes() == []
    assert comparable(stage) == before


def comparable(stage: Stage) -> dict[str, Any]:
    """The inventory without the revisions that were registered anew, and the one that was deregistered."""
    account = stage.control.inventory()[AWS["accountId"]]
    region = dict(account[AWS["region"]])
    region.pop("taskDefinitions")
    region["services"] = {name: {**held, "taskDefinition": ""} for name, held in region["services"].items()}
    return {"roles": account["roles"], **region}


@pytest.mark.parametrize("how", ["another fleet's", "untagged"])
def test_another_fleets_tag_blocks(stage: Stage, how: str) -> None:
    """An object with our name that is not ours (any more) is never touched, and its instance is Blocked."""
    hands = {kind: Hand(stage, f"foreign-{kind}", {}) for kind in FOREIGN}
    for kind, hand in hands.items():
        if how == "untagged":
            hand.untag(kind, TAG_FLEET)
        else:
            hand.tag(kind, TAG_FLEET, "somebody-else")
    stage.control.reset_counters()
    session = stage.session()
    planned = session.plan()
    views, results = by_id(planned), session.carry_out(planned)
    for kind, hand in hands.items():
        plan = views[hand.id].plan
        assert (plan.verdict, [reason.ref for reason in plan.reasons]) == (Verdict.BLOCKED, ["MH-PLAN-002"]), kind
        assert results[hand.id].outcome is Outcome.BLOCKED
    assert stage.writes() == []
    for kind, hand in hands.items():
        hand.tag(kind, TAG_FLEET, "acme-bots")
    assert {view.plan.verdict for view in stage.session().plan().views} == {Verdict.SYNCED}
