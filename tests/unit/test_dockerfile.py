"""The Dockerfile, read: no Docker runs here, so the image itself is built by whoever has it.

What can be known without: everything it copies exists and is let through, both stages start from one exact tag, the
packages are constrained, the last stage has no build tools and is not root, and what it copies installs into a
package whose command and gate start.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "Dockerfile").read_text()


def instructions() -> list[tuple[str, str]]:
    """(instruction, the rest) in order, lines joined, comments left out."""
    lines = [line for line in TEXT.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\s*\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


def stages() -> list[list[tuple[str, str]]]:
    """The instructions of each stage, its FROM first."""
    found: list[list[tuple[str, str]]] = []
    for word, rest in instructions():
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append((word, rest))
    return found


def sources() -> list[str]:
    """What the build stage copies out of the project."""
    copied = [rest.split() for word, rest in stages()[0] if word == "COPY"]
    return [name for words in copied for name in words[:-1]]


def test_both_stages_start_from_one_exact_tag() -> None:
    given = dict(rest.split("=", 1) for word, rest in instructions() if word == "ARG")
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", given["PYTHON"])
    assert [stage[0][1].split()[0] for stage in stages()] == ["${PYTHON}", "${PYTHON}"]


def test_everything_it_copies_is_there_and_let_through() -> None:
    assert sources()
    assert [name for name in sources() if not (ROOT / name).exists()] == []
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_through == set(sources())
    assert "*" in (ROOT / ".dockerignore").read_text().splitlines()


def test_the_packages_are_those_that_were_tested() -> None:
    build = dict(pair.split("=", 1) for word, rest in stages()[0] if word == "ENV" for pair in rest.split())
    assert build["PIP_CONSTRAINT"] == "/src/constraints.txt"
    (install,) = [rest for word, rest in stages()[0] if word == "RUN"]
    assert install.endswith("pip install '.[postgres]'")
    pinned = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    assert [line for line in pinned if "==" not in line] == []


def test_the_last_stage_runs_as_nobody_special_and_builds_nothing() -> None:
    last = stages()[-1]
    (install,) = [rest for word, rest in last if word == "RUN"]
    packages = install.partition("--no-install-recommends ")[2].partition(" &&")[0].split()
    assert packages == ["ca-certificates", "git", "gpg", "openssh-client"]
    assert "pip" not in install
    assert [rest for word, rest in last if word == "USER"] == ["1000:1000"]
    assert [rest for word, rest in last if word == "COPY"] == ["--from=build /opt/molthub /opt/molthub"]
    assert [json.loads(rest) for word, rest in last if word == "ENTRYPOINT"] == [["molthub"]]
    after_user = [word for word, _ in last][[word for word, _ in last].index("USER") :]
    assert "RUN" not in after_user


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the build stage copies, built into a wheel and unpacked; the dependencies are those of this environment."""
    source, target = tmp_path_factory.mktemp("src"), tmp_path_factory.mktemp("site")
    for name in sources():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    build = "import setuptools.build_meta as backend; backend.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=source, check=True, capture_output=True)
    zipfile.ZipFile(next((source / "dist").glob("*.whl"))).extractall(target)
    return target


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("-m", "molthub", "--version"), 0, "molthub "),
        (("-m", "molthub", "controller", "run", "--help"), 0, "--lease-ttl"),
        (("-m", "molthub.gate"), 1, "molthub-gate: error: MH-GATE-"),
    ],
)
def test_what_it_installs_starts(installed: Path, command: tuple[str, ...], code: int, said: str) -> None:
    kept = {name: text for name, text in os.environ.items() if not name.startswith(("MOLTHUB_", "GATE_", "PYTHON"))}
    told = subprocess.run(
        [sys.executable, *command],
        cwd=installed,
        env=kept | {"PYTHONPATH": str(installed), "COLUMNS": "120", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, said in told.stdout + told.stderr) == (code, True), told


def test_git_gets_its_token_and_its_deploy_key(tmp_path: Path) -> None:
    """The two helpers of the image, with an `ssh` that tells what it was called with."""
    given = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}

    def said(helper: str, *arguments: str, **variables: str) -> str:
        command = [str(ROOT / "image" / helper), *arguments]
        return subprocess.run(command, env=given | variables, capture_output=True, text=True, check=True).stdout

    assert said("askpass", "Username for 'https://git.example.com': ") == "x-access-token\n"
    assert said("askpass", "Password for 'https://git.example.com': ", MOLTHUB_GIT_TOKEN="t0") == "t0\n"
    fake = tmp_path / "ssh"
    fake.write_text('#!/bin/sh\necho "$@"\n[ "$1" = -i ] && cat "$2" && stat -c %a "$2"\nexit 0\n')
    fake.chmod(0o755)
    assert said("ssh", "git@git.example.com", "git-upload-pack") == "git@git.example.com git-upload-pack\n"
    first, *rest = said("ssh", "git@git.example.com", MOLTHUB_GIT_KEY="line one\nline two").splitlines()
    assert first.endswith(
        "-o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new -o BatchMode=yes git@git.example.com"
    )
    assert rest == ["line one", "line two", "600"]
    assert [path.name for path in tmp_path.iterdir()] == ["ssh"], "the key is gone again"
