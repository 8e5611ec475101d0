"""Somebody with the reconciler's session: nothing beyond its work succeeds, and each condition counts."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from molthub.aws.errors import DENIED
from molthub.aws.permissions.operations import grants
from molthub.aws.permissions.policy import reconciler_policies
from molthub.simulator.iam.evaluator import Ask, Rights, decide
from tests.fakes.attacks import ATTACKS, TASK_ROLE, Attack, neighbourhood
from tests.fakes.foundation import BACKUP_ROLE
from tests.fakes.guarded import HERE, ROLE_ARN, guarded
from tests.fakes.places import KEY
from tests.fakes.simulator import ACCOUNT
from tests.fakes.stage import furnished

Json = dict[str, Any]
THIEF = "AKIATHIEF"

EFS = f"arn:aws:elasticfilesystem:eu-west-1:{ACCOUNT}"
ELB = f"arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}"
ZONE = f"arn:aws:route53:::hostedzone/{HERE.zone}"
HOSTS = "route53:changeresourcerecordsetsnormalizedrecordnames"
TAGS = {"molthub:fleet": HERE.fleet, "molthub:workspace": HERE.workspace, "molthub:environment": HERE.environment}
OURS = {f"aws:requesttag/{key}": (value,) for key, value in TAGS.items()}
THEIRS = {f"aws:{where}tag/molthub:fleet": ("another-fleet",) for where in ("request", "resource")}

ELSEWHERE = [
    Ask("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role{TASK_ROLE}", {"iam:passedtoservice": ("lambda.amazonaws.com",)}),
    Ask(
        "iam:PassRole",
        f"arn:aws:iam::{ACCOUNT}:role/molthub/acme-bots/{BACKUP_ROLE}",
        {"iam:passedtoservice": ("ecs-tasks.amazonaws.com",)},
    ),
    Ask("kms:Decrypt", KEY, {"kms:viaservice": ("s3.eu-west-1.amazonaws.com",)}),
    Ask("kms:PutKeyPolicy", KEY),
    Ask("lambda:CreateFunction", f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:evil"),
    Ask("cloudformation:UpdateStack", f"arn:aws:cloudformation:eu-west-1:{ACCOUNT}:stack/molthub-acme-prod/1"),
    Ask("organizations:LeaveOrganization", "*"),
    Ask("elasticfilesystem:CreateFileSystem", "*", {**OURS, "elasticfilesystem:encrypted": ("false",)}),
    Ask("elasticfilesystem:CreateFileSystem", "*", {**THEIRS, "elasticfilesystem:encrypted": ("true",)}),
    *(
        Ask(f"elasticfilesystem:{name}", f"{EFS}:{kind}/{kind[0]}-1", THEIRS)
        for name, kind in (
            ("TagResource", "file-system"),
            ("UntagResource", "file-system"),
            ("DeleteFileSystem", "file-system"),
            ("PutFileSystemPolicy", "file-system"),
            ("DeleteAccessPoint", "access-point"),
        )
    ),
    Ask("elasticfilesystem:TagResource", f"{EFS}:file-system/f-1", {**THEIRS, **OURS}),
    Ask(
        "elasticfilesystem:TagResource", f"{EFS}:file-system/f-2", {"aws:requesttag/molthub:fleet": ("another-fleet",)}
    ),
    Ask(
        "elasticfilesystem:TagResource",
        f"{EFS}:access-point/*",
        {**THEIRS, "elasticfilesystem:createaction": ("CreateAccessPoint",)},
    ),
    *(
        Ask(f"elasticloadbalancing:{name}", f"{ELB}:{rest}", context)
        for name, rest, context in (
            ("AddTags", "targetgroup/mh-theirs/1", OURS),
            ("CreateTargetGroup", "targetgroup/mh-theirs/1", THEIRS),
            ("DeleteTargetGroup", "targetgroup/mh-theirs/1", THEIRS),
            ("CreateRule", "listener/app/theirs/1/2", THEIRS),
            ("DeleteRule", "listener-rule/app/theirs/1/2/3", THEIRS),
        )
    ),
    Ask("route53:ChangeResourceRecordSets", ZONE, {HOSTS: ("www.example.com",)}),
    Ask("route53:ChangeResourceRecordSets", ZONE),
    Ask("kms:CreateGrant", KEY, {"kms:viaservice": ("s3.eu-west-1.amazonaws.com",)}),
    Ask(
        "ec2:ModifyNetworkInterfaceAttribute",
        f"arn:aws:ec2:eu-west-1:{ACCOUNT}:network-interface/eni-1",
        {"ec2:vpc": (f"arn:aws:ec2:eu-west-1:{ACCOUNT}:vpc/vpc-another",)},
    ),
]
"""Beyond what the simulator serves: judged by the evaluator alone."""


def off_by_one_tag() -> Iterator[Ask]:
    """For each scope and each tag it is held to: what it allows, but for that tag, which is another's."""
    for action, scope in sorted(set(grants()), key=str):
        if not scope.exists(HERE):
            continue
        statement = scope.statement(HERE, [action])
        conditions = [
            (operator, key.lower(), value)
            for operator, keys in statement.get("Condition", {}).items()
            for key, value in keys.items()
        ]
        for other, (_, off, _) in enumerate(conditions):
            if "tag/molthub:" not in off:
                continue
            # What is born has no tags yet; a birth's tags on what is there already would be allowed as a change.
            context = {
                key: ("another",) if index == other else (value,)
                for index, (operator, key, value) in enumerate(conditions)
                if index == other or not operator.endswith("IfExists") or "tag/" not in key
            }
            yield Ask(action, statement["Resource"][0].replace("*", "1") if action != FILES else "*", context)


