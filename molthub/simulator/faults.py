"""Faults to order: the n-th matching call is throttled, refused, cut off, or held back until somebody lets it go.

Kinds without effect: throttle, server-error, unavailable, access-denied, expired-token, invalid-token, clock-skew,
region-off, quota, conflict, reset-before, hold-before. Kinds whose effect happens but whose answer is lost or late:
server-error-after, reset-after, truncated, hold-after.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from molthub.simulator import replies
from molthub.simulator.replies import Answer


class Kind(StrEnum):
    """What becomes of the call."""

    THROTTLE = "throttle"
    SERVER_ERROR = "server-error"
    UNAVAILABLE = "unavailable"
    ACCESS_DENIED = "access-denied"
    EXPIRED_TOKEN = "expired-token"  # noqa: S105 - a kind of fault
    INVALID_TOKEN = "invalid-token"  # noqa: S105 - a kind of fault
    CLOCK_SKEW = "clock-skew"
    REGION_OFF = "region-off"
    QUOTA = "quota"
    RESET_BEFORE = "reset-before"
    HOLD_BEFORE = "hold-before"
    SERVER_ERROR_AFTER = "server-error-after"
    RESET_AFTER = "reset-after"
    TRUNCATED = "truncated"
    HOLD_AFTER = "hold-after"
    CONFLICT = "conflict"


_ERRORS: dict[Kind, dict[str, tuple[int, str]]] = {
    Kind.THROTTLE: {
        "ec2": (503, "RequestLimitExceeded"),
        "query": (400, "Throttling"),
        "json": (400, "ThrottlingException"),
        "rest-xml": (503, "SlowDown"),
    },
    Kind.SERVER_ERROR: {
        "ec2": (500, "InternalError"),
        "query": (500, "InternalFailure"),
        "json": (500, "InternalServerError"),
        "rest-xml": (500, "InternalError"),
    },
    Kind.UNAVAILABLE: {
        "ec2": (503, "Unavailable"),
        "query": (503, "ServiceUnavailable"),
        "json": (503, "ServiceUnavailable"),
        "rest-xml": (503, "ServiceUnavailable"),
    },
    Kind.ACCESS_DENIED: {
        "ec2": (403, "UnauthorizedOperation"),
        "query": (403, "AccessDenied"),
        "json": (400, "AccessDeniedException"),
        "rest-xml": (403, "AccessDenied"),
    },
    Kind.EXPIRED_TOKEN: {
        "ec2": (400, "RequestExpired"),
        "query": (403, "ExpiredToken"),
        "json": (400, "ExpiredTokenException"),
        "rest-xml": (400, "ExpiredToken"),
    },
}
_ERRORS[Kind.CONFLICT] = {
    "json": (400, "ConflictException"),
    "query": (409, "OperationAborted"),
    "ec2": (400, "IncorrectState"),
    "rest-xml": (409, "ConditionalRequestConflict"),
}
_ERRORS |= {
    Kind.INVALID_TOKEN: {
        "ec2": (401, "AuthFailure"),
        "query": (403, "InvalidClientTokenId"),
        "json": (400, "UnrecognizedClientException"),
    },
    Kind.CLOCK_SKEW: {
        "ec2": (400, "RequestTimeTooSkewed"),
        "query": (403, "SignatureDoesNotMatch"),
        "json": (400, "InvalidSignatureException"),
    },
    Kind.REGION_OFF: {"ec2": (401, "OptInRequired"), "query": (403, "OptInRequired"), "json": (403, "OptInRequired")},
    Kind.QUOTA: {
        "ec2": (400, "SecurityGroupLimitExceeded"),
        "query": (409, "LimitExceeded"),
        "json": (400, "LimitExceededException"),
    },
}
_WORDS = {
    Kind.CLOCK_SKEW: "Signature expired: 20270102T080000Z is now earlier than 20270102T081500Z "
    "(20270102T082000Z - 5 min.)",
}
"""Where AWS's words carry what its code does not; the others name the rule."""

