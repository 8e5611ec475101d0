"""Why a plan may not be applied: the diagnostics of planning, with their stable references.

Their pages are in errors/pages/plan.md. Secrets are named, never shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from molthub.errors import Diagnostic, Severity
from molthub.planning.types import Action, Change
from molthub.resources.observation import ForeignObject, ReadFailure, Rollout, SecretFacts
from molthub.resources.types import Kind, ResourceSet, Step

UNREAD = "MH-PLAN-001"
FOREIGN = "MH-PLAN-002"
MOVED = "MH-PLAN-003"
FAILED_BEFORE = "MH-PLAN-004"
PROTECTED = "MH-PLAN-005"
SECRET_MISSING = "MH-PLAN-006"  # noqa: S105 - a reference, not a secret

TRIED_AGAIN = "MH-PLAN-007"

_SYMBOLIC = re.compile(r"\$\{secret:(?P<name>[^}]+)\}")
_ARN_PARTS = 7
_LOCATIONS: dict[Kind | Step, str] = {Kind.SERVICE: "cluster", Kind.SECURITY_GROUP: "vpc_id"}


def unread(failures: Iterable[ReadFailure], name: str) -> tuple[Diagnostic, ...]:
    """One reason per cause: a cloud that cannot be reached fails every kind of read in the same words."""
    causes: dict[tuple[str, str], dict[str, None]] = {}
    for failure in failures:
        what = str(failure.kind) if failure.kind else "environment"
        causes.setdefault((failure.ref, failure.message), {}).setdefault(what)
    return tuple(
        Diagnostic(
            UNREAD,
            f"could not read the {', '.join(kinds)} of {name}: {message}",
            fix=f"See {ref}; nothing is changed until the read succeeds",
            subject=name,
        )
        for (ref, message), kinds in causes.items()
    )


def foreign(found: ForeignObject, name: str) -> Diagnostic:
    return Diagnostic(
        FOREIGN,
        f"the {found.kind} {found.name} exists and is not ours: {found.reason}",
        fix="Delete or rename that object, or give this instance another metadata.id; Molthub never touches it",
        subject=name,
    )


def moved(changes: tuple[Change, ...], name: str) -> Iterator[Diagnostic]:
    """A running instance whose cluster or VPC differs: a move, never made by itself (two bots on one token)."""
    for change in changes:
        for attribute in change.attributes:
            if change.action is Action.REPLACE and attribute.path == _LOCATIONS.get(change.kind):
                yield Diagnostic(
                    MOVED,
                    f"{name} runs in {attribute.before}, its environment now says {attribute.after}: that is a move",
                    fix="Put the environment's location back, or remove the instance first and create it there anew",
                    subject=name,
                )


def failed_before(rollout: Rollout, name: str) -> Diagnostic:
    return Diagnostic(
        FAILED_BEFORE,
        f"this very version failed to roll out {_told(rollout)}",
        fix=f"`molthub rollback {name}` goes back; `molthub retry {name}` tries it again as it is",
        subject=name,
    )


def tried_again(rollout: Rollout, name: str) -> Diagnostic:
    """A warning: the failure was not its own, so the rollout that is planned is another try."""
    return Diagnostic(
        TRIED_AGAIN,
        f"this very version is rolled out again: an earlier try failed through its surroundings {_told(rollout)}",
        fix="Mend what the reason names; the controller tries again by itself, `molthub apply` at once",
        severity=Severity.WARNING,
        subject=name,
    )


def _told(rollout: Rollout) -> str:
    when = rollout.created_at.strftime("%Y-%m-%d %H:%M:%S %Z").strip()
    return f"(deployment {rollout.deployment_id}, started {when}): {rollout.reason or 'ECS gave no reason'}"


def as_warning(reason: Diagnostic) -> Diagnostic:
    """A reason that holds something back without stopping the rest."""
    return replace(reason, severity=Severity.WARNING)


def protected(name: str) -> Diagnostic:
    return Diagnostic(
        PROTECTED,
        f"{name} has deletion protection and is not deleted",
        fix="Bring its manifest back with spec.lifecycle.deletionProtection: false, let that apply, then remove it",
        subject=name,
    )


def linked_secrets(desired: ResourceSet) -> tuple[str, ...]:
    """The secrets that the containers are given and Molthub does not make: names, or full ARNs; sorted."""
    definition = desired.task_definition
    containers = definition.containers if definition else ()
    found = {_secret_of(reference) for container in containers for _, reference in container.secrets}
    own = desired.secret.name if desired.secret else None
    return tuple(sorted(found - {own}))


def _secret_of(reference: str) -> str:
    symbolic = _SYMBOLIC.match(reference)
    return symbolic["name"] if symbolic else ":".join(reference.split(":")[:_ARN_PARTS])


def missing_secrets(desired: ResourceSet, secrets: Mapping[str, SecretFacts] | None, name: str) -> Iterator[Diagnostic]:
    if secrets is None:
        return
    for secret in linked_secrets(desired):
        facts = secrets.get(secret)
        problem = _problem_of(facts)
        fix = "Create it in AWS Secrets Manager and give it a value, or correct the key in spec.secrets"
        if not problem and facts is not None and facts.alias is not None:
            problem = f"is encrypted under {facts.alias}, and the role that reads it can name no alias, only the key"
            fix = f"Run `aws secretsmanager update-secret --secret-id {secret} --kms-key-id ARN` with the key's own ARN"
        if problem:
            yield Diagnostic(SECRET_MISSING, f"the linked secret {secret} {problem}", fix=fix, subject=name)


def _problem_of(facts: SecretFacts | None) -> str:
    if facts is None:
        return "does not exist"
    if facts.deleted:
        return "is scheduled for deletion"
    return "" if facts.version_id else "has no value"
