"""After an apply there is nothing left to do, and Molthub knows it: no change planned, no write made."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from molthub.apply.types import Outcome
from molthub.resources.states import Verdict
from tests.fakes.rich_fleet import WAIVER, rich_fleet
from tests.fakes.stage import HASTE, Stage, by_id, furnished

PASSES = 10


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The rich fleet, applied by `molthub apply`."""
    with furnished(tmp_path_factory.mktemp("stage"), speed=HASTE) as made:
        made.commit(*rich_fleet())
        applied = made.molthub("apply", "--auto-approve", "-o", "json")
        assert (applied.returncode, applied.stderr.count("Traceback")) == (0, 0), applied.stderr + applied.stdout
        outcomes = {item["outcome"] for item in json.loads(applied.stdout)["instances"]}
        assert outcomes == {"applied"}
        yield made


@pytest.fixture(autouse=True)
def _counted(stage: Stage) -> None:
    stage.control.reset_counters()


def test_a_fresh_process_plans_nothing(stage: Stage) -> None:
    planned = stage.molthub("plan", "--detailed-exitcode")
    assert planned.returncode == 0, planned.stdout + planned.stderr
    assert stage.writes() == []
    assert len(stage.reads()) > 0


def test_a_second_apply_in_a_fresh_process_writes_nothing(stage: Stage) -> None:
    before = stage.control.inventory()
    again = stage.molthub("apply", "--auto-approve", "-o", "json")
    assert again.returncode == 0, again.stdout + again.stderr
    assert {item["outcome"] for item in json.loads(again.stdout)["instances"]} == {"unchanged"}
    assert stage.writes() == []
    assert len(stage.reads()) > 0
    assert stage.control.inventory() == before


def test_ten_further_passes_write_nothing(stage: Stage) -> None:
    session = stage.session()
    for _ in range(PASSES):
        planned = session.plan()
        assert {view.plan.verdict for view in planned.views} == {Verdict.SYNCED}
        assert {result.outcome for result in session.carry_out(planned).values()} == {Outcome.UNCHANGED}
    assert stage.writes() == []


def test_every_kind_is_there_and_runs(stage: Stage) -> None:
    """Guards the others: a fleet of nothing would be idempotent too."""
    names = {manifest["metadata"]["name"] for manifest in rich_fleet()}
    views = by_id(stage.session().plan())
    assert set(views) == names
    for view in views.values():
        assert view.observed is not None
        assert view.observed.runtime is not None
        assert (view.observed.runtime.running, view.observed.runtime.desired) == (1, 1)
    assert any(WAIVER["rule"] in notice.ref for notice in views["waived"].plan.notices)


def test_a_commit_that_changes_no_instance_writes_nothing(stage: Stage) -> None:
    """The commit is a tag on every object, and a newer one is no reason to write."""
    stage.commit(*rich_fleet(), message="Say something, change nothing")
    planned = stage.molthub("plan", "--detailed-exitcode")
    assert planned.returncode == 0, planned.stdout
    assert stage.writes() == []


def test_a_rename_and_a_move_of_the_file_keep_the_task_the_history_the_blame_and_the_audit(stage: Stage) -> None:
    """The last of this module: the fleet has another name for one of its bots from here on."""
    first, *others = rich_fleet()
    name = first["metadata"]["name"]
    before = stage.control.inventory()
    renamed = {**first, "metadata": {**first["metadata"], "id": name, "name": "new-name"}}
    stage.commit(renamed, *others, message="Rename it, and move its file")
    applied = stage.molthub("apply", "--auto-approve", "-o", "json")
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert stage.writes() == []
    assert stage.control.inventory() == before

    found = json.loads(stage.molthub("history", "new-name", "--running", "-o", "json").stdout)
    assert [one["words"][0].partition(" ")[0] for one in found["versions"]] == ["renamed", "created"]
    assert (found["instance"]["id"], found["instance"]["formerNames"]) == (name, [name])
    assert found["running"]["version"] == 1  # nothing had to be written since
    fields = json.loads(stage.molthub("blame", name, "-o", "json").stdout)["fields"]
    assert {one["field"]: one["subject"] for one in fields if one["field"] in ("metadata.name", "metadata.id")} == {
        "metadata.name": "Rename it, and move its file",
        "metadata.id": "Change the fleet",
    }
    entries = json.loads(stage.molthub("audit", "--instance", "new-name", "-o", "json").stdout)["entries"]
    assert [one["action"] for one in entries] == ["rename", "create"]
