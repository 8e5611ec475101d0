"""The composite action and the pre-commit hook: well formed, injection-safe, and every script of theirs run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.builders import instance_dict
from tests.fakes.cli import Repository

ROOT = Path(__file__).resolve().parents[2]
ACTION = ".github/actions/molthub-plan/action.yml"
WORKFLOW = ".github/workflows/molthub.yml"
BOT = instance_dict()
NEWER = instance_dict(spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}})
BAD = instance_dict(metadata={"name": "bad"}, spec={"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}})
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")

GH = """#!{python}
import json, os, sys
log = os.environ["GH_LOG"]
arguments = sys.argv[1:]
body = next((a.removeprefix("body=@") for a in arguments if a.startswith("body=@")), None)
with open(log, "a") as file:
    file.write(json.dumps({{"arguments": arguments, "body": open(body).read() if body else None}}) + "\\n")
if os.environ.get("GH_FAILS") and body:
    sys.exit(1)
if body is None:
    print(os.environ.get("GH_COMMENTS", ""), end="")
"""

MOLTHUB = """#!/bin/sh
exec "{python}" -m molthub "$@"
"""


PYTHON = """#!/bin/sh
echo "$@" >>"{log}"
mkdir -p "$RUNNER_TEMP/molthub/bin"
[ -e "$RUNNER_TEMP/molthub/bin/python" ] || cp "$0" "$RUNNER_TEMP/molthub/bin/python"
"""


def action() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / ACTION).read_text())
    return found


def steps() -> dict[str, dict[str, Any]]:
    return {step["name"]: step for step in action()["runs"]["steps"] if "run" in step}


class Runner:
    """What GitHub's runner gives a step: files for outputs, a workspace, and bash as it calls it."""

    def __init__(self, tmp: Path) -> None:
        self.tmp, self.fleet = tmp, Repository(tmp / "workspace")
        self.fleet.commit(BOT)
        self.fleet.git("update-ref", "refs/remotes/origin/main", "HEAD")
        bin_ = tmp / "bin"
        bin_.mkdir()
        for name, text in (("gh", GH), ("molthub", MOLTHUB)):
            (bin_ / name).write_text(text.format(python=sys.executable))
            (bin_ / name).chmod(0o755)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GIT_", "MOLTHUB_"))}
        self.environ = kept | {
            "PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(tmp),
            "RUNNER_TEMP": str(tmp),
            "GITHUB_BASE_REF": "main",
            "GITHUB_REPOSITORY": "acme/fleet",
            "GITHUB_ACTION_PATH": str(ROOT / ACTION).removesuffix("/action.yml"),
            "GH_LOG": str(tmp / "gh.log"),
            **{name: str(tmp / name) for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")},
        }

    def run(self, name: str, **given: str) -> subprocess.CompletedProcess[str]:
        """A step's script, its expressions replaced by what is given and by the inputs' defaults."""
        step = steps()[name]
        defaults = {key: str(value.get("default", "")) for key, value in action()["inputs"].items()}
        env = {key: self._value(str(value), defaults, given) for key, value in step.get("env", {}).items()}
        script = self.tmp / "step.sh"
        script.write_text(step["run"])
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
            cwd=self.fleet.path,
            env=self.environ | env | given,
            capture_output=True,
            text=True,
            check=False,
        )

    def _value(self, text: str, defaults: dict[str, str], given: dict[str, str]) -> str:
        found = re.fullmatch(r"\$\{\{ ([\w.-]+) \}\}", text)
        assert found, f"{text} is more than one expression"
        _, _, name = found[1].partition("inputs.")
        return defaults.get(name, given.get(found[1], ""))

    def outputs(self) -> dict[str, str]:
        lines = (self.tmp / "GITHUB_OUTPUT").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    def asked(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.tmp / "gh.log").read_text().splitlines()]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


# -- what is written ---------------------------------------------------------------------------------------------


