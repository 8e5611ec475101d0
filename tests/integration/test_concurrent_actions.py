"""Two people, and their scripts, pushing at the same moment lose nothing: 20 actions from 4 clones all land, once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.builders import instance_dict, tree
from tests.fakes.clones import Origin
from tests.fakes.git_repositories import git

CLONES, ACTIONS = 4, 5

PROGRAM = """
import sys
from concurrent.futures import ThreadPoolExecutor
from molthub.cli.main import run
with ThreadPoolExecutor(2) as pool:
    sys.exit(max(pool.map(lambda line: run(line.split()), sys.argv[1:])))
"""


def actions_of(number: int) -> list[str]:
    """What one clone does."""
    return [f"label bot-{0 if action % 2 else number} k{number}-{action}=v --yes" for action in range(ACTIONS)]


def test_twenty_actions_from_four_clones(tmp_path: Path) -> None:
    """Each clone has a process with two threads, so that they queue within a clone and race between clones.

    Half of the actions are about one manifest, in which every one of them has to find the others' lines.
    """
    files = tree(*(instance_dict(metadata={"name": f"bot-{number}"}) for number in range(CLONES)))
    origin = Origin(tmp_path / "r", files)
    clones = [origin.clone(f"clone-{number}", person=f"P{number}") for number in range(CLONES)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "MOLTHUB_"))}
    environment |= {"HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *lines],
            cwd=clone,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for clone, lines in zip(clones, map(actions_of, range(CLONES)), strict=True)
    ]
    told = [process.communicate(timeout=240)[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running), "\n".join(told)

    subjects = origin.subjects()
    assert len(subjects) == 1 + CLONES * ACTIONS == len(set(subjects))
    assert git(origin.path, "rev-list", "--merges", "--count", "main") == "0"
    labels = [
        line
        for number in range(CLONES)
        for line in origin.read(f"instances/acme/prod/bot-{number}.yaml").splitlines()
        if line.endswith(": v")
    ]
    assert sorted(labels) == sorted(
        f"    k{number}-{action}: v" for number in range(CLONES) for action in range(ACTIONS)
    )
    for clone in clones:
        assert git(clone, "status", "--porcelain") == ""
        assert git(clone, "merge-base", "--is-ancestor", "HEAD", "origin/main") == ""
