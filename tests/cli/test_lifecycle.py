"""pause, resume, restart, retry, abort, rollback and reconcile, from a clone whose origin a second person pushes to."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.builders import instance_dict
from tests.fakes.cli import AUTHOR, Cli, Repository

IMAGE = "ghcr.io/openclaw/openclaw"
PATH = "instances/acme/prod/support-bot.yaml"


def bot(image: str = "2026.6.11") -> dict[str, Any]:
    return instance_dict(metadata={"id": "support-bot"}, spec={"runtime": {"image": f"{IMAGE}:{image}"}})


@pytest.fixture
def fleet(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """A clone with an origin; Ana is whoever commits."""
    origin = tmp_path / "origin.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", str(origin)], check=True)
    for name, value in AUTHOR.items():
        if not name.endswith("DATE"):
            monkeypatch.setenv(name, value)
    cli.repository.commit(bot(), message="Start")
    cli.repository.git("remote", "add", "origin", str(origin))
    cli.repository.git("push", "--quiet", "--set-upstream", "origin", "main")
    return cli


def ben(fleet: Cli, tmp_path: Path) -> Repository:
    """The other person's clone, up to date."""
    path = tmp_path / "ben"
    subprocess.run(["git", "clone", "--quiet", str(tmp_path / "origin.git"), str(path)], check=True)
    return Repository(path)


def last(fleet: Cli) -> str:
    return fleet.repository.git("log", "-1", "--format=%B")


def text(fleet: Cli) -> str:
    return (fleet.repository.path / PATH).read_text()


def test_a_pause_and_its_end_are_two_commits(fleet: Cli) -> None:
    done = fleet.run("pause", "support-bot", "--reason", "holiday", "--until", "3d")
    assert done.code == 0, done.err
    assert "by: ana@example.com" in text(fleet)
    assert last(fleet) == (
        "Pause acme/prod/support-bot until 2027-01-07 09:00Z\n\nholiday\n\n"
        "Molthub-Action: pause\nMolthub-Instance: acme/prod/support-bot"
    )
    again = fleet.run("pause", "support-bot", "--reason", "holiday", "--until", "2027-01-07T09:00Z", "-o", "json")
    assert json.loads(again.out)["status"] == "holds"
    assert fleet.run("resume", "support-bot").code == 0
    assert "paused" not in text(fleet)
    assert fleet.repository.git("rev-parse", "HEAD") == fleet.repository.git("rev-parse", "origin/main")


def test_a_pause_needs_a_reason(fleet: Cli) -> None:
    refused = fleet.run("pause", "support-bot")
    assert refused.code == 2
    assert "--reason" in refused.err


def test_a_rollback_sees_what_the_other_person_pushed(fleet: Cli, tmp_path: Path) -> None:
    """Ana's clone knows of no second version; the one to go back from is Ben's."""
    other = ben(fleet, tmp_path)
    other.commit(bot("2026.9.6"), message="Upgrade")
    other.git("push", "--quiet")
    done = fleet.run("rollback", "support-bot", "-m", "it loses messages")
    assert done.code == 0, done.err
    assert f"{IMAGE}:2026.6.11" in text(fleet)
    first = fleet.repository.git("rev-list", "--max-parents=0", "HEAD")[:12]
    assert last(fleet).startswith(f"Roll acme/prod/support-bot back to {first}\n\nit loses messages\n\n")
    assert fleet.run("rollback", "support-bot", "--to", "HEAD~1").code == 0
    assert f"{IMAGE}:2026.9.6" in text(fleet)
    assert fleet.run("rollback", "support-bot", "--to", "1").code == 0
    assert f"{IMAGE}:2026.6.11" in text(fleet)


def test_a_deleted_one_comes_back(fleet: Cli) -> None:
    fleet.repository.commit(instance_dict(metadata={"name": "other-bot"}))
    before = text(fleet)
    (fleet.repository.path / PATH).unlink()
    fleet.repository.commit(message="Retire")
    done = fleet.run("rollback", "support-bot")
    assert done.code == 0, done.err
    assert text(fleet) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["support-bot"], "MH-ACT-034 support-bot has no version before the one it has"),
        (["support-bot", "--to", "7"], "MH-ACT-033 support-bot has no version 7"),
        (["nobody"], "MH-HIST-001 no instance was ever called nobody in this history"),
        (["support-bot", "--to", "no-such-branch"], "MH-GIT-006"),
    ],
)
def test_a_rollback_to_nowhere_is_refused(fleet: Cli, arguments: list[str], message: str) -> None:
    refused = fleet.run("rollback", *arguments)
    assert refused.code == 1
    assert message in refused.err


def test_abort_is_for_a_rollout_that_is_under_way(fleet: Cli) -> None:
    assert fleet.run("apply", "--auto-approve").code == 0
    fleet.repository.commit(bot("2026.9.6"), message="Upgrade")
    fleet.repository.git("push", "--quiet")
    refused = fleet.run("abort", "support-bot")
    assert refused.code == 1
    assert "MH-ACT-035 no rollout of acme/prod/support-bot is under way" in refused.err
    forced = fleet.run("abort", "support-bot", "--force")
    assert forced.code == 0, forced.err
    assert "Molthub-Action: abort" in last(fleet)
    assert f"{IMAGE}:2026.6.11" in text(fleet)


def test_a_question_to_the_controller_is_an_empty_commit(fleet: Cli) -> None:
    before = fleet.repository.git("rev-parse", "HEAD^{tree}")
    assert fleet.run("reconcile", "support-bot").code == 0
    assert fleet.repository.git("rev-parse", "HEAD^{tree}") == before
    assert last(fleet).endswith("Molthub-Action: reconcile\nMolthub-Instance: acme/prod/support-bot")


def test_a_restart_with_a_time_is_done_once(fleet: Cli) -> None:
    for status in ("committed", "holds"):
        done = fleet.run("restart", "support-bot", "--at", "2027-01-04T08:30Z", "-o", "json")
        assert json.loads(done.out)["status"] == status, done.err
    assert "restartedAt: 2027-01-04T08:30:00Z" in text(fleet)
