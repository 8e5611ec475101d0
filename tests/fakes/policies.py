"""Subjects for the guardrails' tests, and the smallest rendered thing that has a size."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from molthub.guard.engine import Finding, GuardRule, Subject
from molthub.policies.registry import builtin_rules
from molthub.resources.types import Container, ResourceSet, TaskDefinition
from tests.builders import loaded_environment, loaded_instance

TODAY = date(2026, 11, 23)


def subject(
    overrides: Mapping[str, Any], *, rendered_bytes: int = 0, environment: Mapping[str, Any] | None = None
) -> Subject:
    """The valid instance of the builders with overrides; rendered_bytes: about how large its task definition is.

    environment: overrides of its Environment
    """
    desired = ResourceSet(task_definition=task_definition("x" * rendered_bytes)) if rendered_bytes else None
    return Subject(loaded_instance(**overrides), loaded_environment(**(environment or {})), desired)


def task_definition(text: str) -> TaskDefinition:
    """One container with one variable that holds the text."""
    gateway = Container(name="gateway", image="image", environment=(("TEXT", text),))
    return TaskDefinition(
        family="bot",
        cpu=1024,
        memory=2048,
        architecture="X86_64",
        task_role="task",
        execution_role="execution",
        containers=(gateway,),
    )


def rule(ref: str) -> GuardRule:
    """The built-in rule of this reference."""
    return next(item for item in builtin_rules() if item.ref == ref)


def findings(ref: str, overrides: Mapping[str, Any]) -> list[Finding]:
    """What one rule says about the instance with these overrides."""
    return list(rule(ref).check(subject(overrides)))


def messages(ref: str, overrides: Mapping[str, Any]) -> list[str]:
    """The findings' words."""
    return [finding.message for finding in findings(ref, overrides)]
