"""The reconciler with exactly its policy: a whole life succeeds, and nothing in the policy is idle.

The life runs once, against the simulator, whose IAM remembers every question it was asked. What a smaller policy would
have answered is then a matter of asking the evaluator again: no second life is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from molthub.aws.permissions.operations import grants
from molthub.aws.permissions.policy import is_read, reader_policy, reconciler_policies
from molthub.simulator.iam.evaluator import Ask, Rights, decide
from tests.fakes.guarded import HERE, guarded
from tests.fakes.life import Life
from tests.fakes.stage import furnished

Json = dict[str, Any]


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Json]]:
    """Everything IAM was asked during a life, each question once."""
    with furnished(tmp_path_factory.mktemp("stage"), bucket=True) as stage:
        life = Life(guarded(stage))
        for scene in (life.create, life.drift, life.webhook, life.share, life.keep, life.change, life.fail, life.end):
            scene()
        unique = {repr(item): item for item in stage.control.decisions()}
        yield list(unique.values())


def asks(judged: list[Json]) -> list[Ask]:
    return [
        Ask(item["action"], item["resource"], {key: tuple(values) for key, values in item["context"].items()})
        for item in judged
    ]


def test_nothing_was_denied(judged: list[Json]) -> None:
    assert [item for item in judged if not item["allowed"]] == []


def test_what_was_used_is_what_is_granted(judged: list[Json]) -> None:
    used = {item["action"] for item in judged}
    granted = {action for action, scope in grants() if scope.exists(HERE)}
    assert sorted(granted - used) == [], "granted and never used: take it away, or let tests/fakes/life.py use it"
    assert sorted(used - granted) == []


def test_the_evaluator_says_the_same_of_the_whole_policy(judged: list[Json]) -> None:
    rights = Rights(reconciler_policies(HERE))
    assert [ask for ask in asks(judged) if not decide(rights, ask).allowed] == []


def test_each_action_and_each_resource_of_each_statement_is_needed(judged: list[Json]) -> None:
    """Take away one action of one statement, or one of its resources: something that the life needed is denied."""
    questions = asks(judged)
    statements = [statement for document in reconciler_policies(HERE) for statement in document["Statement"]]
    idle = [
        (statement["Sid"], member, item)
        for index, statement in enumerate(statements)
        for member in ("Action", "Resource")
        for item in statement[member]
        if _still_enough(_without(statements, index, member, item), questions)
    ]
    assert idle == []


def test_the_reader_may_look_at_everything_and_change_nothing(judged: list[Json]) -> None:
    rights = Rights([reader_policy(replace(HERE, kms_key=None))])
    told = [(ask, decide(rights, ask).allowed) for ask in asks(judged) if not ask.action.startswith("kms:")]
    assert [ask for ask, allowed in told if allowed != is_read(ask.action)] == []
    actions = {action for statement in reader_policy(HERE)["Statement"] for action in statement["Action"]}
    assert not [action for action in actions if not is_read(action) or "Value" in action or "Decrypt" in action]


def _without(statements: list[Json], index: int, member: str, item: str) -> list[Json]:
    """The statements, one of them without one action or resource; a statement left with none goes."""
    smaller = {**statements[index], member: [other for other in statements[index][member] if other != item]}
    return [*statements[:index], *([smaller] if smaller[member] else []), *statements[index + 1 :]]


def _still_enough(statements: list[Json], questions: list[Ask]) -> bool:
    rights = Rights([{"Version": "2012-10-17", "Statement": statements}])
    return all(decide(rights, ask).allowed for ask in questions)