def test_no_expression_reaches_a_shell_and_every_action_is_pinned() -> None:
    for step in action()["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
        assert step.get("shell", "bash") == "bash"
    for path in (ROOT / ACTION, ROOT / "manifests-example" / WORKFLOW):
        used = [line.split("uses:")[1].strip() for line in path.read_text().splitlines() if "uses:" in line]
        assert used
        assert all(name.startswith("./") or PINNED.fullmatch(name) for name in used), used


def test_the_workflow_runs_on_pull_requests_with_few_permissions() -> None:
    workflow = yaml.safe_load((ROOT / "manifests-example" / WORKFLOW).read_text())
    assert set(workflow[True]) == {"pull_request", "push"}  # YAML 1.1 reads `on` as true
    assert workflow["permissions"] == {"contents": "read"}
    change = workflow["jobs"]["change"]
    assert change["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert change["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    used = change["steps"][1]
    assert used["uses"] == f"./{ACTION.removesuffix('/action.yml')}"
    assert set(used["with"]) <= set(action()["inputs"])
    assert (ROOT / "manifests-example" / ACTION).read_text() == (ROOT / ACTION).read_text()


def test_every_script_is_one_that_bash_reads() -> None:
    for step in steps().values():
        subprocess.run(["bash", "-n", "-c", step["run"]], check=True)


# -- what it does -------------------------------------------------------------------------------------------------


def test_it_installs_what_is_asked_for_and_nothing_of_the_pull_request_is_imported(runner: Runner) -> None:
    log = runner.tmp / "python.log"
    python = PYTHON.format(log=log)
    (runner.tmp / "bin" / "python").write_text(python)
    (runner.tmp / "bin" / "python").chmod(0o755)
    runner.run("Install Molthub", PACKAGE="molthub==0.1.0; rm -rf $HOME").check_returncode()
    assert log.read_text().splitlines() == [
        f"-I -m venv {runner.tmp}/molthub",
        "-I -m pip install --quiet molthub==0.1.0; rm -rf $HOME",
    ]
    assert (runner.tmp / "GITHUB_PATH").read_text() == f"{runner.tmp}/molthub/bin\n"
    log.unlink()
    (runner.tmp / "bin" / "python").write_text(python)
    runner.run("Install Molthub").check_returncode()
    assert (Path(log.read_text().splitlines()[1].rpartition(" ")[2]) / "pyproject.toml").is_file()


def test_a_change_gets_annotations_sarif_a_summary_and_a_comment_and_fails_for_what_is_wrong(runner: Runner) -> None:
    runner.fleet.commit(NEWER, BAD)
    validated = runner.run("Validate", SARIF_FILE="molthub.sarif")
    assert validated.returncode == 0
    assert validated.stdout.startswith("::error file=instances/acme/prod/bad.yaml,line=9,col=12,title=MH-IMG-001::")
    assert runner.outputs()["code"] == "1"
    sarif = runner.fleet.path / "molthub.sarif"
    assert json.loads(sarif.read_text())["version"] == "2.1.0"
    sarif.unlink()
    assert runner.run("Plan").returncode == 0
    outputs = runner.outputs()
    text = Path(outputs["file"]).read_text()
    assert "**error** `MH-IMG-001`" in text
    assert "- `~` `acme/prod/support-bot` will be updated, and **restarts**" in text.splitlines()
    assert (runner.tmp / "GITHUB_STEP_SUMMARY").read_text() == text
    assert runner.run("Comment", NUMBER="7", FILE=outputs["file"], AUTHOR="github-actions[bot]").returncode == 0
    looked, wrote = runner.asked()
    assert looked["arguments"][:3] == ["api", "--paginate", "repos/acme/fleet/issues/7/comments?per_page=100"]
    assert wrote["arguments"][:5] == ["api", "--silent", "--method", "POST", "repos/acme/fleet/issues/7/comments"]
    assert wrote["body"] == text


def test_the_result_is_that_of_both() -> None:
    script = steps()["Result"]["run"]
    for validated, planned, ended in (("0", "0", 0), ("1", "1", 1), ("0", "1", 1), ("3", "0", 3)):
        done = subprocess.run(["bash", "-e", "-c", script], env={"VALIDATE": validated, "PLAN": planned}, check=False)
        assert done.returncode == ended


def test_its_own_comment_is_written_anew(runner: Runner) -> None:
    (runner.tmp / "plan.md").write_text("x")
    given = {"NUMBER": "7", "FILE": str(runner.tmp / "plan.md"), "AUTHOR": "github-actions[bot]"}
    runner.run("Comment", GH_COMMENTS="41\n42\n", **given).check_returncode()
    assert runner.asked()[-1]["arguments"][2:5] == ["--method", "PATCH", "repos/acme/fleet/issues/comments/41"]
    forked = runner.run("Comment", GH_FAILS="yes", **given)
    assert (forked.returncode, forked.stdout.startswith("::warning title=Molthub::")) == (0, True)


def test_without_the_history_it_says_what_to_check_out_and_there_is_no_comment(runner: Runner) -> None:
    runner.fleet.git("update-ref", "-d", "refs/remotes/origin/main")
    validated = runner.run("Validate", SARIF_FILE="molthub.sarif")
    assert "MH-CI-002 there is no 'origin/main' here" in validated.stderr
    assert runner.outputs()["code"] == "1"
    assert not (runner.fleet.path / "molthub.sarif").exists()
    (runner.tmp / "plan.md").write_text("")
    assert runner.run("Comment", NUMBER="7", FILE=str(runner.tmp / "plan.md")).returncode == 0
    assert not (runner.tmp / "gh.log").exists()


# -- pre-commit ----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("pre-commit") is None, reason="pre-commit is no dependency of Molthub")
def test_the_pre_commit_hook_stops_a_bad_commit(runner: Runner) -> None:
    manifest = ROOT / ".pre-commit-hooks.yaml"
    environ = runner.environ | {"PRE_COMMIT_HOME": str(runner.tmp / "pre-commit")}
    subprocess.run(["pre-commit", "validate-manifest", str(manifest)], check=True, env=environ, capture_output=True)
    (hook,) = yaml.safe_load(manifest.read_text())
    assert (hook["id"], hook["language"], hook["types"]) == ("molthub-validate", "python", ["yaml"])
    local = {"repos": [{"repo": "local", "hooks": [hook | {"language": "system"}]}]}  # without building, so no network
    runner.fleet.write(BAD, files={".pre-commit-config.yaml": json.dumps(local).encode()})
    runner.fleet.git("add", "--all")
    ended = subprocess.run(
        ["pre-commit", "run"], cwd=runner.fleet.path, env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "instances/acme/prod/bad.yaml:9:12: error: MH-IMG-001" in ended.stdout
