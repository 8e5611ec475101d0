"""A commit as the controller takes it up: loaded, judged by the guardrails and by access."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from molthub.access.content import Subject
from molthub.access.evaluate import blocked_subjects
from molthub.pipeline.allowed import as_allowed
from molthub.pipeline.engine import check
from molthub.pipeline.types import CheckedFleet, Collaborators
from molthub.source.types import Snapshot

Stopped = tuple[tuple[Subject, tuple[str, ...]], ...]
"""What access stops: each document that says what nobody allowed, and the commits that did it."""


def judged(snapshot: Snapshot, collaborators: Collaborators, now: datetime) -> CheckedFleet:
    """The fleet of a commit, with only those Environments that somebody was allowed to write."""
    checked = check(snapshot, rules=collaborators.rules, now=now)
    access = collaborators.access_at(snapshot.commit)
    return checked if access is None else as_allowed(checked, access)


def stopped(collaborators: Collaborators, commit: str, log: Any) -> Stopped:
    """What access stops at a commit, told in the log too. An approval changes it though it changes no file."""
    access = collaborators.access_at(commit)
    if access is None:
        return ()
    if access.mode != "open":
        log.info("access", mode=access.mode, commit=commit)
    for item in (*access.notices, *([access.problem] if access.problem else [])):
        log.warning("access", ref=item.ref, error=item.message, fix=item.fix)
    if access.evaluation is None:
        return ((Subject("unknown"), ()),)
    states = access.evaluation.states
    return tuple(
        (subject, tuple(item.commit for item in states[subject].refused))
        for subject in blocked_subjects(access.evaluation)
    )
