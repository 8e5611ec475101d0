"""The lease as a state machine: the store's clock and the holder's are moved by hand, each on its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from molthub.errors import StallingError, TransientError
from molthub.leases.lease import DEFAULT_TTL, MARGIN, SLACK, Holder, Lease, LeaseSettings
from molthub.leases.record import LEASE, LeaseRecord, dump, parse
from tests.fakes.documents import MemoryDocuments

SINCE = datetime(2027, 1, 2, 8, 0, tzinfo=UTC)
AWAY = TransientError("MH-AWS-006", "AWS cannot be reached")


class Process:
    """A process with a lease, and a clock of its own."""

    def __init__(self, store: MemoryDocuments, name: str, *, ttl: float = DEFAULT_TTL) -> None:
        self.seconds = 1000.0
        self.lease = Lease(
            store,
            environment="acme/prod",
            holder=Holder(name, f"nonce of {name}"),
            settings=LeaseSettings(ttl),
            elapsed=lambda: self.seconds,
            now=lambda: SINCE,
        )


def stored(store: MemoryDocuments) -> LeaseRecord:
    found = store.read(LEASE)
    assert found is not None
    return parse(found.body, environment="acme/prod")


@pytest.fixture
def store() -> MemoryDocuments:
    return MemoryDocuments()


def test_the_first_takes_it_and_the_second_is_told_who(store: MemoryDocuments) -> None:
    first, second = Process(store, "controller on host-1 (pid 7)"), Process(store, "ana on laptop (pid 9)")
    assert first.lease.acquire() is None
    first.lease.guard()()
    other = second.lease.acquire()
    assert other is not None
    assert (other.holder, other.epoch) == ("controller on host-1 (pid 7)", 1)
    with pytest.raises(StallingError) as caught:
        second.lease.guard()()
    assert caught.value.diagnostic.message == (
        "the lease of acme/prod is held by controller on host-1 (pid 7) since 2027-01-02 08:00:00Z"
    )
    assert caught.value.diagnostic.fix == (
        "Leave the work to it, or end it: a holder that ends lets go at once, and one that dies is replaced after 90 s"
    )


def test_released_it_is_free_at_once_and_the_epoch_goes_on(store: MemoryDocuments) -> None:
    first, second = Process(store, "first"), Process(store, "second")
    first.lease.acquire()
    first.lease.release()
    assert stored(store).holder == ""
    assert second.lease.acquire() is None
    assert stored(store).epoch == 2
    with pytest.raises(StallingError, match="MH-LEASE-005"):
        first.lease.guard()()


def test_a_dead_holder_is_replaced_after_its_ttl_by_the_stores_clock(store: MemoryDocuments) -> None:
    first, second = Process(store, "first"), Process(store, "second")
    first.lease.acquire()
    second.seconds += 1e6  # its own clock means nothing
    store.seconds = DEFAULT_TTL + SLACK - 0.1
    assert second.lease.acquire() is not None
    store.seconds = DEFAULT_TTL + SLACK
    assert second.lease.acquire() is None
    assert stored(store).epoch == 2


def test_renewed_it_is_not_over(store: MemoryDocuments) -> None:
    first, second = Process(store, "first"), Process(store, "second")
    first.lease.acquire()
    for _ in range(5):
        store.seconds += DEFAULT_TTL / 3
        assert first.lease.renew() is None
    assert second.lease.acquire() is not None
    assert (stored(store).epoch, stored(store).renewal) == (1, 5)


def test_a_stopped_process_writes_nothing_when_it_goes_on(store: MemoryDocuments) -> None:
    """SIGSTOP, a closed lid: nothing ran meanwhile, not even the renewal; its clock did."""
    first, second = Process(store, "first"), Process(store, "second")
    first.lease.acquire()
    guard = first.lease.guard()
    first.seconds += DEFAULT_TTL - MARGIN
    guard()
    first.seconds += 0.1
    with pytest.raises(TransientError, match="MH-LEASE-002"):
        guard()
    store.seconds = 500.0
    second.lease.acquire()
    other = first.lease.renew()
    assert other is not None
    assert other.holder == "second"
    with pytest.raises(StallingError, match="is held by second since"):
        guard()
    assert stored(store).holder == "second"


def test_a_stopped_process_whom_nobody_replaced_goes_on_after_renewing(store: MemoryDocuments) -> None:
    first = Process(store, "first")
    first.lease.acquire()
    guard = first.lease.guard()
    first.seconds += 500.0
    store.seconds += 500.0
    with pytest.raises(TransientError):
        guard()
    assert first.lease.renew() is None
    guard()


def test_what_was_planned_under_a_former_acquisition_is_not_written(store: MemoryDocuments) -> None:
    first, second = Process(store, "first"), Process(store, "second")
    first.lease.acquire()
    before = first.lease.guard()
    store.seconds += 500.0
    second.lease.acquire()
    assert first.lease.renew() is not None
    second.lease.release()
    assert first.lease.acquire() is None
    with pytest.raises(StallingError, match="MH-LEASE-005"):
        before()
    first.lease.guard()()


def test_the_holder_thinks_it_over_before_anybody_else_does(store: MemoryDocuments) -> None:
    """It counts from before the write was sent, and stops a margin earlier."""
    first = Process(store, "first")
    write = store.write

    def slowly(name: str, body: bytes, *, replaces: str | None) -> str | None:
        first.seconds += 20.0
        store.seconds += 20.0
        return write(name, body, replaces=replaces)

    store.write = slowly  # type: ignore[method-assign]
    first.lease.acquire()
    first.seconds += DEFAULT_TTL - MARGIN - 20.0
    first.lease.guard()()
    first.seconds += 0.1
    with pytest.raises(TransientError):
        first.lease.guard()()


def test_of_two_who_take_it_when_it_is_over_one_has_it(store: MemoryDocuments) -> None:
    Process(store, "dead").lease.acquire()
    store.seconds = 500.0
    first, second = Process(store, "first"), Process(store, "second")
    read = store.read
    raced: list[object] = []

    def read_and_be_overtaken(name: str) -> object:
        found = read(name)
        if not raced:
            raced.append(None)
            raced.append(second.lease.acquire())
        return found

    store.read = read_and_be_overtaken  # type: ignore[method-assign,assignment]
    other = first.lease.acquire()
    assert other is not None
    assert (other.holder, raced[1], stored(store).epoch) == ("second", None, 2)


@pytest.mark.parametrize("lost", ["told it was too slow", "no answer"])
def test_a_write_whose_answer_was_lost_is_found_again(store: MemoryDocuments, lost: str) -> None:
    first = Process(store, "first")
    if lost == "no answer":
        store.fail_after = AWAY
        with pytest.raises(TransientError):
            first.lease.acquire()
        with pytest.raises(StallingError):
            first.lease.guard()()
    else:
        store.lose_answer = True
    assert first.lease.acquire() is None
    if lost == "no answer":
        store.fail_after = AWAY
        with pytest.raises(TransientError):
            first.lease.renew()
    else:
        store.lose_answer = True
    assert first.lease.renew() is None
    first.lease.guard()()
    assert stored(store).holder == "first"


def test_a_lease_that_nobody_understands_is_left_alone(store: MemoryDocuments) -> None:
    record = LeaseRecord("acme/prod", "x", "n", 1, SINCE, 90.0)
    whole = dump(record)
    bad = [b"", b"[]", b"{}", b'{"schema": 2}', whole.replace(b"acme/prod", b"acme/test"), b"[" * 16_000]
    bad += [whole.replace(b"90.0", ttl) for ttl in (b"NaN", b"Infinity", b"1e999", b"0", b"-1", b'"long"')]
    bad += [
        whole.replace(b'"epoch": 1', b'"epoch": 1e999'),
        whole.replace(b"2027-01-02T08:00:00+00:00", b"0001-01-01T00:00:00+01:00"),
    ]
    assert whole not in bad, "each of them was made another"
    for body in bad:
        with pytest.raises(StallingError, match="MH-LEASE-003"):
            parse(body, environment="acme/prod")
    store.write(LEASE, b"{}", replaces=None)
    with pytest.raises(StallingError, match="the lease of acme/prod cannot be read, so nothing is written there"):
        Process(store, "first").lease.acquire()
    assert store.writes == [LEASE]


def test_what_was_planned_under_a_lease_that_somebody_removed_is_not_written_under_the_next(
    store: MemoryDocuments,
) -> None:
    """`lease.json` is deleted by hand: another takes the first epoch again, works, lets go, and it is deleted again."""
    first, second = Process(store, "first"), Process(store, "second")
    first.lease.acquire()
    planned = first.lease.guard()
    store.remove(LEASE)
    assert second.lease.acquire() is None
    store.remove(LEASE)
    with pytest.raises(StallingError):
        first.lease.renew()
    assert first.lease.acquire() is None
    with pytest.raises(StallingError, match="MH-LEASE-005"):
        planned()
    first.lease.guard()()


def test_a_record_survives_the_way_there_and_back() -> None:
    record = LeaseRecord("acme/prod", "ana on laptop (pid 9)", "nonce", 3, SINCE, 90.0, 2)
    assert parse(dump(record), environment="acme/prod") == record
    shown = parse(dump(LeaseRecord("acme/prod", "a\x1b[2Jb\n", "n", 1, SINCE, 90.0)), environment="acme/prod").holder
    assert shown == "a?[2Jb?"


def test_margin_and_renewals_fit_into_the_ttl() -> None:
    settings = LeaseSettings()
    assert (settings.ttl, settings.margin, settings.renew_every) == (90.0, 40.0, 30.0)
    assert settings.renew_every + settings.margin < settings.ttl
