"""rollback and abort as edits of manifests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from molthub.errors import StallingError
from molthub.history.entries import CommitRecord, Entry, Outcome, Resource
from molthub.history.versions import Version
from molthub.manifest.rewriting import plain
from molthub.manifest.selection import Selector
from molthub.pipeline.actions.rollback import Former, Rollback, version_before
from molthub.pipeline.actions.types import Edit
from molthub.pipeline.engine import check
from molthub.pipeline.types import CheckedFleet
from molthub.source.types import FileEntry, Snapshot
from tests.builders import instance_dict, path_of, to_yaml, tree

NOW = datetime(2027, 1, 4, 9, 0, tzinfo=UTC)
OLD = "0123456789abcdef" * 2 + "01234567"
ONE = Selector(names=("support-bot",))
PAUSED = {"by": "ana@example.com", "reason": "holiday"}


def fleet(*bots: Mapping[str, Any], **files: bytes) -> CheckedFleet:
    content = {**tree(*(bots or (bot("other-bot"),))), **files}
    entries = {path: FileEntry(path, "", one) for path, one in content.items()}
    return check(Snapshot(OLD, entries), rules=(), now=NOW)


def bot(name: str = "support-bot", image: str = "2026.9.6", **more: Any) -> dict[str, Any]:
    runtime = {"runtime": {"image": f"ghcr.io/openclaw/openclaw:{image}"}}
    return instance_dict(metadata={"name": name, **more.pop("metadata", {})}, spec={**runtime, **more})


def at(former: CheckedFleet) -> Callable[[str], Former]:
    return lambda _base: Former(OLD, former)


def document_of(edit: Edit) -> dict[str, Any]:
    (content,) = edit.files.values()
    assert content is not None
    return plain(content)


def test_the_spec_goes_back_and_what_is_about_now_stays() -> None:
    before = fleet(bot(image="2026.6.11", lifecycle={"restartedAt": "2026-01-01T00:00:00Z"}))
    labels = {"labels": {"team": "new"}, "id": "support-bot"}
    now = bot("helper-bot", lifecycle={"paused": PAUSED, "deletionProtection": True}, metadata=labels)
    edit = Rollback(Selector(names=("helper-bot",)), at(before)).edit(fleet(now))
    document = document_of(edit)
    assert document["spec"]["runtime"]["image"].endswith(":2026.6.11")
    assert document["spec"]["lifecycle"] == {"paused": PAUSED, "deletionProtection": True}
    assert document["metadata"] == now["metadata"]
    assert edit.subject == "Roll acme/prod/helper-bot back to 0123456789ab"


def test_no_restart_of_then_comes_back() -> None:
    before = fleet(bot(image="2026.6.11", lifecycle={"restartedAt": "2026-01-01T00:00:00Z"}))
    assert "lifecycle" not in document_of(Rollback(ONE, at(before)).edit(fleet(bot())))["spec"]


def test_comments_and_what_did_not_change_stay_to_the_byte() -> None:
    text = to_yaml(bot()).replace(b"spec:\n", b"spec:  # by hand\n")
    path = path_of(bot())
    now = fleet(bot(), **{path: text})
    edit = Rollback(ONE, at(fleet(bot(image="2026.6.11")))).edit(now)
    assert edit.files == {path: text.replace(b":2026.9.6", b":2026.6.11")}


def test_the_same_as_now_is_no_commit() -> None:
    assert Rollback(ONE, at(fleet(bot()))).edit(fleet(bot(lifecycle={"paused": PAUSED}))).holds_already


def test_several_go_back_in_one_commit() -> None:
    before = fleet(bot(image="2026.6.11"), bot("other-bot", image="2026.6.11"), bot("third-bot"))
    now = fleet(bot(), bot("other-bot"), bot("third-bot"))
    edit = Rollback(Selector(everything=True), at(before), name="abort").edit(now)
    assert [one.id for one in edit.instances] == ["other-bot", "support-bot"]
    assert edit.subject == "Abort the rollout of 2 instances: back to 0123456789ab"


def test_one_that_was_not_there_then_is_refused() -> None:
    with pytest.raises(StallingError) as caught:
        Rollback(ONE, at(fleet())).edit(fleet(bot()))
    assert caught.value.diagnostic.message == (
        "acme/prod/support-bot was not in the fleet at 0123456789ab, or its manifest was not valid then"
    )


def test_one_that_was_deleted_comes_back_whole() -> None:
    before = fleet(bot(lifecycle={"deletionProtection": True}))
    edit = Rollback(ONE, at(before)).edit(fleet(bot("other-bot")))
    assert edit.files == {path_of(bot()): before.snapshot.files[path_of(bot())].content}
    assert edit.subject == "Bring acme/prod/support-bot back as it was at 0123456789ab"
    assert [str(one) for one in edit.instances] == ["acme/prod/support-bot"]


def test_one_that_was_deleted_takes_nobody_elses_place() -> None:
    before, taken = fleet(bot()), to_yaml(bot("other-bot"))
    with pytest.raises(StallingError) as caught:
        Rollback(ONE, at(before)).edit(fleet(bot("third-bot"), **{path_of(bot()): taken}))
    assert caught.value.ref == "MH-ACT-032"


def test_a_name_that_nobody_ever_had_is_told_so() -> None:
    with pytest.raises(StallingError, match="there is no instance support-bott in this fleet"):
        Rollback(Selector(names=("support-bott",)), at(fleet(bot()))).edit(fleet(bot()))


def version(number: int | None, outcome: Outcome, *fields: str) -> Version:
    record = CommitRecord(f"{number}", (), "Ana", "ana@example.com", NOW, "Change", {})
    entry = Entry(
        sha=f"{number}",
        resource=Resource("MoltbotInstance", "acme", "prod", "support-bot"),
        path=path_of(bot()),
        former=None,
        name="support-bot",
        outcome=outcome,
        action="update",
        fields=tuple((name, "x") for name in fields),
    )
    return Version(record, entry, number)


CREATED = version(1, Outcome.CREATED, "spec.runtime.image")
UPGRADED = version(2, Outcome.CHANGED, "spec.runtime.image")
PAUSE = version(3, Outcome.CHANGED, "spec.lifecycle.paused.by")
LABEL = version(4, Outcome.CHANGED, "metadata.labels[team]")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([UPGRADED, CREATED], CREATED),
        ([LABEL, PAUSE, UPGRADED, CREATED], CREATED),
        ([version(5, Outcome.DELETED), PAUSE, UPGRADED, CREATED], PAUSE),
        ([version(5, Outcome.MENDED), version(4, Outcome.INVALID), UPGRADED, CREATED], UPGRADED),
        ([version(None, Outcome.SAME), UPGRADED, version(None, Outcome.SAME), CREATED], CREATED),
        ([LABEL, PAUSE, CREATED], None),
        ([CREATED], None),
        ([], None),
    ],
)
def test_what_only_paused_or_labelled_is_no_version_to_go_back_over(
    found: list[Version], expected: Version | None
) -> None:
    assert version_before(found) is expected
