"""The init step on real Node, on file systems as AWS Backup leaves them: what was restored ends where it is mounted."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from molthub.desired.payload import INIT_VARIABLE, init_program
from tests.moltbot.install import Installed

pytestmark = pytest.mark.moltbot

DIRS = ("keys", "state")
RESTORED = "aws-backup-restore_2027-01-04T09-00-00-000Z"
MARK = ".molthub-restoring"
SAID = "molthub-init: the restored state is in place"
BACKUP = {f"{RESTORED}/keys/device.json": "key", f"{RESTORED}/state/agents/main/sessions.json": "learned"}
IN_PLACE = {"keys/device.json": "key", "state/agents/main/sessions.json": "learned"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a file system whose access points were entered once: their directories are there, and empty."""
    for name in DIRS:
        (tmp_path / "root" / name).mkdir(parents=True)
    return tmp_path / "root"


def lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")


def files_of(root: Path) -> dict[str, str]:
    return {str(path.relative_to(root)): path.read_text("utf-8") for path in root.rglob("*") if path.is_file()}


def init(installed: Installed, root: Path) -> subprocess.CompletedProcess[str]:
    """The whole step as the task runs it, with a config check that is content; as whoever we are."""
    payload = {
        "config": "{}\n",
        "dirs": [],
        "dummies": [],
        "uid": os.getuid(),
        "validate": [str(installed.node), "-e", "0"],
        "restored": {"root": str(root), "dirs": DIRS},
    }
    variables = {INIT_VARIABLE: json.dumps(payload), "OPENCLAW_CONFIG_PATH": str(root.parent / "openclaw.json")}
    command = [str(installed.node), "-e", init_program(persistent=True)]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)


def test_what_was_restored_is_put_in_place_once(installed: Installed, root: Path) -> None:
    lay(root, BACKUP)
    mounted = {name: (root / name).stat().st_ino for name in DIRS}
    assert SAID in init(installed, root).stdout
    assert files_of(root) == IN_PLACE
    assert {path.name for path in root.iterdir()} == set(DIRS), "neither the restored directory nor the mark is left"
    assert {name: (root / name).stat().st_ino for name in DIRS} == mounted, "they are mounted: they stay what they are"

    lay(root, {"state/agents/main/sessions.json": "learned more"})
    again = init(installed, root)
    assert (SAID in again.stdout, again.stderr.count("cannot put")) == (False, 0)
    assert files_of(root) == IN_PLACE | {"state/agents/main/sessions.json": "learned more"}


def test_a_step_that_died_half_way_is_gone_on_with(installed: Installed, root: Path) -> None:
    lay(root, BACKUP | {MARK: RESTORED})
    (root / RESTORED / "keys" / "device.json").rename(root / "keys" / "device.json")
    assert SAID in init(installed, root).stdout
    assert files_of(root) == IN_PLACE


def test_a_state_that_is_there_is_never_overwritten(installed: Installed, root: Path) -> None:
    lived = {"state/agents/main/sessions.json": "newer"}
    lay(root, BACKUP | lived)
    assert SAID not in init(installed, root).stdout
    assert files_of(root) == BACKUP | lived


def test_a_new_file_system_is_left_alone(installed: Installed, root: Path) -> None:
    assert SAID not in init(installed, root).stdout
    assert files_of(root) == {}


def test_a_root_that_cannot_be_read_ends_the_step(installed: Installed, root: Path) -> None:
    ended = init(installed, root / "missing")
    assert ended.returncode == 1
    assert ended.stderr.startswith("molthub-init: cannot put the restored state in place: ENOENT")
