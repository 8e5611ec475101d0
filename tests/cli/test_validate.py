"""`molthub validate`: what it looks at, what it says, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.builders import REMOVED, instance_dict, to_yaml
from tests.fakes.cli import Cli

BOT = "instances/acme/prod/support-bot.yaml"
LATEST = instance_dict(spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}})
NO_MODEL = instance_dict(
    spec={"model": REMOVED, "secrets": [{"name": "TELEGRAM_BOT_TOKEN", "key": "acme/prod/support-bot#telegram"}]}
)


def test_a_valid_fleet(cli: Cli) -> None:
    cli.repository.write(instance_dict())
    ended = cli.run("validate")
    assert (ended.code, ended.out, ended.err) == (0, "3 files, 1 instance, 0 errors\n", "")


def test_a_guardrail_stops_it_with_place_and_fix(cli: Cli) -> None:
    cli.repository.write(LATEST)
    ended = cli.run("validate")
    assert ended.code == 1
    first, fix, *_ = ended.out.splitlines()
    assert first == f'{BOT}:9:12: error: MH-IMG-001 the image tag "latest" may name another image tomorrow'
    assert fix.startswith("    fix: Write repository:version")
    assert ended.out.endswith("3 files, 1 instance, 1 error\n")


def test_untracked_files_count_and_ignored_ones_do_not(cli: Cli) -> None:
    cli.repository.commit(instance_dict(), files={".gitignore": b"scratch/\n"})
    cli.repository.write(files={"scratch/bad.yaml": to_yaml(LATEST), "new.yaml": to_yaml(LATEST)})
    assert "new.yaml:4:9: error: MH-FLEET-004 " in cli.run("validate").out
    (cli.repository.path / "new.yaml").unlink()
    assert cli.run("validate").code == 0


def test_one_file_of_a_fleet_is_checked_against_the_rest(cli: Cli) -> None:
    stranger = instance_dict(metadata={"name": "stray", "environment": "nowhere"})
    cli.repository.write(instance_dict(), files={"stray.yaml": to_yaml(stranger)})
    ended = cli.run("validate", "stray.yaml")
    assert ended.code == 1
    assert "MH-FLEET-" in ended.out
    assert cli.run("validate", BOT).out == "1 file, 1 instance, 0 errors\n"


def test_outside_a_fleet_cross_checks_are_skipped(cli: Cli, tmp_path: Path) -> None:
    loose = tmp_path / "loose.yaml"
    loose.write_bytes(to_yaml(instance_dict()))
    ended = cli.run("validate", str(loose))
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "1 file, 1 instance, 0 errors",
        "Skipped: checks across documents, which need a fleet repository (a molthub.yaml at its root).",
    ]
    loose.write_bytes(to_yaml(LATEST))
    assert cli.run("validate", str(loose)).code == 1


def test_json(cli: Cli) -> None:
    cli.repository.write(LATEST)
    ended = cli.run("validate", "-o", "json")
    found = json.loads(ended.out)
    assert ended.code == 1
    assert ended.err == ""
    assert found.keys() == {"format", "ok", "strict", "crossDocument", "summary", "diagnostics"}
    assert found["format"] == "molthub.dev/validation/v1"
    assert found["crossDocument"] == "checked"
    assert found["summary"] == {"files": 3, "instances": 1, "errors": 1, "warnings": 0}
    (diagnostic,) = found["diagnostics"]
    assert diagnostic["ref"] == "MH-IMG-001"
    assert (diagnostic["path"], diagnostic["line"], diagnostic["column"]) == (BOT, 9, 12)
    assert diagnostic["subject"] == "acme/prod/support-bot"


def test_strict_counts_warnings(cli: Cli) -> None:
    cli.repository.write(NO_MODEL)
    relaxed = cli.run("validate")
    assert relaxed.code == 0
    assert relaxed.out.endswith("3 files, 1 instance, 0 errors, 1 warning\n")
    strict = cli.run("validate", "--strict")
    assert strict.code == 1
    assert strict.out.endswith("3 files, 1 instance, 0 errors, 1 warning (--strict: they count)\n")


def test_a_commit_instead_of_the_disk(cli: Cli) -> None:
    cli.repository.commit(instance_dict())
    cli.repository.write(LATEST)
    assert cli.run("validate").code == 1
    assert cli.run("validate", "--ref", "main").code == 0


def test_named_files_win_over_the_variable(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOLTHUB_REPO", "https://git.invalid/fleet.git")
    cli.repository.write(instance_dict())
    assert cli.run("validate", BOT).code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.yaml"], "MH-CLI-006 there is no file or folder nowhere.yaml"),
        (["empty"], "MH-CLI-006 there is no manifest in empty"),
        (["--ref", "nope"], "MH-GIT-"),
        (["--ref", "--upload-pack=x"], "MH-GIT-005"),
        (["--repo", "http://example.invalid/x", "--ref", "main"], "MH-GIT-001"),
    ],
)
def test_what_cannot_be_validated(cli: Cli, tmp_path: Path, arguments: list[str], message: str) -> None:
    (cli.repository.path / "empty").mkdir()
    ended = cli.run("validate", *arguments)
    assert ended.code == 1
    assert message in ended.err
    assert ended.out == ""


def test_links_are_refused_by_name(cli: Cli, tmp_path: Path) -> None:
    secret = tmp_path / "outside.yaml"
    secret.write_text("password: hunter2")
    cli.repository.write(instance_dict())
    (cli.repository.path / "link.yaml").symlink_to(secret)
    ended = cli.run("validate")
    assert ended.code == 1
    assert "link.yaml: error: MH-GIT-" in ended.out
    assert "hunter2" not in ended.out + ended.err
    loose = tmp_path / "folder"
    loose.mkdir()
    (loose / "link.yaml").symlink_to(secret)
    assert "MH-CLI-002" in cli.run("validate", str(loose)).out


def test_watch_needs_files(cli: Cli) -> None:
    ended = cli.run("validate", "--watch", "--ref", "main")
    assert ended.code == 2
    assert "--watch" in ended.err


def test_an_empty_folder_of_a_fleet_is_named_itself(cli: Cli) -> None:
    cli.repository.commit(instance_dict())
    empty = cli.repository.path / "empty"
    empty.mkdir()
    assert f"MH-CLI-006 there is no manifest in {empty}\n" in cli.run("validate", "empty").err
