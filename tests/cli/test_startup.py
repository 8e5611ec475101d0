"""What a command loads, and how it ends: in real processes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from molthub.cli.reference import reference
from molthub.controller.settings import ControllerSettings
from tests.builders import instance_dict
from tests.fakes.cli import Repository

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("boto3", "botocore", "sqlmodel", "sqlalchemy", "git", "moto", "rich")

REPORT = (
    "import sys\n"
    "from molthub.cli.main import run\n"
    "code = run(sys.argv[1:])\n"
    "loaded = {name.partition('.')[0] for name in sys.modules}\n"
    f"sys.stderr.write('LOADED ' + ' '.join(sorted(loaded & set({(*HEAVY, 'typer')!r}))) + '\\n')\n"
    "sys.exit(int(code))\n"
)


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MOLTHUB_", "AWS_", "GIT_"))}
    return kept | {"HOME": str(home), "COLUMNS": "80"} | more


def process(*arguments: str, cwd: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "molthub", *arguments],
        cwd=cwd,
        env=environment(cwd, **more),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def fleet(tmp_path: Path) -> Repository:
    repository = Repository(tmp_path / "fleet")
    repository.commit(instance_dict(), files={"key": b"k" * 32})
    return repository


@pytest.mark.parametrize(
    ("arguments", "allowed"),
    [
        (["--help"], set()),
        (["--version"], set()),
        (["plan", "--help"], {"typer"}),
        (["validate"], {"typer"}),
        (["validate", "--strict", "-o", "json", "instances"], {"typer"}),
        (["validate", "--ref", "main"], {"typer"}),
        (["render", "support-bot"], {"typer"}),
        (["explain", "MH-IMG-001"], {"typer"}),
        (["template", "render", "telegram-bot"], {"typer"}),
        (["webhook", "sign", "/hooks/agent", "--body", "molthub.yaml", "--key-file", "key"], {"typer"}),
    ],
    ids=" ".join,
)
def test_light_commands_load_nothing_heavy(arguments: list[str], allowed: set[str], fleet: Repository) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", REPORT, *arguments],
        cwd=fleet.path,
        env=environment(fleet.path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert set(ended.stderr.splitlines()[-1].split()[1:]) == allowed


def test_the_commands_load_no_core_before_one_is_chosen(tmp_path: Path) -> None:
    """Every command pays for what any command imports at its top."""
    told = "import sys, molthub.cli.app; print(*sorted(sys.modules))"
    ended = subprocess.run(
        [sys.executable, "-c", told],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    core = ("pydantic", "molthub.manifest", "molthub.desired", "molthub.pipeline", "molthub.planning", "molthub.aws")
    assert [name for name in ended.stdout.split() if name in core] == []


def test_the_ready_help_is_what_typer_would_print(tmp_path: Path) -> None:
    ready = process("--help", cwd=tmp_path)
    # Two help options are not the ready text's own arguments, so typer answers.
    made = process("--help", "--help", cwd=tmp_path)
    assert ready.stdout == made.stdout
    assert ready.returncode == made.returncode == 0


def test_a_narrow_terminal_gets_narrow_help(tmp_path: Path) -> None:
    shown = process("--help", cwd=tmp_path, COLUMNS="60").stdout
    assert max(len(line) for line in shown.splitlines() if "molthub" not in line) <= 60


def test_help_tells_no_type_of_python() -> None:
    page = reference()["docs/reference/cli.md"]
    assert re.findall(r"<[^>]*(?:range|list\[|str|path)[^>]*>", page) == []
    assert "Usage: molthub apply [OPTIONS] [PLAN.json|INSTANCE]..." in page


def test_help_tells_the_controllers_defaults() -> None:
    page = " ".join(reference()["docs/reference/cli.md"].partition("## molthub controller run")[2].split())
    for name, field in ControllerSettings.model_fields.items():
        if name in ("repo", "ref", "environments", "root_keys") or name.startswith("notify"):
            continue
        default = f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
        told = re.search(rf"--{name.replace('_', '-')} [^;]*; by default (\S+)", page)
        assert told, name
        assert told[1] == default


def test_version(tmp_path: Path) -> None:
    for flag in ("--version", "-V"):
        ended = process(flag, cwd=tmp_path)
        assert (ended.returncode, ended.stdout) == (0, "molthub 0.1.0\n")


def test_no_repository_here(tmp_path: Path) -> None:
    ended = process("plan", cwd=tmp_path)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "error: MH-GIT-002 " in ended.stderr
    assert "is not a Git repository" in ended.stderr
    assert "fix: Name one with --repo, or start a fleet repository there with `molthub init`\n" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_no_credentials(fleet: Repository) -> None:
    ended = process("plan", cwd=fleet.path, AWS_EC2_METADATA_DISABLED="true")
    assert ended.returncode == 1
    assert "MH-AWS-001" in ended.stdout
    assert "Traceback" not in ended.stderr
    assert len(ended.stdout.splitlines()) < 30, "a lost account is one trouble, not fourteen"


def test_a_reader_that_went_away_is_no_error(fleet: Repository) -> None:
    command = f'{sys.executable} -m molthub schema | head -c 1; echo " ${{PIPESTATUS[0]}}"'
    ended = subprocess.run(
        ["bash", "-c", command], cwd=fleet.path, env=environment(fleet.path), capture_output=True, text=True, check=True
    )
    assert ended.stdout in ("{ 141\n", "{ 0\n")  # 0 when the pipe took all of it before head went
    assert ended.stderr == ""


def test_a_terminal_that_knows_only_ascii(fleet: Repository) -> None:
    ended = process("explain", "MH-IMG-001", cwd=fleet.path, LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.isascii()


def test_module_and_script_are_the_same(tmp_path: Path) -> None:
    script = Path(sys.executable).parent / "molthub"
    ended = subprocess.run([str(script), "--version"], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ended.stdout == process("--version", cwd=tmp_path).stdout
