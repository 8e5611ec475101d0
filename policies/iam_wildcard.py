"""MH-IAM-001: a Moltbot's own role names exact actions on exact resources."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject
from molthub.manifest.models import RoleStatement
from molthub.policies.support.iam import action_has_wildcard, arn_complaint, is_action
from molthub.policies.support.quote import quoted, spell

STATEMENTS = ("spec", "taskRole", "statements")


class IamWildcard:
    """Waivable where AWS knows an action only for every resource; what is no action or no ARN at all is not."""

    ref = "MH-IAM-001"
    title = "No wildcard in a task role"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        for index, statement in enumerate(subject.instance.model.spec.taskRole.statements):
            yield from _actions(statement, (*STATEMENTS, index, "actions"))
            yield from _resources(statement, (*STATEMENTS, index, "resources"))


def _actions(statement: RoleStatement, path: tuple[str | int, ...]) -> Iterator[Finding]:
    for index, action in enumerate(statement.actions):
        place = (*path, index)
        if action_has_wildcard(action):
            yield Finding(f"the action {quoted(action)} has a wildcard", place, "List the exact actions")
        elif not is_action(action):
            message = f"{spell(place)} is not an IAM action"
            yield Finding(message, place, "Write service:Action, for example s3:GetObject", waivable=False)


def _resources(statement: RoleStatement, path: tuple[str | int, ...]) -> Iterator[Finding]:
    for index, resource in enumerate(statement.resources):
        complaint = arn_complaint(resource)
        if complaint:
            malformed = complaint == "is not an ARN"
            yield Finding(
                f"the resource {quoted(resource)} {complaint}",
                (*path, index),
                "Write an exact ARN; a * may only stand after a / at its end",
                waivable=not malformed,
            )
