"""Which condition a status is. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from molthub.events.notices import Notice, NoticeKind
from molthub.health.types import Health, StatusRecord
from molthub.resources.states import Verdict

_ERROR = re.compile(r"(?P<ref>MH-[A-Z]+-[0-9]{3}) (?P<message>.*)", re.DOTALL)

WELL = frozenset({Health.HEALTHY, Health.STOPPED})
AS_IT_SHOULD = frozenset({Verdict.SYNCED, Verdict.SUSPENDED})
KEPT_BACK = frozenset({Verdict.BLOCKED, Verdict.INVALID})


def notice_of(record: StatusRecord, *, at: datetime, stuck: bool = False) -> Notice | None:
    """What the status is worth telling; None while it says nothing for sure: unknown, under way, not yet in sync.

    stuck  a change failed, and trying again alone does not help
    """
    kind = _kind(record, stuck=stuck)
    if kind is None:
        return None
    found = _ERROR.fullmatch(record.last_error or "")
    ref, error = (found["ref"], found["message"]) if found else ("", record.last_error or "")
    if kind is NoticeKind.RECOVERED:
        ref, message = "", "well again, and as its manifest says"
    elif kind is NoticeKind.BLOCKED:
        message = error or record.reason
    else:
        message = record.reason or error
    return Notice(at, record.identity, record.name, kind, message, ref=ref, commit=record.head_commit)


def _kind(record: StatusRecord, *, stuck: bool) -> NoticeKind | None:
    """A version that failed is kept back from being tried again; that is a failure before it is anything else."""
    if record.health is Health.DEGRADED or stuck:
        return NoticeKind.FAILED
    if record.sync in KEPT_BACK:
        return NoticeKind.BLOCKED
    if record.health in WELL and record.sync in AS_IT_SHOULD:
        return NoticeKind.RECOVERED
    return None
