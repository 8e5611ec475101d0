"""IAM's documented logic, a case a rule: policy evaluation, elements, condition operators, policy variables."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.simulator.iam.conditions import UnknownOperatorError, holds
from molthub.simulator.iam.evaluator import Ask, Decision, Rights, decide
from molthub.simulator.iam.matching import filled, is_arn_like, is_like

ARN = "arn:aws:ecs:eu-west-1:123456789012:service/bots/molthub-a"
Json = dict[str, Any]


def allow(action: str | list[str] = "ecs:UpdateService", resource: str | list[str] = "*", **more: Any) -> Json:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def policy(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def ask(action: str = "ecs:UpdateService", resource: str = ARN, **context: str) -> Ask:
    return Ask(action, resource, {key: (value,) for key, value in context.items()})


def allowed(*statements: Json, question: Ask | None = None, boundary: Json | None = None) -> bool:
    return decide(Rights([policy(*statements)], boundary), question or ask()).allowed


def test_nothing_is_allowed_by_default() -> None:
    assert decide(Rights([]), ask()) == Decision(
        allowed=False, why="because no identity-based policy allows the ecs:UpdateService action"
    )


def test_any_policy_may_allow_and_any_deny_ends_it() -> None:
    deny = {"Effect": "Deny", "Action": "ecs:*", "Resource": "*"}
    assert decide(Rights([policy(), policy(allow())]), ask()) == Decision(allowed=True)
    assert decide(Rights([policy(allow()), policy(deny)]), ask()) == Decision(
        allowed=False, why="with an explicit deny in an identity-based policy"
    )


def test_a_boundary_only_narrows() -> None:
    assert allowed(allow(), boundary=policy(allow("ecs:*")))
    assert decide(Rights([policy(allow())], policy(allow("s3:*"))), ask()) == Decision(
        allowed=False, why="because no permissions boundary allows the ecs:UpdateService action"
    )
    assert not allowed(boundary=policy(allow("*")))
    deny = {"Effect": "Deny", "Action": "*", "Resource": ARN}
    assert decide(Rights([policy(allow())], policy(allow("*"), deny)), ask()) == Decision(
        allowed=False, why="with an explicit deny in a permissions boundary"
    )


@pytest.mark.parametrize(
    ("statement", "outcome"),
    [
        (allow("ECS:updateservice"), True),  # actions ignore case
        (allow("ecs:Update*"), True),
        (allow("ecs:UpdateServic?"), True),
        (allow("ecs:Update"), False),
        (allow(["s3:*", "ecs:UpdateService"]), True),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
        ({"Effect": "Allow", "NotAction": ["ecs:*"], "Resource": "*"}, False),
        (allow(resource=ARN.upper()), False),  # resources do not
        (allow(resource="arn:aws:ecs:*:123456789012:service/bots/molthub-*"), True),
        (allow(resource="arn:aws:ecs:eu-west-1:*:service/other/*"), False),
        ({"Effect": "Allow", "Action": "*", "NotResource": ARN}, False),
        ({"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:ecs:*:*:service/other/*"}, True),
        ({"Effect": "Allow", "Action": "*"}, False),  # no resource, no match
    ],
)
def test_elements(statement: Json, outcome: bool) -> None:
    assert allowed(statement) is outcome


def test_one_statement_may_stand_without_a_list() -> None:
    assert decide(Rights([{"Statement": allow()}]), ask()).allowed


def test_wildcards() -> None:
    assert is_like("a[b].c", "a[b].?")
    assert not is_like("abc", "a.c")
    assert is_like("a/b:c", "*")
    assert is_arn_like("arn:aws:s3:::bucket/a/b", "arn:aws:s3:::bucket/*")
    assert not is_arn_like("arn:aws:iam::123456789012:role/x", "arn:aws:*:role/x")  # no part may be left out
    assert not is_arn_like("arn:aws:ecs:eu-west-1:1:service/x", "arn:aws:e*:1:service/x")
    assert is_arn_like("*", "*")
    assert not is_arn_like("*", "arn:aws:s3:::bucket")


HELD = [
    ({"StringEquals": {"k": "a"}}, {"k": ("a",)}, True),
    ({"StringEquals": {"K": "a"}}, {"k": ("a",)}, True),  # keys ignore case
    ({"StringEquals": {"k": ["b", "a"]}}, {"k": ("a",)}, True),  # values are alternatives
    ({"StringEquals": {"k": "A"}}, {"k": ("a",)}, False),
    ({"StringEquals": {"k": "a*"}}, {"k": ("ab",)}, False),  # no wildcards in equals
    ({"StringEquals": {"k": "a"}}, {}, False),
    ({"StringEqualsIfExists": {"k": "a"}}, {}, True),
    ({"StringEqualsIfExists": {"k": "a"}}, {"k": ("b",)}, False),
    ({"StringEqualsIgnoreCase": {"k": "A"}}, {"k": ("a",)}, True),
    ({"StringNotEquals": {"k": "a"}}, {"k": ("b",)}, True),
    ({"StringNotEquals": {"k": ["a", "b"]}}, {"k": ("b",)}, False),  # none may match
    ({"StringNotEquals": {"k": "a"}}, {}, True),
    ({"StringNotEqualsIfExists": {"k": "a"}}, {}, True),
    ({"StringLike": {"k": "a*c?"}}, {"k": ("abcd",)}, True),
    ({"StringNotLike": {"k": "a*"}}, {"k": ("abc",)}, False),
    ({"ArnLike": {"k": "arn:aws:ecs:*:1:*"}}, {"k": ("arn:aws:ecs:eu:1:x/y",)}, True),
    ({"ArnEquals": {"k": "arn:aws:ecs:*:1:x"}}, {"k": ("arn:aws:ecs:eu:2:x",)}, False),
    ({"ArnNotLike": {"k": "arn:aws:ecs:*:1:*"}}, {"k": ("arn:aws:ecs:eu:1:x",)}, False),
    ({"Bool": {"k": True}}, {"k": ("true",)}, True),
    ({"Bool": {"k": "false"}}, {"k": ("true",)}, False),
    ({"Null": {"k": "true"}}, {}, True),
    ({"Null": {"k": "true"}}, {"k": ("a",)}, False),
    ({"Null": {"k": "false"}}, {"k": ("a",)}, True),
    ({"NumericLessThanEquals": {"k": 10}}, {"k": ("10",)}, True),
    ({"NumericGreaterThan": {"k": 10}}, {"k": ("9.5",)}, False),
    ({"NumericEquals": {"k": 10}}, {"k": ("many",)}, False),
    ({"NumericNotEquals": {"k": 10}}, {"k": ("11",)}, True),
    ({"DateLessThan": {"k": "2026-12-01T00:00:00+00:00"}}, {"k": ("2026-11-23T10:00:00+00:00",)}, True),
    ({"IpAddress": {"k": "10.0.0.0/8"}}, {"k": ("10.1.2.3",)}, True),
    ({"NotIpAddress": {"k": "10.0.0.0/8"}}, {"k": ("10.1.2.3",)}, False),
    ({"ForAllValues:StringEquals": {"k": ["a", "b"]}}, {"k": ("a", "b")}, True),
    ({"ForAllValues:StringEquals": {"k": ["a"]}}, {"k": ("a", "b")}, False),
    ({"ForAllValues:StringEquals": {"k": ["a"]}}, {}, True),
    ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {"k": ("a", "b")}, True),
    ({"ForAnyValue:StringEquals": {"k": ["c"]}}, {"k": ("a", "b")}, False),
    ({"ForAnyValue:StringEquals": {"k": ["a"]}}, {}, False),
    ({"ForAnyValue:StringNotEquals": {"k": ["a"]}}, {"k": ("a", "b")}, True),
    ({"ForAllValues:StringNotLike": {"k": ["a*"]}}, {"k": ("b", "ab")}, False),
    ({"StringEquals": {"k": "a", "j": "b"}}, {"k": ("a",)}, False),  # all keys
    ({"StringEquals": {"k": "a"}, "Bool": {"j": True}}, {"k": ("a",), "j": ("false",)}, False),  # all operators
    ({"StringEquals": {"k": "${aws:PrincipalTag/team}"}}, {"k": ("x",), "aws:principaltag/team": ("x",)}, True),
    ({"StringEquals": {"k": "${aws:PrincipalTag/team}"}}, {"k": ("x",)}, False),
    ({"StringEquals": {"k": "${aws:PrincipalTag/team, 'x'}"}}, {"k": ("x",)}, True),
    ({"StringLike": {"k": "${*}*"}}, {"k": ("*b",)}, True),
    ({"StringLike": {"k": "${*}*"}}, {"k": ("ab",)}, False),
    ({"StringEquals": {"k": "${$}"}}, {"k": ("$",)}, True),
]


@pytest.mark.parametrize(("condition", "context", "outcome"), HELD)
def test_conditions(condition: Json, context: dict[str, tuple[str, ...]], outcome: bool) -> None:
    assert holds(condition, context) is outcome


@pytest.mark.parametrize("operator", ["StringMatches", "BinaryEquals", "ForSomeValues:StringEquals"])
def test_an_operator_that_is_not_known_decides_nothing(operator: str) -> None:
    with pytest.raises(UnknownOperatorError):
        holds({operator: {"k": "a"}}, {"k": ("a",)})


def test_variables_in_resources() -> None:
    own = allow("s3:GetObject", "arn:aws:s3:::home/${aws:PrincipalTag/name}/*")
    question = Ask("s3:GetObject", "arn:aws:s3:::home/ana/x", {"aws:principaltag/name": ("ana",)})
    assert allowed(own, question=question)
    assert not allowed(own, question=Ask("s3:GetObject", "arn:aws:s3:::home/ana/x"))
    # A value with a star in it is no wildcard.
    star = Ask("s3:GetObject", "arn:aws:s3:::home/ana/x", {"aws:principaltag/name": ("*",)})
    assert not allowed(own, question=star)
    assert filled("${aws:Nothing}", {}) is None