FILES = "elasticfilesystem:CreateFileSystem"
OFF_BY_ONE = list(off_by_one_tag())


@pytest.mark.parametrize("ask", OFF_BY_ONE, ids=lambda ask: ask.action)
def test_each_tag_of_each_scope_counts(ask: Ask) -> None:
    assert not decide(Rights(reconciler_policies(HERE)), ask).allowed, ask


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What became of all attacks: the error of each, what IAM was asked, the account before and after."""

    errors: dict[str, Json]
    asked: list[Json]
    before: Json
    after: Json


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    with furnished(tmp_path_factory.mktemp("stage")) as stage:
        guarded(stage)
        them = neighbourhood(stage)
        stage.control.act_as(THIEF, ROLE_ARN)
        stage.control.reset_counters()
        before = stage.control.inventory()
        clients = {name: stage.client(name, access_key=THIEF) for name in {attack.service for attack in ATTACKS}}
        errors = {attack.name: attempt(clients[attack.service], attack, them) for attack in ATTACKS}
        yield Aftermath(errors, stage.control.decisions(), before, stage.control.inventory())


def attempt(client: Any, attack: Attack, them: Json) -> Json:
    """The error it was answered with; none when it succeeded."""
    try:
        getattr(client, attack.operation)(**attack.params(them))
    except ClientError as error:
        return dict(error.response["Error"])
    return {"Code": "none", "Message": f"{attack.name}: succeeded"}


@pytest.mark.parametrize("attack", ATTACKS, ids=str)
def test_it_is_denied_in_awss_words(aftermath: Aftermath, attack: Attack) -> None:
    error = aftermath.errors[attack.name]
    assert error["Code"] in DENIED, error
    who = f"arn:aws:sts::{ACCOUNT}:assumed-role/mh-acme-prod-rec/bound"
    assert f"User: {who} is not authorized to perform: {attack.action} on resource: " in error["Message"]


def test_nothing_was_changed_by_any_of_them(aftermath: Aftermath) -> None:
    assert len(aftermath.errors) == len(ATTACKS)
    assert aftermath.after == aftermath.before


@pytest.mark.parametrize("ask", ELSEWHERE, ids=lambda ask: ask.action)
def test_the_policy_denies_what_the_simulator_does_not_serve(ask: Ask) -> None:
    decision = decide(Rights(reconciler_policies(HERE)), ask)
    assert (decision.allowed, decision.why) == (
        False,
        f"because no identity-based policy allows the {ask.action} action",
    )


def test_every_condition_stops_an_attack(aftermath: Aftermath) -> None:
    """Without any one of the policy's conditions, one of these attacks would succeed."""
    tried = [*ELSEWHERE, *OFF_BY_ONE, *(ask_of(item) for item in aftermath.asked if not item["allowed"])]
    statements = [statement for document in reconciler_policies(HERE) for statement in document["Statement"]]
    idle = []
    for index, statement in enumerate(statements):
        for operator, keys in statement.get("Condition", {}).items():
            for key in keys:
                looser = copy.deepcopy(statements)
                del looser[index]["Condition"][operator][key]
                rights = Rights([{"Version": "2012-10-17", "Statement": looser}])
                if not any(decide(rights, ask).allowed for ask in tried):
                    idle.append((statement["Sid"], key))
    assert idle == []


def ask_of(item: Json) -> Ask:
    return Ask(item["action"], item["resource"], {key: tuple(values) for key, values in item["context"].items()})
