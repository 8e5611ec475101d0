"""The documents: their size, their order, and what no reader of them should ever find."""

import json
from dataclasses import replace
from typing import Any

import pytest

from molthub.aws.permissions.boundary import boundary_policy
from molthub.aws.permissions.policy import LONGEST_MANAGED, _joined, reconciler_policies, size_of
from molthub.aws.permissions.scopes import Place, Scope
from molthub.policies.support.iam import escalation
from molthub.resources.identity import Identity, names_of
from tests.fakes.places import PLACE

TEMPLATE = Place(
    partition="${AWS::Partition}",
    account="${AWS::AccountId}",
    region="${AWS::Region}",
    fleet="acme-bots",
    workspace="acme",
    environment="prod",
    cluster="${Cluster}",
    vpc_id="${Vpc}",
    boundary="${Boundary}",
    kms_key="${Key.Arn}",
    bucket="${Bucket}",
    zone="Z0123456789ABC",
    domain="bots.example.com",
)
LESS = {"iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"}
READS = ("Describe", "Get", "List")


def statements(place: Place = PLACE) -> list[dict[str, Any]]:
    return [statement for document in reconciler_policies(place) for statement in document["Statement"]]


def test_the_documents_fit_into_managed_policies_and_are_always_the_same() -> None:
    longest = replace(
        PLACE,
        fleet="f" * 63,
        workspace="w" * 63,
        environment="e" * 63,
        cluster="c" * 63,
        region="ap-southeast-5",
        partition="aws-us-gov",
    )
    for place in (PLACE, TEMPLATE, longest):
        documents = reconciler_policies(place)
        assert json.dumps(documents) == json.dumps(reconciler_policies(place))
        assert all(size_of(document) <= LONGEST_MANAGED for document in documents)
        assert len(documents) <= 10
        assert size_of(boundary_policy(place, bucket="b" * 63)) <= LONGEST_MANAGED
    assert [item["Sid"] for item in statements(TEMPLATE)] == [item["Sid"] for item in statements()]


def test_a_role_is_written_only_under_our_path_and_with_our_boundary() -> None:
    for statement in statements():
        writes = {action for action in statement["Action"] if action.startswith("iam:") and not _reads(action)}
        if not writes or statement["Sid"] == "BackupRole":  # passed to AWS Backup, and to nothing else
            continue
        assert all(
            item.startswith("arn:aws:iam::123456789012:role/molthub/acme-bots/mh-acme-prod-*-")
            for item in _of(statement)
            if ":iam:" in item
        )
        if writes & {"iam:PassRole"}:
            assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}}
        elif not writes <= {"iam:TagRole", "iam:UntagRole", *LESS}:
            assert statement["Condition"]["StringEquals"]["iam:PermissionsBoundary"] == PLACE.boundary


@pytest.mark.parametrize(
    ("workspace", "environment"),
    [("acme", "prod"), ("a" * 40, "prod"), ("a" * 39, "b"), ("a" * 37, "b"), ("a" * 36, "b"), ("a" * 63, "b" * 63)],
)
def test_every_name_of_an_environment_is_one_of_its_pattern_however_it_is_cut(workspace: str, environment: str) -> None:
    parts = replace(PLACE, workspace=workspace, environment=environment).parts
    for instance in ("b", "support-bot", "c" * 63):
        names = names_of(Identity(PLACE.fleet, workspace, environment, instance))
        begin = parts["slug"]
        assert names.task_role.startswith(f"mh-{begin}-")
        assert names.execution_role.startswith(f"mh-{begin}-")
        assert names.log_group.startswith(f"/molthub/{PLACE.fleet}/{begin}-")
        assert names.gateway_secret.startswith(f"molthub/{PLACE.fleet}/{begin}-")
    assert len(str(parts["backups"])) <= 64
    assert len(str(parts["vault"])) <= 50


def test_scopes_share_a_statement_only_with_the_same_conditions() -> None:
    one = Scope("One", ("*",), "why", (("StringEquals", "a", "b"),), "Both")
    with pytest.raises(ValueError, match="the scopes of Both have not the same conditions"):
        _joined(PLACE, {one: {"a:B"}, replace(one, sid="Two", conditions=()): {"a:C"}})


def test_no_secret_is_read_and_no_boundary_taken_away() -> None:
    actions = {action for statement in statements() for action in statement["Action"]}
    assert not [action for action in actions if "SecretValue" in action and action != "secretsmanager:PutSecretValue"]
    assert not actions & {"iam:DeleteRolePermissionsBoundary", "iam:AttachRolePolicy", "iam:CreatePolicyVersion"}
    assert not [action for action in actions if "*" in action]


def test_a_write_names_its_objects() -> None:
    on_everything = {
        action
        for statement in statements()
        if _of(statement) == ["*"]
        for action in statement["Action"]
        if not _reads(action)
    }
    assert on_everything == {
        "ecs:DeregisterTaskDefinition",
        "elasticfilesystem:CreateFileSystem",  # by request tag and encryption
    }, "AWS can narrow nothing else of ours less than this"


def test_without_a_key_there_is_no_right_to_one() -> None:
    services = {action.split(":")[0] for item in statements(replace(PLACE, kms_key=None)) for action in item["Action"]}
    assert "kms" not in services
    key = next(item for item in statements() if item["Sid"] == "SecretsKey")
    assert _of(key) == [PLACE.kms_key]


def test_the_boundary_lets_only_execution_roles_have_secrets() -> None:
    document = boundary_policy(PLACE, bucket="molthub-lease")
    by_sid = {statement["Sid"]: statement for statement in document["Statement"]}
    assert by_sid["Secrets"]["Condition"] == {
        "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::123456789012:role/molthub/acme-bots/mh-acme-prod-*-exec"}
    }
    assert by_sid["NotTheLease"]["Effect"] == "Deny"
    allowed = [
        action for sid, item in by_sid.items() if sid not in ("Secrets", "NotTheLease") for action in item["Action"]
    ]
    exact = [action for action in allowed if "*" not in action]
    assert [action for action in exact if escalation(action) is not None] == []
    assert not [action for action in allowed if action.startswith(("iam:", "sts:", "organizations:"))]
    assert any("kms:Decrypt" in item["Action"] and item["Resource"] == ["*"] for item in document["Statement"]), (
        "linked secrets are under any key, or another account's"
    )
    assert "NotTheLease" not in [item["Sid"] for item in boundary_policy(PLACE)["Statement"]]


def _reads(action: str) -> bool:
    return action.partition(":")[2].startswith(READS)


def _of(statement: dict[str, Any]) -> list[str]:
    found: list[str] = statement["Resource"]
    return found
