"""MH-IAM-003: an action beyond the permissions boundary would be denied, and nobody would know why."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.errors import Severity
from molthub.guard.engine import Finding, Subject
from molthub.policies.support.data_actions import is_data_action
from molthub.policies.support.iam import escalation, is_action
from molthub.policies.support.quote import quoted


class IamInBoundary:
    """Only warns, so there is nothing to waive; an escalating action is MH-IAM-002's."""

    ref = "MH-IAM-003"
    title = "A task role within the permissions boundary"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        for number, statement in enumerate(subject.instance.model.spec.taskRole.statements):
            for index, action in enumerate(statement.actions):
                if is_action(action) and escalation(action) is None and not is_data_action(action):
                    yield Finding(
                        f"the action {quoted(action)} is outside the boundary of instances' roles: where "
                        "`molthub bootstrap` made the environment, AWS denies it",
                        ("spec", "taskRole", "statements", number, "actions", index),
                        "Remove it, or let a function with a role of its own do the work",
                        Severity.WARNING,
                    )
