"""What a controller publishes: bounded, without reasons, the same bytes for the same content."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from molthub.errors import StallingError
from molthub.health.types import Health, Status, StatusRecord
from molthub.leases.published import MOST_INSTANCES, Published, dump, parse, summary, with_applied
from molthub.resources.identity import Identity
from molthub.resources.states import Verdict

NOW = datetime(2027, 1, 2, 8, 0, tzinfo=UTC)


def record(name: str, sync: Verdict = Verdict.SYNCED) -> StatusRecord:
    return StatusRecord(
        Identity("acme-bots", "acme", "prod", name),
        f"acme/prod/{name}",
        Status.RUNNING,
        sync,
        Health.HEALTHY,
        reason="something long that nobody else should read",
        running_commit="c1",
        last_error="MH-X-001 neither this",
        last_reconcile_at=NOW,
    )


def of(*records: StatusRecord, head: str = "c2") -> Published:
    return summary(environment="acme/prod", writer="controller on a (pid 1)", epoch=3, head=head, records=records)


def test_it_survives_the_way_there_and_back() -> None:
    made = with_applied(of(record("b", Verdict.BLOCKED), record("a")), None, done=True, now=NOW)
    assert parse(dump(made), environment="acme/prod") == made
    assert [item.id for item in made.instances] == ["a", "b"]
    assert (made.not_well, made.reconciled_at, made.applied, made.applied_at) == (1, NOW, "c2", NOW)


def test_reasons_and_errors_stay_at_home() -> None:
    body = dump(of(record("a")))
    assert b"nobody else" not in body
    assert b"neither" not in body


def test_applied_moves_only_when_nothing_is_left_to_do() -> None:
    first = with_applied(of(record("a"), head="c1"), None, done=True, now=NOW)
    later = NOW + timedelta(hours=1)
    under_way = with_applied(of(record("a"), head="c2"), first, done=False, now=later)
    assert (under_way.head, under_way.applied, under_way.applied_at) == ("c2", "c1", NOW)
    done = with_applied(of(record("a"), head="c2"), under_way, done=True, now=later)
    assert (done.applied, done.applied_at) == ("c2", later)
    again = with_applied(of(record("a"), head="c2"), done, done=True, now=later + timedelta(hours=1))
    assert dump(again) == dump(done)


def test_it_is_bounded() -> None:
    records = [record(f"bot-{number:05d}") for number in range(MOST_INSTANCES + 7)]
    made = of(*records)
    assert (len(made.instances), made.omitted) == (MOST_INSTANCES, 7)
    assert len(dump(made)) < 1024 * 1024


def test_what_is_not_understood_is_said() -> None:
    good = dump(of(record("a")))
    for body in (b"", b"[]", good.replace(b"published/v1", b"published/v2"), good.replace(b"acme/prod", b"acme/dev")):
        with pytest.raises(StallingError, match="MH-LEASE-007"):
            parse(body, environment="acme/prod")
    shown = parse(dump(replace(of(), writer="a\x1b[2J")), environment="acme/prod")
    assert shown.writer == "a?[2J"
