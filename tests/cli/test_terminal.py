"""With a person at the terminal: prompts, live progress, watching. Real processes on a pseudo-terminal."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from tests.builders import instance_dict
from tests.fakes.cli import Repository
from tests.fakes.person import at_a_terminal


def fleet(path: Path) -> Repository:
    repository = Repository(path / "fleet")
    repository.commit(instance_dict())
    return repository


def test_only_yes_approves(tmp_path: Path) -> None:
    repository = fleet(tmp_path)
    for answer in ("y", "YES", ""):
        with at_a_terminal("apply", cwd=repository.path, fake=True) as person:
            person.wait_for("Only 'yes' will be accepted to approve.\nEnter a value")
            person.type(answer)
            assert person.end() == 1
            assert "MH-CLI-004 not approved, so nothing was changed" in person.seen
            assert "writes: 0" in person.seen


def test_yes_applies_with_progress(tmp_path: Path) -> None:
    with at_a_terminal("apply", cwd=fleet(tmp_path).path, fake=True) as person:
        person.wait_for("Enter a value")
        person.type("yes")
        assert person.end() == 0
        assert "acme/prod/support-bot: rollout-completed: " in person.seen
        assert "Apply: 1 applied; 7 writes." in person.seen
        assert "writes: 7" in person.seen


def test_init_asks_for_what_is_missing(tmp_path: Path) -> None:
    with at_a_terminal("init", "new", "--region", "us-east-1", cwd=tmp_path) as person:
        person.wait_for("AWS account [")
        person.type("111122223333")
        assert person.end() == 0
        assert "placeholders" not in person.seen
    text = (tmp_path / "new/environments/acme-dev.yaml").read_text()
    assert 'accountId: "111122223333"' in text
    assert "region: us-east-1" in text


def test_validate_again_when_a_file_changes(tmp_path: Path) -> None:
    repository = fleet(tmp_path)
    manifest = repository.path / "instances/acme/prod/support-bot.yaml"
    with at_a_terminal("validate", "--watch", cwd=repository.path) as person:
        person.wait_for("3 files, 1 instance, 0 errors")
        person.wait_for("Watching; Ctrl-C ends.")
        time.sleep(0.5)  # watchfiles needs a moment to settle
        manifest.write_text(manifest.read_text().replace(":2026.9.6", ":latest"))
        person.wait_for("3 files, 1 instance, 1 error")
        person.process.send_signal(signal.SIGINT)
        assert person.end() == 130
        assert "Traceback" not in person.seen


def test_status_is_redrawn(tmp_path: Path) -> None:
    arguments = ("status", "--watch", "--interval", "0.1")
    with at_a_terminal(*arguments, cwd=fleet(tmp_path).path, fake=True) as person:
        person.wait_for("acme/prod/support-bot  CREATING  OutOfSync")
        person.process.send_signal(signal.SIGINT)
        assert person.end() == 130
        assert "Traceback" not in person.seen


def test_a_secret_is_asked_for_twice_and_never_shown(tmp_path: Path) -> None:
    repository, value = fleet(tmp_path), "hunter" + "2-typed"
    arguments = ("secret", "set", "support-bot", "TELEGRAM_BOT_TOKEN", "--no-commit")
    for again, code, said in ((value, 0, "is set (version"), ("other", 1, "MH-SCRT-012 the two values differ")):
        with at_a_terminal(*arguments, cwd=repository.path, fake=True) as person:
            person.wait_for("Value of TELEGRAM_BOT_TOKEN (not shown): ")
            person.type(value)
            person.wait_for("The same again: ")
            person.type(again)
            assert person.end() == code
            assert said in person.seen
            assert value not in person.seen
