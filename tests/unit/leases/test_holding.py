"""The leases of one process: asked for at once, kept by threads, let go at the end."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

import pytest

from molthub.errors import MolthubError, StallingError, TransientError
from molthub.leases.holding import Holding
from molthub.leases.keeper import Standing
from molthub.leases.lease import Holder, LeaseSettings, elapsed_seconds
from molthub.resources.identity import EnvironmentKey
from tests.fakes.documents import MemoryDocuments

PROD, TEST = EnvironmentKey("acme", "prod"), EnvironmentKey("acme", "test")
TTL = 0.6


class Told:
    """A process's leases, and what it was told of them."""

    def __init__(self, name: str, *, again: bool = True) -> None:
        self.told: list[tuple[str, str]] = []
        self.news = threading.Event()
        self.holding = Holding(
            holder=Holder(name, f"nonce of {name}"),
            settings=LeaseSettings(TTL),
            again=again,
            tell=self._tell,
            elapsed=elapsed_seconds,
            now=lambda: datetime(2027, 1, 2, tzinfo=UTC),
        )

    def _tell(self, key: EnvironmentKey, standing: Standing) -> None:
        problem = standing.problem
        words = problem.diagnostic.message if problem else "no bucket" if standing.absent else "ours"
        self.told.append((str(key), words))
        self.news.set()

    def until_ours(self) -> None:
        end = time.monotonic() + 20
        while not self.holding.standing(PROD).ours:
            assert time.monotonic() < end
            self.news.wait(0.05)


def test_one_writes_the_other_waits_and_takes_over_when_it_is_let_go() -> None:
    store = MemoryDocuments()
    first, second = Told("first"), Told("second")
    first.holding.follow({PROD: lambda: store})
    second.holding.follow({PROD: lambda: store})
    first.holding.guard(PROD)()
    with pytest.raises(StallingError, match="held by first"):
        second.holding.guard(PROD)()
    first.holding.close()
    second.until_ours()
    second.holding.guard(PROD)()
    second.holding.close()
    since = "the lease of acme/prod is held by first since 2027-01-02 00:00:00Z"
    assert second.told == [("acme/prod", since), ("acme/prod", "ours")]


def test_a_renewal_that_fails_is_tried_again_and_told_once() -> None:
    store = MemoryDocuments()
    first = Told("first")
    first.holding.follow({PROD: lambda: store})
    first.news.clear()
    store.fail = TransientError("MH-AWS-006", "AWS cannot be reached")
    first.news.wait(10)
    first.news.clear()
    first.news.wait(10)
    assert [words for _, words in first.told] == ["ours", "ours", "ours"]  # had, cannot renew, renewed
    first.holding.close()


def test_an_apply_that_lost_its_lease_does_not_take_it_again() -> None:
    store = MemoryDocuments()
    first, second = Told("first", again=False), Told("second")
    first.holding.follow({PROD: lambda: store})
    store.seconds = 100.0  # the store thinks it over
    second.holding.follow({PROD: lambda: store})
    assert second.holding.standing(PROD).ours
    first.news.clear()
    first.news.wait(10)
    second.holding.close()
    time.sleep(TTL)
    assert first.holding.standing(PROD).problem is not None
    with pytest.raises(StallingError):
        first.holding.guard(PROD)()
    first.holding.close()


def test_without_a_bucket_everybody_writes_and_it_is_said_once() -> None:
    first = Told("first")
    for _ in range(3):
        first.holding.follow({PROD: lambda: None})
    first.holding.guard(PROD)()
    assert (first.told, first.holding.epoch(PROD)) == ([("acme/prod", "no bucket")], None)


def test_while_it_cannot_be_told_nobody_writes() -> None:
    store = MemoryDocuments()
    errors: list[MolthubError] = [StallingError("MH-AWS-004", "AWS denies s3:ListBucket")]

    def open_documents() -> MemoryDocuments:
        if errors:
            raise errors[0]
        return store

    first = Told("first")
    first.holding.follow({PROD: open_documents})
    with pytest.raises(StallingError, match="AWS denies"):
        first.holding.guard(PROD)()
    errors.clear()
    first.holding.follow({PROD: open_documents})
    first.holding.guard(PROD)()
    first.holding.follow({})
    with pytest.raises(StallingError, match="the lease of acme/prod is not held"):
        first.holding.guard(PROD)()


def test_nothing_was_asked_of_an_environment_that_is_not_followed() -> None:
    with pytest.raises(StallingError, match="the lease of acme/test is not held"):
        Told("first").holding.guard(TEST)()
