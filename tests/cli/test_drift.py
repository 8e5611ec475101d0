"""`molthub drift`: what somebody changed on AWS, told apart from what is not applied yet."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from molthub.resources.observation import ForeignObject, ReadFailure
from molthub.resources.types import Kind
from tests.builders import instance_dict
from tests.fakes.cli import Cli
from tests.fakes.fleet import identity

BOT = instance_dict()
OTHER = instance_dict(metadata={"name": "other-bot"})
BIGGER = instance_dict(spec={"runtime": {"cpu": 2048, "memory": 4096}})


@pytest.fixture
def applied(cli: Cli) -> str:
    """Two instances, applied; the commit."""
    commit = cli.repository.commit(BOT, OTHER)
    assert cli.run("apply", "--auto-approve").code == 0
    return commit


def drift(cli: Cli, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Exit code, and what is said by name."""
    ended = cli.run("drift", "-o", "json", *arguments)
    found = json.loads(ended.out)
    assert found["format"] == "molthub.dev/drift/v1"
    return ended.code, {item["name"].rsplit("/")[-1]: item for item in found["instances"]}


def test_no_drift(cli: Cli, applied: str) -> None:
    ended = cli.run("drift")
    assert (ended.code, ended.out) == (0, "No drift. 2 instances: 2 synced.\n")


def test_what_was_changed_is_shown_attribute_by_attribute(cli: Cli, applied: str) -> None:
    cli.cloud.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    ended = cli.run("drift")
    assert ended.code == 1
    lines = ended.out.splitlines()
    assert lines[0] == f"acme/prod/support-bot drifted from {applied[:12]}"
    assert lines[1].startswith("  log-group /molthub/")
    assert lines[1].endswith(" was changed")
    assert lines[2] == "    retention_days: 1, applied was 365"
    assert lines[-1] == "2 instances: 1 synced, 1 drifted."
    code, found = drift(cli, "support-bot")
    assert (code, list(found)) == (1, ["support-bot"])
    assert found["support-bot"]["comparedWith"] == applied
    (difference,) = found["support-bot"]["differences"]
    assert (difference["kind"], difference["what"]) == ("log-group", "changed")
    assert difference["attributes"] == [{"path": "retention_days", "found": 1, "applied": 365}]


def test_what_a_newer_commit_wants_is_pending_and_no_drift(cli: Cli, applied: str) -> None:
    cli.repository.commit(BIGGER)
    ended = cli.run("drift")
    assert (ended.code, ended.out) == (0, "No drift. 2 instances: 1 synced, 1 pending.\n")
    assert cli.run("plan", "--detailed-exitcode").code == 2


def test_drift_under_a_newer_commit_is_told_from_what_it_wants(cli: Cli, applied: str) -> None:
    cli.repository.commit(BIGGER)
    cli.cloud.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    cli.cloud.prod.tamper(identity("other-bot"), Kind.LOG_GROUP, retention_days=2)
    code, found = drift(cli)
    assert code == 1
    bot, other = found["support-bot"], found["other-bot"]
    assert (bot["state"], bot["pending"], bot["comparedWith"]) == ("drifted", True, applied)
    assert [item["kind"] for item in bot["differences"]] == ["log-group"], "the new size is none of it"
    head = cli.repository.git("rev-parse", "HEAD")
    assert (other["state"], other["pending"], other["comparedWith"]) == ("drifted", False, head)
    assert "waits to be applied too" in cli.run("drift").out


def test_a_missing_object_and_a_stopped_service_are_drift(cli: Cli, applied: str) -> None:
    cli.cloud.prod.tamper(identity(), Kind.SECURITY_GROUP)
    cli.cloud.prod.tamper(identity("other-bot"), Kind.SERVICE, desired_count=0)
    _, found = drift(cli)
    assert ("security-group", "missing") in [
        (item["kind"], item["what"]) for item in found["support-bot"]["differences"]
    ]
    assert found["other-bot"]["differences"][0]["attributes"] == [{"path": "desired_count", "found": 0, "applied": 1}]


def test_what_was_never_applied_is_pending(cli: Cli) -> None:
    cli.repository.commit(BOT)
    assert drift(cli)[1]["support-bot"]["state"] == "pending"


def test_a_deleted_manifest_is_pending_and_its_drift_is_still_told(cli: Cli, applied: str) -> None:
    cli.repository.git("rm", "--quiet", "instances/acme/prod/support-bot.yaml")
    cli.repository.commit(message="Remove it")
    assert drift(cli)[1]["support-bot"]["state"] == "pending"
    cli.cloud.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    code, found = drift(cli)
    assert (code, found["support-bot"]["state"]) == (1, "drifted")


def test_a_broken_manifest_hides_no_drift(cli: Cli, applied: str) -> None:
    path = "instances/acme/prod/support-bot.yaml"
    cli.repository.commit(files={path: (cli.repository.path / path).read_bytes() + b"extra: 1\n"})
    assert drift(cli)[1]["support-bot"]["state"] == "pending"
    cli.cloud.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    assert drift(cli)[1]["support-bot"]["state"] == "drifted"


def test_what_cannot_be_read_is_unknown_and_never_synced(cli: Cli, applied: str) -> None:
    cli.cloud.prod.unreadable[identity()] = (ReadFailure(Kind.LOG_GROUP, "MH-AWS-003", "denied"),)
    code, found = drift(cli)
    assert (code, found["support-bot"]["state"], found["other-bot"]["state"]) == (3, "unknown", "synced")
    assert found["support-bot"]["reasons"][0]["ref"] == "MH-AWS-003"


def test_an_object_that_is_not_ours_is_told(cli: Cli, applied: str) -> None:
    cli.cloud.prod.foreign[identity()] = (ForeignObject(Kind.LOG_GROUP, "/molthub/x", "it has \x1b[31mno tag"),)
    ended = cli.run("drift", "support-bot")
    assert ended.code == 1
    assert "  log-group /molthub/x is not ours: it has \\e[31mno tag" in ended.out


def test_a_secret_with_a_new_value_is_pending(cli: Cli, applied: str) -> None:
    secret = cli.cloud.prod.secrets["acme/prod/model"]
    cli.cloud.prod.secrets["acme/prod/model"] = replace(secret, version_id="v2")
    code, found = drift(cli)
    assert (code, found["support-bot"]["state"], found["support-bot"]["differences"]) == (0, "pending", [])


def test_an_instance_that_no_commit_ever_wanted_is_unexpected(cli: Cli, applied: str) -> None:
    cloud = cli.cloud.prod
    stranger = identity("stranger")
    cloud.instances[stranger] = replace(cloud.instances[identity()])
    code, found = drift(cli)
    assert (code, found["stranger"]["state"]) == (1, "unexpected")
    assert found["stranger"]["reasons"][0]["ref"] == "MH-PIPE-016"


def test_an_error_exits_with_more_than_one(cli: Cli, applied: str) -> None:
    ended = cli.run("drift", "--ref", "nowhere")
    assert ended.code == 2
    assert "MH-GIT-006" in ended.err
