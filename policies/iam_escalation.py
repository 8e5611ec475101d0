"""MH-IAM-002: a Moltbot's own role leads to no further rights, no others' secrets, no change of its deployment."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject
from molthub.policies.support.iam import escalation, is_action
from molthub.policies.support.quote import quoted


class IamEscalation:
    """Waivable: the reviewed list knows the action, not the reason somebody has."""

    ref = "MH-IAM-002"
    title = "No privilege escalation in a task role"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        for number, statement in enumerate(subject.instance.model.spec.taskRole.statements):
            for index, action in enumerate(statement.actions):
                why = escalation(action) if is_action(action) else None
                if why:
                    yield Finding(
                        f"the action {quoted(action)} {why}",
                        ("spec", "taskRole", "statements", number, "actions", index),
                        "Remove it, and let something with narrower rights do the work",
                    )
