"""`history`, `blame`, `diff` and `audit` as a person runs them."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from molthub.cli.views.audit import cell
from molthub.events.types import Event, EventType
from molthub.health.types import Health, Status, StatusRecord
from molthub.resources.identity import Identity
from molthub.resources.states import Verdict
from molthub.source.process import Git
from molthub.state.store import open_store
from tests.builders import instance_dict, to_yaml, tree
from tests.fakes.cli import Cli
from tests.fakes.lived import LIFE
from tests.fakes.past import Made, fast_import
from tests.fakes.signing import Key, Signer, ssh_key

IDENTITY = Identity("acme-bots", "acme", "prod", "support-bot")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lived") / "fleet.git"
    fast_import(path, LIFE)
    return path


@pytest.fixture
def at(cli: Cli, lived: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line with the fleet that lived as its repository."""
    monkeypatch.setenv("MOLTHUB_REPO", str(lived))
    return cli


def columns_of(text: str, *wanted: str) -> list[tuple[str, ...]]:
    """Cells of a table by their headings, below the line that has them."""
    lines = text.splitlines()
    head = next(at for at, line in enumerate(lines) if line.startswith(("VERSION", "FIELD", "TIME")))
    places = [lines[head].index(name) for name in wanted]
    return [
        tuple(line[place:].split("  ")[0] for place in places) for line in lines[head + 1 :] if line and line[0] != "R"
    ]


def test_history_through_everything_that_happened(at: Cli) -> None:
    shown = at.run("history", "support-bot")
    assert shown.code == 0, shown.err
    assert shown.out.splitlines()[0] == "# acme/prod/helper (id support-bot), earlier support-bot, deleted"
    assert columns_of(shown.out, "VERSION", "AUTHOR", "SIGNED", "ACTION")[:5] == [
        ("v8", "Ana", "unsigned", "delete"),
        ("v7", "Ben", "unsigned", "update"),
        ("v6", "Ana", "unsigned", "update"),
        ("v5", "Ana", "unsigned", "update"),
        ("v4", "Code Host", "unsigned", "image-set"),
    ]
    assert "2 commits without a change of meaning left out; --all shows them." in shown.out
    assert "Running: not known without asking; --running asks AWS." in shown.out
    assert (
        "moved instances/acme/prod/support-bot.yaml → bots/helper.yaml" in at.run("history", "support-bot", "--all").out
    )


def test_history_for_machines(at: Cli) -> None:
    found = json.loads(at.run("history", "acme/prod/support-bot", "-o", "json").out)
    assert found["format"] == "molthub.dev/history/v1"
    assert found["instance"] == {
        "fleet": "acme-bots", "workspace": "acme", "environment": "prod", "id": "support-bot", "name": "helper",
        "formerNames": ["support-bot"], "exists": False,
    }  # fmt: skip
    rename = found["versions"][6]
    assert (rename["version"], rename["action"], rename["words"]) == (2, "rename", ["renamed support-bot → helper"])
    assert rename["patch"] == [{"op": "replace", "path": "/metadata/name", "value": "helper"}]
    assert rename["signature"]["state"] == "none"
    assert found["versions"][4]["merged"][0]["author"] == "Ben"
    assert found["running"] == {"commit": None, "version": None, "versionCommit": None, "source": None}
    assert len(json.loads(at.run("history", "support-bot", "-n", "3", "-o", "json").out)["versions"]) == 3


