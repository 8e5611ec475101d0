"""pause, resume, restart, retry and reconcile as edits of manifests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from molthub.errors import StallingError
from molthub.manifest.rewriting import plain
from molthub.manifest.selection import Selector
from molthub.pipeline.actions.lifecycle import Pause, Reconcile, Restart, Resume
from molthub.pipeline.actions.types import Action, Edit
from molthub.pipeline.engine import check
from molthub.pipeline.types import CheckedFleet
from molthub.source.types import FileEntry, Snapshot
from tests.builders import instance_dict, tree

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(days=3)
ALL = Selector(everything=True)
ONE = Selector(names=("support-bot",))
PAUSED = {"by": "ana@example.com", "reason": "holiday", "until": "2027-01-07T09:00:00Z"}


def fleet(*bots: Mapping[str, Any]) -> CheckedFleet:
    files = {path: FileEntry(path, "", content) for path, content in tree(*bots).items()}
    return check(Snapshot("c" * 40, files), rules=(), now=NOW)


def bot(name: str = "support-bot", **lifecycle: Any) -> dict[str, Any]:
    return instance_dict(metadata={"name": name}, **({"spec": {"lifecycle": lifecycle}} if lifecycle else {}))


def lifecycle_of(edit: Edit) -> Any:
    (content,) = edit.files.values()
    assert content is not None
    return plain(content)["spec"].get("lifecycle")


def pause(selector: Selector = ONE, reason: str = "holiday", until: datetime | None = UNTIL) -> Pause:
    return Pause(selector, "ana@example.com", reason, until, NOW)


def test_a_pause_says_who_why_and_until_when() -> None:
    edit = pause().edit(fleet(bot(), bot("other-bot")))
    assert lifecycle_of(edit) == {"paused": PAUSED}
    assert edit.subject == "Pause acme/prod/support-bot until 2027-01-07 09:00Z"
    assert edit.body == "holiday"
    assert [str(one) for one in edit.instances] == ["acme/prod/support-bot"]


def test_a_pause_keeps_what_else_the_lifecycle_says() -> None:
    edit = pause(until=None).edit(fleet(bot(deletionProtection=True)))
    paused = {"by": "ana@example.com", "reason": "holiday"}
    assert lifecycle_of(edit) == {"deletionProtection": True, "paused": paused}
    assert lifecycle_of(Resume(ONE).edit(fleet(bot(deletionProtection=True, paused=paused)))) == {
        "deletionProtection": True
    }


@pytest.mark.parametrize(
    ("there", "action"),
    [
        ({"paused": PAUSED}, pause()),
        ({"paused": {**PAUSED, "by": "ben@example.com"}}, pause()),
        ({}, Resume(ONE)),
        ({"restartedAt": "2027-01-04T09:00:00Z"}, Restart(ONE, NOW, NOW)),
        ({"restartedAt": "2027-01-04T09:00:01Z"}, Restart(ONE, NOW, NOW, name="retry")),
    ],
)
def test_what_holds_already_is_no_commit(there: dict[str, Any], action: Action) -> None:
    edit = action.edit(fleet(bot(**there)))
    assert edit.holds_already
    assert [str(one) for one in edit.instances] == ["acme/prod/support-bot"]


def test_a_pause_that_is_over_does_not_count() -> None:
    over = {"by": "ben@example.com", "reason": "holiday", "until": "2027-01-01T00:00:00Z"}
    expired = Pause(ONE, "ana@example.com", "holiday", datetime(2027, 1, 1, tzinfo=UTC), NOW)
    assert not expired.edit(fleet(bot(paused=over))).holds_already
    assert lifecycle_of(Resume(ONE).edit(fleet(bot(paused=over)))) is None


def test_only_those_that_change_are_named() -> None:
    edit = pause(ALL).edit(fleet(bot(paused=PAUSED), bot("other-bot"), bot("third-bot")))
    assert edit.subject == "Pause 2 instances until 2027-01-07 09:00Z"
    assert [one.id for one in edit.instances] == ["other-bot", "third-bot"]


def test_a_restart_is_a_time_in_the_manifest() -> None:
    edit = Restart(ONE, NOW, NOW).edit(fleet(bot(restartedAt="2027-01-01T00:00:00Z")))
    assert lifecycle_of(edit) == {"restartedAt": "2027-01-04T09:00:00Z"}
    assert edit.subject == "Restart acme/prod/support-bot"
    assert Restart(ONE, NOW, NOW, name="retry").edit(fleet(bot())).subject == "Retry acme/prod/support-bot"


def test_a_restart_that_was_asked_for_in_the_far_future_holds_up_none() -> None:
    there = fleet(bot(restartedAt="2099-01-01T00:00:00Z"))

    assert lifecycle_of(Restart(ONE, NOW, NOW).edit(there)) == {"restartedAt": "2027-01-04T09:00:00Z"}


def test_who_is_paused_is_not_restarted() -> None:
    there = fleet(bot(paused=PAUSED), bot("other-bot"))
    with pytest.raises(StallingError) as caught:
        Restart(ONE, NOW, NOW).edit(there)
    assert caught.value.ref == "MH-ACT-030"
    assert caught.value.diagnostic.message == "acme/prod/support-bot is paused, by ana@example.com: holiday"
    assert [one.id for one in Restart(ALL, NOW, NOW).edit(there).instances] == ["other-bot"]
    assert not Restart(ONE, UNTIL, UNTIL).edit(there).holds_already, "the pause is over by then"
    with pytest.raises(StallingError, match="everything that is selected is paused"):
        Restart(ALL, NOW, NOW).edit(fleet(bot(paused=PAUSED)))


def test_a_question_to_the_controller_is_a_commit_without_files() -> None:
    edit = Reconcile(ALL).edit(fleet(bot(), bot("other-bot")))
    assert (dict(edit.files), edit.empty_commit, edit.holds_already) == ({}, True, False)
    assert edit.subject == "Ask to reconcile 2 instances"
    assert [one.id for one in edit.instances] == ["other-bot", "support-bot"]
