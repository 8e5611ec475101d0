"""The lease and what is published, as people meet them: `apply`, `status`, `plan`."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from molthub.errors import StallingError
from molthub.leases.lease import Holder, Lease, LeaseSettings
from molthub.leases.published import STATUS, Published, PublishedInstance, dump
from molthub.leases.record import LEASE, parse
from tests.builders import instance_dict
from tests.fakes.cli import Cli
from tests.fakes.documents import MemoryDocuments

BOT = instance_dict()
SINCE = datetime(2027, 1, 2, 8, 0, tzinfo=UTC)
HELD = "the lease of acme/prod is held by controller on host-1 (pid 7) since 2027-01-02 08:00:00Z"


@pytest.fixture
def store(cli: Cli) -> MemoryDocuments:
    """The bucket of acme/prod."""
    cli.repository.commit(BOT)
    cli.run("plan")  # makes the cloud
    cli.cloud.prod.shared = MemoryDocuments()
    return cli.cloud.prod.shared


def take(store: MemoryDocuments) -> Lease:
    lease = Lease(
        store,
        environment="acme/prod",
        holder=Holder("controller on host-1 (pid 7)", "n"),
        settings=LeaseSettings(),
        elapsed=lambda: 0.0,
        now=lambda: SINCE,
    )
    assert lease.acquire() is None
    return lease


def publish(store: MemoryDocuments, head: str, applied: str | None) -> None:
    one = PublishedInstance("support-bot", "support-bot", "DEGRADED", "Blocked", "Degraded", head)
    said = Published("acme/prod", "controller on host-1 (pid 7)", 1, head, applied, SINCE, SINCE, (one,))
    store.write(STATUS, dump(said), replaces=None)


def test_apply_says_who_writes_and_asks_nobody(cli: Cli, store: MemoryDocuments) -> None:
    lease = take(store)
    ended = cli.run("apply", "--auto-approve")
    assert (ended.code, cli.cloud.prod.writes) == (1, [])
    assert f"error: MH-LEASE-001 {HELD}" in ended.err
    lease.release()
    assert cli.run("apply", "--auto-approve").code == 0
    record = store.read(LEASE)
    assert record is not None
    assert parse(record.body, environment="acme/prod").holder == "", "it lets go at the end"


def test_apply_without_work_needs_no_lease(cli: Cli, store: MemoryDocuments) -> None:
    cli.run("apply", "--auto-approve")
    take(store)
    assert cli.run("apply", "--auto-approve").code == 0


def test_apply_that_is_not_approved_lets_go(cli: Cli, store: MemoryDocuments) -> None:
    assert cli.run("apply").code == 1
    assert take(store).record is not None


def test_without_a_bucket_it_is_said_once_and_works(cli: Cli) -> None:
    cli.repository.commit(BOT)
    ended = cli.run("apply", "--auto-approve")
    assert ended.code == 0
    assert ended.err.count("MH-LEASE-004") == 1
    assert "acme/prod has no bucket for a lease, so nothing keeps two writers apart there" in ended.err


def test_a_store_that_denies_stops_apply_and_not_plan_or_status(cli: Cli, store: MemoryDocuments) -> None:
    denied = StallingError("MH-AWS-003", "AWS denies s3:GetObject", fix="Allow it")
    for command, code in ((("apply", "--auto-approve"), 1), (("plan",), 0), (("status",), 0)):
        store.fail = denied
        ended = cli.run(*command)
        assert (command, ended.code) == (command, code)
        assert "AWS denies s3:GetObject" in ended.out + ended.err
    assert cli.cloud.prod.writes == []


def test_status_tells_who_writes_and_what_was_applied(cli: Cli, store: MemoryDocuments) -> None:
    def last() -> str:
        return cli.run("status").out.splitlines()[-1]

    assert last() == "acme/prod: nobody writes now; no controller has published anything yet"
    take(store)
    publish(store, "c" * 40, "b" * 40)
    assert last() == (
        "acme/prod: controller on host-1 (pid 7) writes; commit bbbbbbbbbbbb was applied in full, "
        "follows cccccccccccc, 1 of 1 not as they should be (published 3d ago)"
    )
    (told,) = json.loads(cli.run("status", "-o", "json").out)["environments"]
    assert told["lease"] == {"holder": "controller on host-1 (pid 7)", "since": SINCE.isoformat(), "epoch": 1}
    assert (told["published"]["applied"], told["published"]["head"]) == ("b" * 40, "c" * 40)
    assert told["published"]["instances"][0]["sync"] == "Blocked"
    store.seconds = 1000.0
    assert last().startswith("acme/prod: nobody writes now; commit bbbbbbbbbbbb")


def test_plan_warns_when_what_was_applied_is_not_in_its_history(cli: Cli, store: MemoryDocuments) -> None:
    before = cli.repository.git("rev-parse", "HEAD")
    publish(store, before, before)
    cli.repository.commit(instance_dict(spec={"runtime": {"memory": 4096}}))
    assert "MH-PIPE-003" not in cli.run("plan").err
    publish_again = store.read(STATUS)
    assert publish_again is not None
    store.write(STATUS, publish_again.body.replace(before.encode(), b"d" * 40), replaces=publish_again.tag)
    ended = cli.run("plan")
    assert ended.code == 0
    assert "warning: MH-PIPE-003 acme/prod runs commit dddddddddddd, which the history of" in ended.err
