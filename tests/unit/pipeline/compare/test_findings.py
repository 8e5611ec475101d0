"""What a change is blamed for, and what was there before it."""

from __future__ import annotations

import pytest

from molthub.errors import StallingError
from molthub.pipeline.compare.changed import common_base
from molthub.pipeline.compare.findings import new_findings
from tests.builders import environment_dict, fleet_dict, instance_dict, to_yaml, tree
from tests.fakes.changes import Change
from tests.fakes.source import FakeSource

LATEST = {"spec": {"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}}}
BOT, OTHER = instance_dict(), instance_dict(metadata={"name": "other"})
BAD = instance_dict(metadata={"name": "bad"}, **LATEST)


def names(change: Change) -> list[str]:
    return sorted(identity.id for identity in change.compared().affected)


def test_what_was_wrong_before_elsewhere_is_counted_only() -> None:
    renewed = instance_dict(spec={"runtime": {"cpu": 2048, "memory": 4096}})
    found = new_findings(Change((BOT, BAD), (renewed, BAD)).compared())
    assert found.new == ()
    assert [item.ref for item in found.known] == ["MH-IMG-001"]


def test_what_is_wrong_in_a_changed_file_is_the_changes_to_mend() -> None:
    touched = instance_dict(metadata={"name": "bad", "labels": {"team": "x"}}, **LATEST)
    found = new_findings(Change((BOT, BAD), (BOT, touched)).compared())
    assert [item.ref for item in found.errors] == ["MH-IMG-001"]
    assert found.known == ()


def test_trouble_that_a_change_makes_in_a_file_it_does_not_touch_is_new() -> None:
    """A second bot on the first one's token: both are told, and the first one's file is as it was."""
    twin = instance_dict(metadata={"name": "twin"}, spec={"secrets": BOT["spec"]["secrets"]})
    change = Change((BOT, OTHER), (BOT, OTHER, twin))
    found = new_findings(change.compared())
    assert [(item.ref, item.subject) for item in found.errors] == [
        ("MH-FLEET-009", "acme/prod/support-bot"),
        ("MH-FLEET-009", "acme/prod/twin"),
    ]


def test_a_place_that_moves_within_a_message_makes_no_finding_new() -> None:
    """Two old files of one identity name each other's line; a comment above one of them moves only that."""
    files = tree(BOT, OTHER) | {"copy.yaml": to_yaml(BOT)}
    path = "instances/acme/prod/support-bot.yaml"
    found = new_findings(Change(files, files | {path: b"# why\n" + files[path]}).compared())
    assert {(item.ref, item.location.path) for item in found.new if item.location} == {("MH-FLEET-004", path)}
    assert {item.location.path for item in found.known if item.location} == {"copy.yaml"}


def test_a_changed_environment_concerns_its_instances_and_no_other() -> None:
    dev = instance_dict(metadata={"name": "dev-bot", "environment": "dev"})
    logs = environment_dict(spec={"logs": {"retentionDays": 30}})
    assert names(Change((BOT, OTHER, dev), (BOT, OTHER, dev, logs))) == ["other", "support-bot"]
    assert names(Change((BOT, OTHER), (BOT, OTHER))) == []


def test_moving_a_file_concerns_its_instance() -> None:
    files = tree(BOT, OTHER)
    moved = {path.replace("acme/prod/other", "moved/other"): content for path, content in files.items()}
    change = Change(files, moved)
    assert names(change) == ["other"]
    assert change.preview().plan.instances[0].changes == ()


def test_a_renamed_fleet_is_an_error_of_its_own() -> None:
    found = new_findings(Change((BOT,), (BOT, fleet_dict(metadata={"name": "acme-robots"}))).compared())
    (error,) = found.errors
    assert str(error) == (
        "molthub.yaml:4:9: error: MH-CI-004 the fleet acme-bots is renamed to acme-robots: nothing that runs would be "
        "found again, and all of it made anew (Put metadata.name: acme-bots back; a fleet's name is part of every name "
        "on AWS)"
    )


def test_a_repository_that_begins_with_the_change_has_only_new_findings() -> None:
    found = new_findings(Change({"README.md": b"x"}, (BAD,)).compared())
    assert [item.ref for item in found.new] == ["MH-IMG-001"]
    assert found.known == ()


def test_histories_without_a_common_past_are_refused() -> None:
    source = FakeSource()
    old = source.commit_tree(tree(BOT))
    new = source.force(tree(BOT))
    with pytest.raises(StallingError) as caught:
        common_base(source, old, new)
    assert caught.value.ref == "MH-CI-003"
