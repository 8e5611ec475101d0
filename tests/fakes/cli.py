"""The command line in this process, on a real Git repository and a cloud in memory."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from molthub.cli.context import Roots
from molthub.cli.main import run
from tests.builders import tree
from tests.fakes.fleet import FakeFleet

AUTHOR = {
    "GIT_AUTHOR_NAME": "Ana",
    "GIT_AUTHOR_EMAIL": "ana@example.com",
    "GIT_COMMITTER_NAME": "Ana",
    "GIT_COMMITTER_EMAIL": "ana@example.com",
    "GIT_AUTHOR_DATE": "2027-01-02T08:00:00Z",
    "GIT_COMMITTER_DATE": "2027-01-02T08:00:00Z",
}


@dataclass(frozen=True, slots=True)
class Result:
    """How one command ended."""

    code: int
    out: str
    err: str


class Repository:
    """A fleet repository on the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        answer = subprocess.run(
            ["git", "-C", str(self.path), *arguments], env=kept | AUTHOR, capture_output=True, text=True, check=True
        )
        return answer.stdout.strip()

    def write(self, *documents: Mapping[str, Any], files: Mapping[str, bytes] | None = None) -> None:
        """Into the working tree, beside what is there."""
        for name, content in {**(tree(*documents) if documents else {}), **(files or {})}.items():
            target = self.path / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

    def commit(
        self, *documents: Mapping[str, Any], files: Mapping[str, bytes] | None = None, message: str = "x"
    ) -> str:
        """Write and commit everything; the full hash."""
        self.write(*documents, files=files)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")


class Cli:
    """`run("plan", "-o", "json")` as a person standing in `repository` would."""

    def __init__(self, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.repository = Repository(path / "fleet")
        self.cloud = FakeFleet()
        self._capsys = capsys
        for name in [*os.environ]:
            if name.startswith(("MOLTHUB_", "AWS_")):
                monkeypatch.delenv(name)
        monkeypatch.setenv("HOME", str(path))
        monkeypatch.chdir(self.repository.path)
        self.roots = Roots(
            providers=lambda: self.cloud.provider_at, now=self.cloud.clock.now, clock=lambda: self.cloud.clock
        )

    def run(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        code = run(arguments, roots=self.roots)
        captured = self._capsys.readouterr()
        return Result(int(code), captured.out, captured.err)
