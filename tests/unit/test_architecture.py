"""What holds the structure together: layers, links, sizes, references, and what the wheel carries."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = [ROOT / "molthub", ROOT / "cli", ROOT / "controller", ROOT / "policies"]
LONGEST_FUNCTION = 50
LONGEST_FILE = 500


def sources(*, tests: bool = False) -> Iterator[Path]:
    folders = [*CODE, ROOT / "tests", ROOT / "benchmarks"] if tests else CODE
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            if not any(parent.is_symlink() for parent in path.parents):
                yield path


@pytest.mark.parametrize("name", ["cli", "controller", "policies"])
def test_the_three_folders_are_relative_links_in_the_package(name: str) -> None:
    link = ROOT / "molthub" / name
    assert link.is_symlink()
    assert link.readlink() == Path("..") / name


def test_no_function_is_over_fifty_lines_and_no_file_over_five_hundred() -> None:
    long = []
    for path in sources(tests=True):
        text = path.read_text()
        if text.count("\n") > LONGEST_FILE:
            long.append(f"{path.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > LONGEST_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {lines} lines")
    assert long == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the project that a test may damage."""
    names = ["molthub", "cli", "controller", "policies", "manifests-example", "pyproject.toml", "README.md", "LICENSE"]
    for name in names:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def layers(project: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("molthub/planning/diff.py", "import molthub.aws.provider", "Only the composition roots choose an adapter"),
        ("molthub/resources/types.py", "import molthub.planning.types", "Layers"),
        ("molthub/health/assess.py", "import molthub.planning.plan", "Layers"),
        ("molthub/pipeline/engine.py", "import boto3", "Only aws imports boto3"),
        ("controller/loop.py", "import git", "Only source imports GitPython"),
        ("controller/loop.py", "import molthub.simulator.server", "Only the command line starts the simulator"),
        ("molthub/desired/render.py", "import socket", "The core does no input or output"),
    ],
)
def test_a_forbidden_import_breaks_the_layer_check(copy: Path, file: str, line: str, broken: str) -> None:
    path = copy / file
    path.write_text(
        path.read_text().replace(
            "from __future__ import annotations\n", f"from __future__ import annotations\n{line}\n", 1
        )
    )
    done = layers(copy)
    assert done.returncode != 0
    assert re.search(rf"{re.escape(broken)}.*BROKEN", done.stdout), done.stdout


def test_a_folder_that_no_layer_names_breaks_the_layer_check(copy: Path) -> None:
    (copy / "molthub" / "misc").mkdir()
    (copy / "molthub" / "misc" / "__init__.py").write_text("")
    assert layers(copy).returncode != 0
    shutil.rmtree(copy / "molthub" / "misc")
    assert layers(copy).returncode == 0


def test_every_reference_has_a_page_and_every_page_a_reference() -> None:
    used = {
        ref
        for path in sources()
        for ref in re.findall(r"\"(MH-[A-Z]+-[0-9]{3})\"", path.read_text())
        if not path.is_relative_to(ROOT / "policies") and path.name != "models.py"
    }
    pages = {
        ref
        for page in (ROOT / "molthub" / "errors" / "pages").glob("*.md")
        for ref in re.findall(r"^## (MH-[A-Z]+-[0-9]{3}) \S", page.read_text(), re.MULTILINE)
    }
    rules = {
        ref
        for page in (ROOT / "policies").glob("*.md")
        for ref in re.findall(r"^# (MH-[A-Z]+-[0-9]{3}) \S", page.read_text(), re.MULTILINE)
    }
    assert used - pages - rules == set()
    assert pages - used == set()


def test_the_wheel_holds_one_package_with_its_pages_and_the_example(copy: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", "import setuptools.build_meta as b; b.build_wheel('dist')"],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    wheel = next((copy / "dist").glob("*.whl"))
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name.split("/")[0].split("-")[0] for name in names} == {"molthub"}
    for wanted in (
        "molthub/cli/main.py",
        "molthub/controller/main.py",
        "molthub/policies/image_pinned.md",
        "molthub/errors/pages/pipe.md",
        "molthub/py.typed",
        "molthub/state/migrations/versions/v0001_first_tables.py",
        "molthub/cli/demo/fleet/molthub.yaml",
    ):
        assert wanted in names, wanted


def test_every_link_of_the_documents_leads_somewhere() -> None:
    tracked = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True)
    broken = []
    for name in tracked.stdout.split():
        page = ROOT / name
        targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
        broken += [f"{name}: {one}" for one in targets if "://" not in one and not (page.parent / one).exists()]
    assert broken == []


def test_what_to_do_ends_without_a_full_stop() -> None:
    ends = [
        f"{path.relative_to(ROOT)}:{text.end_lineno}"
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.keyword) and node.arg == "fix"
        for text in [node.value.values[-1] if isinstance(node.value, ast.JoinedStr) else node.value]
        if isinstance(text, ast.Constant) and str(text.value).endswith(".")
    ]
    assert ends == []
