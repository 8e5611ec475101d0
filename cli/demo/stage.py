"""The demo's stage: a simulator, a bare fleet repository with a person's clone of it, and a real controller process."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from molthub.simulator.server import RunningSimulator, start_simulator
from molthub.source.writing import Author, commit_files, init_repository, push

EXAMPLE = Path(__file__).resolve().parent / "fleet"
SPEED = 40.0
"""Simulated seconds in one of ours: a rollout of half a minute takes a second."""

PERSON = Author("Ana Example", "ana@example.com")


@dataclass(slots=True)
class Stage:
    """Everything the scenes play with. `home` is a temporary folder that goes when the stage is struck."""

    simulator: RunningSimulator
    home: Path
    environment: dict[str, str]
    controller: subprocess.Popen[bytes] | None = None
    monotonic: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.home / "controller.log"

    @property
    def origin(self) -> Path:
        return self.home / "fleet.git"

    @property
    def clone(self) -> Path:
        return self.home / "fleet"

    def manifest(self, path: str) -> dict[str, Any]:
        """A manifest of the clone, as data."""
        document: dict[str, Any] = yaml.safe_load((self.clone / path).read_text())
        return document

    def edit(self, path: str, change: Callable[[dict[str, Any]], None]) -> str:
        """The text of a manifest after a change of its data."""
        document = self.manifest(path)
        change(document)
        return yaml.safe_dump(document, sort_keys=False)

    def commit(self, message: str, files: dict[str, str | bytes | None]) -> str:
        """Commit as a person and push; the full hash. None removes a file."""
        sha = commit_files(self.clone, message, files, author=PERSON)
        push(self.clone, target=str(self.origin))
        return sha

    def start_controller(self) -> None:
        """`molthub controller run` as its own process, following the bare repository."""
        flags = ["--repo", str(self.origin), "--poll-interval", "0.5", "--drift-interval", "2", "--rollout-poll", "0.3"]
        with self.log.open("ab") as log:
            self.controller = subprocess.Popen(
                [sys.executable, "-m", "molthub", "controller", "run", *flags],
                env=self.environment,
                cwd=self.home,
                stdout=log,
                stderr=log,
            )

    def stop_controller(self) -> int | None:
        """SIGTERM, and its exit code; killed when it does not end."""
        if self.controller is None:
            return None
        self.controller.terminate()
        try:
            return self.controller.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self.controller.kill()
            return self.controller.wait()
        finally:
            self.controller = None

    def molthub(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a molthub command as a person in the clone would."""
        return subprocess.run(
            [sys.executable, "-m", "molthub", *arguments],
            env=self.environment,
            cwd=self.clone,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def strike(self) -> None:
        """End every process and remove every file."""
        self.stop_controller()
        self.simulator.stop()
        shutil.rmtree(self.home, ignore_errors=True)


def build_stage(*, port: int = 0, speed: float = SPEED) -> Stage:
    """An empty account with the example's networks and linked secrets, and the example fleet, pushed once."""
    home = Path(tempfile.mkdtemp(prefix="molthub-demo-"))
    documents = [yaml.safe_load(path.read_text()) for path in sorted(EXAMPLE.rglob("*.yaml"))]
    simulator = start_simulator(
        port=port,
        speed=speed,
        environments=[item["spec"]["aws"] for item in documents if item["kind"] == "Environment"],
        secrets=sorted(_linked(documents)),
    )
    environment = _environment(home, simulator.endpoint_url)
    stage = Stage(simulator=simulator, home=home, environment=environment)
    init_repository(stage.origin, bare=True)
    init_repository(stage.clone)
    return stage


def example_files() -> dict[str, str | bytes | None]:
    """The example fleet, path → content."""
    paths = [path for path in sorted(EXAMPLE.rglob("*")) if path.is_file()]
    return {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in paths}


def _linked(documents: list[dict[str, Any]]) -> set[str]:
    return {
        entry["key"].split("#", 1)[0]
        for document in documents
        if document["kind"] == "MoltbotInstance"
        for entry in document["spec"].get("secrets", [])
        if not entry["key"].startswith("arn:")
    }


def _environment(home: Path, endpoint_url: str) -> dict[str, str]:
    """The variables of a person whose AWS is the simulator, and nothing of the caller's own account."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOLTHUB_", "GIT_"))}
    return kept | {
        "HOME": str(home),
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": "demo",
        "AWS_SECRET_ACCESS_KEY": "demo",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "MOLTHUB_AWS_SHARE": "off",
        "MOLTHUB_DATABASE_URL": f"sqlite:///{home}/molthub.db",
        "MOLTHUB_CACHE_DIR": str(home / "cache"),
        "MOLTHUB_LOG_FORMAT": "console",
        "NO_COLOR": "1",
    }
