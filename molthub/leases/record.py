"""The lease as it is written down: `lease.json`, one an environment.

It is never deleted: a holder that is done leaves it with no holder, so that the epoch goes on counting.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from molthub.errors import StallingError

LEASE = "lease.json"
SCHEMA = 1
_LONGEST = 16 * 1024
_TEXT = 200

UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading any bytes as one of our documents may raise."""


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """Who writes to an environment.

    environment  WORKSPACE/NAME
    holder       for people: "controller on host-1 (pid 7)"; "" when nobody holds it
    nonce        of the holding process: tells two holders of one name apart
    epoch        grows by one with every acquisition
    since        when it was acquired, by the holder's clock: for people only, nothing is decided by it
    ttl          seconds it is good for after it was written
    renewal      counts the renewals, so that no two contents are alike (S3's ETag is of the content)
    """

    environment: str
    holder: str
    nonce: str
    epoch: int
    since: datetime
    ttl: float
    renewal: int = 0


def dump(record: LeaseRecord) -> bytes:
    """The document's bytes."""
    content = {"schema": SCHEMA} | asdict(record) | {"since": record.since.isoformat()}
    return json.dumps(content, indent=1).encode()


def parse(body: bytes, *, environment: str) -> LeaseRecord:
    """The record in a document. Raises MH-LEASE-003 for one that this Molthub does not understand: nobody may guess."""
    try:
        content = json.loads(body[:_LONGEST])
        if content["schema"] != SCHEMA or content["environment"] != environment:
            raise ValueError("another schema, or another environment's")
        return LeaseRecord(
            environment=environment,
            holder=text(content["holder"]),
            nonce=text(content["nonce"]),
            epoch=int(content["epoch"]),
            since=moment(content["since"]),
            ttl=_seconds(content["ttl"]),
            renewal=int(content["renewal"]),
        )
    except UNREADABLE as error:
        raise StallingError(
            "MH-LEASE-003",
            f"the lease of {environment} cannot be read, so nothing is written there",
            fix="Upgrade Molthub if a newer one wrote it; else see that no controller runs, and delete lease.json "
            "from the environment's bucket",
        ) from error


def _seconds(value: object) -> float:
    """Raises ValueError for what is no time that a lease may be good for: NaN and infinity would never be over."""
    found = float(str(value))
    if not 0 < found < float("inf"):
        raise ValueError("no time a lease may be good for")
    return found


def text(value: object) -> str:
    """One line of printable text: it is shown to people, and others may have written it."""
    return "".join(character if character.isprintable() else "?" for character in str(value))[:_TEXT]


def moment(value: str) -> datetime:
    """A time as it is written down, in UTC. Raises ValueError for one without a zone, OverflowError at the end of
    time: an hour off the year 1 is none."""
    found = datetime.fromisoformat(value)
    if found.tzinfo is None:
        raise ValueError("a time without a zone")
    return found.astimezone(UTC)