_ERRORS[Kind.SERVER_ERROR_AFTER] = _ERRORS[Kind.SERVER_ERROR]

HOLDS = {Kind.HOLD_BEFORE, Kind.HOLD_AFTER}
WITHOUT_EFFECT = {
    Kind.THROTTLE,
    Kind.SERVER_ERROR,
    Kind.UNAVAILABLE,
    Kind.ACCESS_DENIED,
    Kind.EXPIRED_TOKEN,
    Kind.INVALID_TOKEN,
    Kind.CLOCK_SKEW,
    Kind.REGION_OFF,
    Kind.QUOTA,
    Kind.RESET_BEFORE,
    Kind.HOLD_BEFORE,
    Kind.CONFLICT,
}


@dataclass(slots=True)
class Fault:
    """One rule.

    operation  glob over `service:Operation`
    access     "write" or "read" to match only those, None for both
    nth        the first match that is met, counted from 1
    times      how many matches are met from there on; None for all
    """

    id: str
    operation: str
    kind: Kind
    nth: int = 1
    times: int | None = 1
    access: str | None = None
    seen: int = 0
    met: int = 0
    reached: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)

    def matches(self, name: str, *, write: bool) -> bool:
        return fnmatchcase(name, self.operation) and self.access in {None, "write" if write else "read"}

    def error(self, protocol: str) -> Answer | None:
        """The error answer of this kind, None for the kinds that answer nothing."""
        codes = _ERRORS.get(self.kind)
        if codes is None:
            return None
        status, code = codes.get(protocol, codes["json"])
        words = _WORDS.get(self.kind, f"ordered by fault rule {self.id}")
        return replies.failure(protocol, code, words, status=status)


def throttled(protocol: str, words: str) -> Answer:
    """What a service answers to one call too many."""
    codes = _ERRORS[Kind.THROTTLE]
    status, code = codes.get(protocol, codes["json"])
    return replies.failure(protocol, code, words, status=status)


class FaultBook:
    """The rules in force, in the order they were added; the first that is due meets the call."""

    def __init__(self) -> None:
        self._rules: list[Fault] = []
        self._ids = itertools.count(1)

    def add(self, wanted: dict[str, Any]) -> str:
        """A rule from its JSON; gives its id. Raises ValueError for one that makes no sense."""
        unknown = set(wanted) - {"operation", "kind", "nth", "times", "access"}
        if unknown:
            raise ValueError(f"unknown field {sorted(unknown)[0]}")
        times = wanted.get("times", 1)
        fault = Fault(
            id=f"fault-{next(self._ids)}",
            operation=str(wanted.get("operation", "*")),
            kind=Kind(wanted["kind"]),
            nth=int(wanted.get("nth", 1)),
            times=None if times is None else int(times),
            access=wanted.get("access"),
        )
        if fault.access not in {None, "read", "write"}:
            raise ValueError("access is read or write")
        self._rules.append(fault)
        return fault.id

    def due(self, name: str, *, write: bool) -> Fault | None:
        """Count the call against every rule it matches, and give the first that is due."""
        chosen: Fault | None = None
        for fault in self._rules:
            if not fault.matches(name, write=write):
                continue
            fault.seen += 1
            fresh = fault.times is None or fault.met < fault.times
            if chosen is None and fresh and fault.seen >= fault.nth:
                fault.met += 1
                chosen = fault
        return chosen

    def find(self, fault_id: str) -> Fault:
        """A rule by its id. Raises ValueError when there is none."""
        for fault in self._rules:
            if fault.id == fault_id:
                return fault
        raise ValueError(f"no fault rule {fault_id}")

    def clear(self) -> None:
        """Forget every rule and let go of every call that is held."""
        for fault in self._rules:
            fault.released.set()
        self._rules.clear()

    def listing(self) -> list[dict[str, Any]]:
        return [
            {"id": item.id, "operation": item.operation, "kind": item.kind, "seen": item.seen, "met": item.met}
            for item in self._rules
        ]
