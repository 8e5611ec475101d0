"""`status`, `explain`, `events`, `render`, `schema`: what there is, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from molthub.events.types import Event, EventType
from molthub.health.types import Health, Status, StatusRecord
from molthub.resources.observation import ReadFailure
from molthub.resources.states import Verdict
from molthub.resources.types import Kind
from molthub.state.store import open_store
from tests.builders import REMOVED, instance_dict
from tests.fakes.cli import Cli
from tests.fakes.clock import START
from tests.fakes.fleet import identity

BOT = instance_dict(metadata={"labels": {"team": "support"}})
BAD = instance_dict(metadata={"name": "bad-bot"}, spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}})


def test_status_table(cli: Cli) -> None:
    cli.repository.commit(BOT, BAD)
    cli.run("apply", "support-bot", "--auto-approve")
    header, group, bad, good, _, access = cli.run("status").out.splitlines()
    assert access == "access: open (everybody who can push may change everything)"
    assert header.split() == ["INSTANCE", "STATUS", "SYNC", "HEALTH", "AGE", "DEPLOYED", "REASON"]
    assert group == "acme/prod: 2 instances: 1 Missing, 1 Healthy"
    assert bad.split()[:4] == ["acme/prod/bad-bot", "DEGRADED", "Blocked", "Missing"]
    assert "latest" in bad
    assert good.split() == ["acme/prod/support-bot", "RUNNING", "Synced", "Healthy", "0s", "0s"]
    wide = cli.run("status", "-o", "wide").out.splitlines()
    assert wide[0].split()[4:8] == ["AGE", "DEPLOYED", "AVAILABILITY", "IMAGE"]
    assert (wide[2].split()[6], wide[3].split()[6]) == ("down", "running")
    assert "ghcr.io/openclaw/openclaw:2026.9.6" in wide[3]


def test_status_fails_when_an_instance_shown_could_not_be_read(cli: Cli) -> None:
    cli.repository.commit(BOT, instance_dict(metadata={"name": "other-bot"}), BAD)
    cli.run("apply", "support-bot", "other-bot", "--auto-approve")
    assert cli.run("status").code == 0, "Blocked and Missing were read"
    cli.cloud.prod.unreadable[identity()] = (ReadFailure(Kind.SERVICE, "MH-AWS-004", "access denied"),)
    for form in ("table", "json"):
        ended = cli.run("status", "-o", form)
        assert ended.code == 1
        assert "Unknown" in ended.out
    assert cli.run("status", "other-bot").code == 0, "the unread one is not shown"


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_status_for_machines(cli: Cli, form: str) -> None:
    sha = cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    found = yaml.safe_load(cli.run("status", "-o", form).out)
    assert found.keys() == {"format", "fleet", "commit", "at", "access", "environments", "groups", "instances"}
    assert (found["format"], found["fleet"], found["commit"]) == ("molthub.dev/status/v1", "acme-bots", sha)
    (bot,) = found["instances"]
    assert (bot["status"], bot["sync"], bot["health"]) == ("RUNNING", "Synced", "Healthy")
    assert bot["availability"] == "running"
    assert (bot["runningCommit"], bot["headCommit"], bot["labels"]) == (sha, sha, {"team": "support"})
    assert bot["lastReconcileAt"] is None


def test_status_filters(cli: Cli) -> None:
    cli.repository.commit(BOT, BAD, instance_dict(metadata={"environment": "dev"}))

    def names(*arguments: str) -> list[str]:
        return [item["name"] for item in json.loads(cli.run("status", "-o", "json", *arguments).out)["instances"]]

    assert names("-l", "team=support") == ["acme/prod/support-bot"]
    assert names("--environment", "acme/dev") == ["acme/dev/support-bot"]
    assert names("bad-bot") == ["acme/prod/bad-bot"]
    assert len(names("--workspace", "acme")) == 3
    assert cli.run("status", "-l", "nonsense").code == 2
    assert cli.run("status", "support-bot").code == 1  # there are two


def database(path: Path, *, head_commit: str | None = None) -> str:
    path.mkdir(exist_ok=True)
    url = f"sqlite:///{path}/molthub.db"
    store = open_store(url)
    store.put_status(
        StatusRecord(
            identity=identity(),
            name="acme/prod/support-bot",
            status=Status.RUNNING,
            sync=Verdict.SYNCED,
            health=Health.HEALTHY,
            last_reconcile_at=START,
            last_error="it was \x1b[31mred",
            head_commit=head_commit,
        )
    )
    for number in range(3):
        store.add_event(Event(START, identity(), EventType.SYNCED, f"event {number}", "controller", commit="c" * 40))
    store.add_event(Event(START, identity("gone-bot"), EventType.PRUNED, "gone", "controller"))
    store.close()
    return url


def test_status_adds_what_the_controller_knows(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.repository.commit(BOT)
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", database(tmp_path))
    (bot,) = json.loads(cli.run("status", "-o", "json").out)["instances"]
    assert bot["lastReconcileAt"] == START.isoformat()
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", f"sqlite:///{tmp_path}/missing.db")
    ended = cli.run("status")
    assert ended.code == 0
    assert "warning: MH-STATE-008" in ended.err


def test_an_error_of_another_commit_is_not_told_of_this_one(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = cli.repository.commit(BOT)
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", database(tmp_path))
    (bot,) = json.loads(cli.run("status", "-o", "json").out)["instances"]
    assert bot["lastError"] is None
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", database(tmp_path / "same", head_commit=sha))
    (bot,) = json.loads(cli.run("status", "-o", "json").out)["instances"]
    assert bot["lastError"] == "it was \x1b[31mred"
    assert "red" in cli.run("status").out


def test_events(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", database(tmp_path))
    assert cli.run("events").out.splitlines()[1].split() == [
        *("2027-01-04", "09:00:00Z", "acme/prod/support-bot", "synced", "controller", "cccccccccccc", "event", "0")
    ]
    found = json.loads(cli.run("events", "support-bot", "--limit", "2", "-o", "json").out)
    assert found["format"] == "molthub.dev/events/v1"
    assert [item["message"] for item in found["events"]] == ["event 1", "event 2"]
    assert "gone" in cli.run("events", "gone-bot").out, "an instance without a status is found by its past"
    assert cli.run("events", "--since", "1h").out.count("event ") == 3
    assert cli.run("events", "--since", "2027-02-01").out == "There is no event.\n"
    assert cli.run("events", "--since", "yesterday").code == 2
    assert "MH-CLI-011" in cli.run("events", "nobody").err


def test_the_events_of_a_renamed_instance_tell_its_name_and_its_id(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database(tmp_path)
    store = open_store(url)
    store.put_status(StatusRecord(identity(), "acme/prod/helper", Status.RUNNING, Verdict.SYNCED, Health.HEALTHY))
    store.close()
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", url)
    lines = cli.run("events").out.splitlines()
    assert "  acme/prod/helper (id support-bot)  synced  " in lines[1]
    assert "  acme/prod/gone-bot                 pruned  " in lines[4]
    assert cli.run("events", "helper").out.count("event ") == 3


def test_events_without_a_database(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = cli.run("events")
    assert ended.code == 1
    assert ended.err.startswith("error: MH-CLI-010 there is no database to read: MOLTHUB_DATABASE_URL is not set\n")
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", f"sqlite:///{tmp_path}/missing.db")
    assert "MH-STATE-008" in cli.run("events").err
    assert not (tmp_path / "missing.db").exists()


def test_explain_an_instance(cli: Cli) -> None:
    cli.repository.commit(BOT)
    sha = cli.repository.commit(BOT, BAD, message="Add the bad bot")
    cli.repository.commit(BOT, BAD, files={"README.md": b"x"}, message="Unrelated")
    shown = cli.run("explain", "bad-bot").out
    assert "Sync         Blocked" in shown
    assert f"Last change  {sha[:12]} by Ana <ana@example.com>, 2027-01-02 08:00:00Z: Add the bad bot" in shown
    assert "Since        2027-01-02 08:00:00Z" in shown
    assert "More: `molthub explain MH-IMG-001`" in shown
    assert shown.splitlines()[-1].startswith("Next: Write repository:version")
    found = json.loads(cli.run("explain", "acme/prod/bad-bot", "-o", "json").out)
    assert found["format"] == "molthub.dev/explanation/v1"
    assert found["lastChange"]["commit"] == sha
    assert found["reasons"][0]["ref"] == "MH-IMG-001"


def test_explain_does_not_date_drift(cli: Cli) -> None:
    sha = cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    cli.cloud.prod.tamper(identity(), Kind.LOG_GROUP, retention_days=1)
    shown = cli.run("explain", "support-bot").out
    assert "Sync         OutOfSync" in shown
    assert f"Running      {sha[:12]}" in shown
    assert "Since" not in shown


def test_explain_an_instance_whose_manifest_is_broken_or_gone(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.run("apply", "--auto-approve")
    path = "instances/acme/prod/support-bot.yaml"
    cli.repository.commit(files={path: (cli.repository.path / path).read_bytes() + b"extra: 1\n"}, message="Break it")
    broken = cli.run("explain", "support-bot").out
    assert "Sync         Invalid" in broken
    assert ": Break it" in broken
    cli.repository.git("rm", "--quiet", path)
    cli.repository.commit(message="Remove it")
    gone = cli.run("explain", "support-bot").out
    assert ": Remove it" in gone
    assert "MH-PIPE-001" in cli.run("explain", "nobody").err


def test_explain_a_reference(cli: Cli) -> None:
    page = cli.run("explain", "mh-img-001")
    assert page.out.startswith("# MH-IMG-001 ")
    assert json.loads(cli.run("explain", "MH-CLI-004", "-o", "json").out) == {
        "format": "molthub.dev/page/v1",
        "ref": "MH-CLI-004",
        "title": "Nobody approved",
        "text": cli.run("explain", "MH-CLI-004").out.strip(),
    }
    unknown = cli.run("explain", "MH-IMG-01")
    assert unknown.code == 1
    assert "MH-CLI-003 there is no page for MH-IMG-01" in unknown.err
    assert "fix: Did you mean MH-IMG-001" in unknown.err


def test_render(cli: Cli) -> None:
    cli.repository.commit(BOT)
    found = yaml.safe_load(cli.run("render", "support-bot").out)
    assert found.keys() == {"format", "name", "commit", "resources"}
    assert found["resources"]["service"]["cluster"] == "molthub-acme-prod"
    assert json.loads(cli.run("render", "support-bot", "-o", "json").out)["format"] == "molthub.dev/render/v1"
    config = json.loads(cli.run("render", "support-bot", "--config").out)
    assert config["gateway"]["bind"] == "loopback"
    assert "MH-PIPE-001" in cli.run("render", "nobody").err


def test_render_of_what_is_no_fleet(cli: Cli) -> None:
    cli.repository.commit(files={"README.md": b"x"})
    ended = cli.run("render", "support-bot")
    assert ended.code == 1
    assert "MH-FLEET-001" in ended.err


def test_schema(cli: Cli) -> None:
    assert json.loads(cli.run("schema").out)["$schema"]
    assert json.loads(cli.run("schema", "Fleet").out)["title"] == "Molthub Fleet"
    assert cli.run("schema", "Nonsense").code == 2


def test_completion(cli: Cli) -> None:
    assert "_MOLTHUB_COMPLETE" in cli.run("completion", "bash").out


def test_an_instance_without_a_model_is_shown_with_its_warning(cli: Cli) -> None:
    secrets = [{"name": "TELEGRAM_BOT_TOKEN", "key": "acme/prod/support-bot#telegram"}]
    cli.repository.commit(instance_dict(spec={"model": REMOVED, "secrets": secrets}))
    shown = cli.run("plan").out
    assert ": warning: MH-" in shown.splitlines()[0], "warnings come before the first change"
