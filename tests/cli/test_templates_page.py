"""docs/templates.md: its commands run as written, one after the other, and its template is one."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from molthub.manifest.loader import load_loose
from tests.builders import environment_dict, instance_dict
from tests.fakes.cli import Cli
from tests.fakes.secret_store import FakeSecretStore

PAGE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text()
COMMANDS = re.findall(r"^    molthub (.+)$", PAGE, re.MULTILINE)


def test_its_commands_run_as_written(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    cli.roots = replace(cli.roots, secrets=FakeSecretStore().factory)
    for name, value in (("NAME", "Ana"), ("EMAIL", "ana@example.com")):
        monkeypatch.setenv(f"GIT_AUTHOR_{name}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{name}", value)
    cli.repository.commit(instance_dict(), environment_dict())
    cli.repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    cli.repository.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    cli.repository.git("fetch", "--quiet", "origin")
    cli.repository.git("branch", "--quiet", "--set-upstream-to=origin/main")
    Path("token.txt").write_text("not a real token\n")
    assert len(COMMANDS) == 8
    for command in COMMANDS:
        ended = cli.run(*shlex.split(command))
        assert ended.code == 0, f"{command}:\n{ended.out}{ended.err}"
    assert cli.repository.git("log", "--format=%s", "origin/main").splitlines()[:3] == [
        "Add the template telegram-bot",
        "Create acme/prod/desk-bot from the template telegram-bot",
        "Create acme/prod/help-bot from the template telegram-bot",
    ]


def test_its_template_is_one() -> None:
    (text,) = re.findall(r"```yaml\n(.+?)```", PAGE, re.DOTALL)
    loaded = load_loose({"team-bot.yaml": text.encode()})
    assert loaded.diagnostics == ()
    assert list(loaded.templates) == ["team-bot"]