def test_a_second_look_reads_no_blob_and_starts_no_log(at: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    stream = Git.stream

    def counting(self: Git, *arguments: str, **more: Any) -> Any:
        calls.append(arguments[0])
        return stream(self, *arguments, **more)

    monkeypatch.setattr(Git, "stream", counting)
    first = at.run("history", "support-bot").out
    assert calls.count("log") == 2  # all commits, and the merges among them
    calls.clear()
    assert at.run("history", "support-bot").out == first
    assert "log" not in calls


def test_blame(at: Cli) -> None:
    shown = at.run("blame", "support-bot")
    rows = {row[0]: row[1:] for row in columns_of(shown.out, "FIELD", "VALUE", "AUTHOR")}
    assert rows["metadata.name"] == ("helper", "Ben")
    assert rows["spec.runtime.image"] == ("ghcr.io/openclaw/openclaw:2026.6.11", "Ben")
    assert rows["metadata.labels.team"] == ("support", "Ana")
    fields = json.loads(at.run("blame", "support-bot", "-o", "json").out)["fields"]
    image = next(one for one in fields if one["field"] == "spec.runtime.image")
    assert image["author"] == "Ben"
    assert image["mergedBy"] is not None


def test_diff_tells_by_its_exit_code(at: Cli) -> None:
    differs = at.run("diff", "HEAD~7", "HEAD~2", "--instance", "helper")
    assert differs.code == 1
    assert differs.out == (
        "~ MoltbotInstance acme/prod/support-bot (called helper)\n"
        "    image 2026.9.6 → 2026.6.11\n"
        "    paused by ben@example.com until 2027-01-07 08:00Z: holiday\n"
        "\n"
        "1 resource differs.\n"
    )
    same = at.run("diff", "HEAD~10", "HEAD~9")  # a comment, then a move
    assert same.code == 0
    assert same.out.startswith("Nothing differs in meaning between ")
    failed = at.run("diff", "no-such-branch")
    assert failed.code == 2
    assert "MH-GIT-006" in failed.err
    assert at.run("diff", "HEAD~99").code == 2
    assert "MH-GIT-006" in at.run("diff", "HEAD~99").err
    assert "MH-HIST-001" in at.run("diff", "HEAD~1", "-i", "nobody").err


def test_diff_as_documents_and_for_machines(at: Cli) -> None:
    text = at.run("diff", "HEAD~8", "HEAD~7", "-o", "unified").out
    assert "+  labels:\n+    team: support\n" in text
    assert text.startswith("--- bots/helper.yaml ")
    found = json.loads(at.run("diff", "HEAD~8", "HEAD~7", "-o", "json").out)
    assert found["differs"] is True
    assert found["resources"][0]["patch"] == [{"op": "add", "path": "/metadata/labels", "value": {"team": "support"}}]
    assert at.run("diff", "HEAD", "-o", "unified").out == ""


def test_audit_lists_everything_once_newest_first(at: Cli) -> None:
    shown = at.run("audit")
    assert "Only Git is read" in shown.err
    rows = columns_of(shown.out, "ACTOR", "ACTION", "RESOURCE")
    assert rows[:3] == [
        ("Ana", "create", "acme/prod/second"),
        ("Ana", "delete", "acme/prod/support-bot"),
        ("Ben", "update", "acme/prod/support-bot"),
    ]
    assert ("Code Host", "merge", "acme/prod/support-bot") in rows
    assert ("Ben", "rename", "acme/prod/support-bot") in rows
    assert rows[-1] == ("Ana", "create", "acme-bots")
    assert "can be read again; paused by ben@example.com" in shown.out


def test_audit_filters(at: Cli) -> None:
    def found(*arguments: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = json.loads(at.run("audit", "-o", "json", *arguments).out)["entries"]
        return entries

    assert [one["action"] for one in found("--actor", "BEN@example")] == ["update", "image-set", "rename"]
    assert [one["actor"] for one in found("--action", "delete", "--action", "rename")] == ["Ana", "Ben"]
    assert {one["resources"][0]["name"] for one in found("--instance", "second")} == {"acme/prod/second"}
    assert [one["action"] for one in found("--since", "2027-01-15T21:30Z")] == ["create"]
    assert found("--until", "2027-01-15T09:00Z") == []
    limited = at.run("audit", "-n", "2")
    assert len(limited.out.splitlines()) == 3
    assert limited.err.endswith("Only the newest 2 are shown; --limit 0 shows all.\n")


def database(path: Path, running: str) -> str:
    """A controller's database that saw the bot run a commit."""
    url = f"sqlite:///{path}/molthub.db"
    store = open_store(url)
    at = datetime(2027, 1, 15, 16, 30, tzinfo=UTC)
    store.add_event(Event(at, IDENTITY, EventType.ROLLOUT_COMPLETED, "it runs", "controller", running))
    store.put_status(
        StatusRecord(
            identity=IDENTITY,
            name="acme/prod/helper",
            status=Status.RUNNING,
            sync=Verdict.SYNCED,
            health=Health.HEALTHY,
            running_commit=running,
        )
    )
    store.close()
    return url


def test_with_a_database_the_controllers_actions_are_in_the_list_and_what_runs_is_known(
    at: Cli, lived: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labelled = json.loads(at.run("history", "support-bot", "-o", "json").out)["versions"][5]["commit"]
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", database(tmp_path, labelled))
    shown = at.run("audit", "--instance", "support-bot")
    assert "Only Git" not in shown.err
    rows = columns_of(shown.out, "ACTOR", "SIGNED", "ACTION")
    assert rows.index(("controller", "-", "rollout-completed")) == rows.index(("Code Host", "unsigned", "merge")) - 1
    history = at.run("history", "support-bot").out
    assert f"Running: v3 (*), last written by commit {labelled[:12]}, as the controller last saw it." in history
    assert "\nv3 *" in history


def test_a_database_of_no_use_is_told_and_no_reason_to_fail(
    at: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOLTHUB_DATABASE_URL", f"sqlite:///{tmp_path}/nowhere.db")
    monkeypatch.setenv("MOLTHUB_CACHE_DIR", "/dev/null/cache")
    shown = at.run("history", "support-bot")
    assert shown.code == 0
    assert shown.err.count("warning: MH-STATE-") == 2
    assert "v8" in shown.out


def test_which_version_runs_as_aws_says(cli: Cli) -> None:
    first = cli.repository.commit(instance_dict())
    assert cli.run("apply", "--auto-approve").code == 0
    cli.repository.commit(instance_dict(metadata={"labels": {"team": "x"}}))
    shown = cli.run("history", "support-bot", "--running")
    assert shown.code == 0, shown.err
    assert f"Running: v1 (*), last written by commit {first[:12]}, as AWS says." in shown.out


def signed_by(folder: Path, *people: Key) -> bytes:
    spec = {
        "people": [{"name": name, "keys": [key.public]} for name, key in zip(("ana", "ben"), people, strict=False)],
        "bindings": [{"role": "OWNER", "subjects": ["ana"]}],
    }
    return to_yaml({"apiVersion": "molthub/v1", "kind": "AccessPolicy", "metadata": {"name": "access"}, "spec": spec})


def test_who_signed_is_told_apart_from_who_is_claimed(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, stranger = ssh_key(tmp_path, "ana"), ssh_key(tmp_path, "stranger")
    repo = Signer(tmp_path / "signed")
    bot = to_yaml(instance_dict())
    repo.commit(tree(instance_dict()) | {"access.yaml": signed_by(tmp_path, ana)}, key=ana)
    repo.commit(
        {"instances/acme/prod/support-bot.yaml": b"# x\n" + bot.replace(b"2026.9.6", b"2026.6.11")}, key=stranger
    )
    monkeypatch.setenv("MOLTHUB_REPO", str(repo.path))
    shown = cli.run("history", "support-bot")
    assert [row[0] for row in columns_of(shown.out, "SIGNED")] == ["unknown key", "ana"], shown.out
    first = json.loads(cli.run("audit", "--action", "create", "-o", "json").out)["entries"][0]["signature"]
    assert (first["state"], first["verified"], first["signer"]) == ("good", True, "ana")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),
        ("\t=1", "\\t=1"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_no_cell_is_a_formula(text: str, shown: str) -> None:
    assert cell(text) == shown


def test_csv_holds_hostile_text_in_one_cell(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    evil = Made("x", tree(instance_dict()), author='=HYPERLINK("x"),\x1b[31m <ana@example.com>')
    fast_import(tmp_path / "evil.git", [evil])
    monkeypatch.setenv("MOLTHUB_REPO", str(tmp_path / "evil.git"))
    shown = cli.run("audit", "-o", "csv")
    rows = list(csv.DictReader(io.StringIO(shown.out)))
    assert {row["actor"] for row in rows} == {'\'=HYPERLINK("x"),\N{REPLACEMENT CHARACTER}[31m'}
    assert "\x1b" not in shown.out + cli.run("audit").out + cli.run("history", "support-bot").out


def test_what_direct_commands_left_is_in_the_audit(cli: Cli) -> None:
    cli.repository.commit(instance_dict())
    cli.repository.commit(message="Set it\n\nMolthub-Secret: set acme/prod/support-bot#telegram\n")
    cli.repository.commit(
        message="Rotate it\n\nMolthub-Action: secret-rotate\nMolthub-Instance: acme/prod/support-bot\n"
        "Molthub-Secret: rotated acme/prod/support-bot#telegram\n"
    )
    cli.repository.commit(message="Look now\n\nMolthub-Action: reconcile\nMolthub-Instance: acme/prod/support-bot\n")
    rows = columns_of(cli.run("audit").out, "ACTION", "RESOURCE", "SUMMARY")
    assert rows[:3] == [
        ("reconcile", "acme/prod/support-bot", "Look now"),
        ("secret-rotate", "acme/prod/support-bot", "rotated acme/prod/support-bot#telegram"),
        ("secret", "-", "set acme/prod/support-bot#telegram"),
    ]


def test_a_trailer_that_the_change_belies_is_not_believed(cli: Cli) -> None:
    cli.repository.commit(instance_dict())
    paused = instance_dict(spec={"lifecycle": {"paused": {"by": "ben@example.com", "reason": "because"}}})
    cli.repository.commit(paused, message="Tidy up\n\nMolthub-Action: label\n")
    assert columns_of(cli.run("audit", "-n", "1").out, "ACTION") == [("pause",)]
    cli.repository.commit(instance_dict(), message="Edit\n\nMolthub-Action: edit\n")
    (line,) = json.loads(cli.run("audit", "--action", "resume", "-o", "json").out)["entries"]
    assert (line["action"], line["effect"]) == ("edit", "resume")
