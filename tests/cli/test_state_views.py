"""What `status` and `explain` show of a persistent state."""

from __future__ import annotations

from datetime import timedelta

import pytest

from molthub.cli.explaining import Explanation
from molthub.cli.views import explanation
from molthub.cli.views import status as view
from molthub.cli.views.status import StatusList
from molthub.cli.views.text import size
from molthub.health.types import BackupKind, Health, StateRecord, Status, StatusRecord
from molthub.planning.types import InstancePlan
from molthub.resources.states import Verdict
from tests.fakes.clock import START
from tests.fakes.fleet import identity

NAME = "acme/prod/support-bot"
STATE = StateRecord("fs-2", 6144, START - timedelta(hours=3), BackupKind.UPGRADE, ("fs-1",))
WAITS = f"{NAME}: 1 former file system of before a restore, kept until `molthub restore {NAME} --confirm`"


def record(state: StateRecord | None) -> StatusRecord:
    return StatusRecord(identity(), NAME, Status.RUNNING, Verdict.SYNCED, Health.HEALTHY, state=state)


def listed(state: StateRecord | None) -> StatusList:
    return StatusList("acme-bots", None, START, ((record(state), {}),))


def explained(state: StateRecord | None) -> Explanation:
    plan = InstancePlan(identity(), NAME, Verdict.SYNCED)
    return Explanation(record(state), plan, (), None, None, None, "Nothing", START)


@pytest.mark.parametrize(
    ("count", "shown"),
    [(None, "-"), (0, "0 B"), (1023, "1023 B"), (6144, "6.0 KiB"), (5 * 1024**3, "5.0 GiB"), (2**60, "1048576.0 TiB")],
)
def test_sizes_are_readable(count: int | None, shown: str) -> None:
    assert size(count) == shown


def test_people_see_the_size_the_last_backup_and_what_waits() -> None:
    words = "6.0 KiB, backup 3h ago (before an upgrade), 1 retired"
    assert words in view.human(listed(STATE), wide=True, colour=False)
    narrow = view.human(listed(STATE), wide=False, colour=False).splitlines()
    assert narrow[3:] == ["", WAITS]
    shown = explanation.human(explained(STATE), colour=False)
    assert f"State   {words}" in shown
    assert WAITS in shown


def test_little_is_said_where_there_is_little() -> None:
    assert "-, no backup" in view.human(listed(StateRecord("fs-2")), wide=True, colour=False)
    assert len(view.human(listed(None), wide=True, colour=False).splitlines()) == 3
    assert "State" not in explanation.human(explained(None), colour=False)


def test_machines_get_the_same() -> None:
    data = {
        "fileSystem": "fs-2",
        "size": 6144,
        "lastBackup": {"at": "2027-01-04T06:00:00+00:00", "kind": "before an upgrade"},
        "retired": ["fs-1"],
    }
    assert view.data(listed(STATE))["instances"][0]["state"] == data
    assert explanation.data(explained(STATE))["state"] == data
    assert view.data(listed(None))["instances"][0]["state"] is None
    assert view.data(listed(StateRecord("fs-2")))["instances"][0]["state"]["lastBackup"] is None
