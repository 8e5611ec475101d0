"""`molthub validate --base`: a change's own findings, in the forms that code hosts read."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molthub.cli.views import github, sarif
from molthub.errors import Diagnostic, Location, Severity
from tests.builders import instance_dict
from tests.fakes.cli import Cli

BOT = instance_dict()
LATEST = {"spec": {"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}}}
BAD = instance_dict(metadata={"name": "bad"}, **LATEST)
PATH = "instances/acme/prod/support-bot.yaml"


def test_only_the_change_is_judged_and_what_was_wrong_before_is_counted(cli: Cli) -> None:
    base = cli.repository.commit(BOT, BAD)
    cli.repository.git("switch", "--quiet", "--create", "feature")
    cli.repository.commit(instance_dict(metadata={"labels": {"team": "x"}}))
    ended = cli.run("validate", "--base", "main")
    assert ended.code == 0
    assert ended.out.splitlines() == [
        "Changed: 1 file, 1 instance, 0 errors",
        f"Compared with main ({base[:12]})",
        "There before, elsewhere: 1 error, 0 warnings; `molthub validate` shows them all",
    ]
    assert cli.run("validate").code == 1
    cli.repository.write(instance_dict(**LATEST))
    dirty = cli.run("validate", "--base", "main", "-o", "json")
    told = json.loads(dirty.out)
    assert (dirty.code, [item["ref"] for item in told["diagnostics"]]) == (1, ["MH-IMG-001"])
    assert told["base"] == {"ref": "main", "commit": base, "known": {"errors": 1, "warnings": 0}}
    assert told["summary"] == {"files": 1, "instances": 1, "errors": 1, "warnings": 0}


def test_what_main_gained_meanwhile_is_nobody_elses_change(cli: Cli) -> None:
    """Compared is with where the branches parted, as a pull request is shown."""
    cli.repository.commit(BOT)
    cli.repository.git("switch", "--quiet", "--create", "feature")
    cli.repository.commit(instance_dict(metadata={"name": "mine"}))
    cli.repository.git("switch", "--quiet", "main")
    cli.repository.commit(instance_dict(metadata={"name": "theirs"}))
    ended = cli.run("validate", "--ref", "feature", "--base", "main")
    assert ended.out.startswith("Changed: 1 file, 1 instance, 0 errors\n")


def test_a_shallow_clone_says_what_to_check_out(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = cli.repository.commit(BOT)
    cli.repository.commit(instance_dict(metadata={"labels": {"team": "x"}}))
    origin = f"file://{cli.repository.path}"
    subprocess.run(["git", "clone", "--quiet", "--depth", "1", origin, str(tmp_path / "ci")], check=True)
    monkeypatch.chdir(tmp_path / "ci")
    shallow = cli.run("validate", "--base", "origin/main")
    assert shallow.code == 1
    assert shallow.err == (
        "error: MH-CI-001 this clone is shallow, so where the change left 'origin/main' cannot be told\n"
        "    fix: Run 'git fetch --unshallow'; in CI check out the whole history (`fetch-depth: 0` of "
        "actions/checkout)\n"
    )
    for missing in ("origin/develop", first):
        unknown = cli.run("validate", "--base", missing)
        assert f"MH-CI-002 there is no '{missing}' here to compare with" in unknown.err
        assert "`fetch-depth: 0`" in unknown.err


def test_a_branch_without_a_common_past_is_refused(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.repository.git("switch", "--quiet", "--orphan", "another")
    cli.repository.commit(BOT, message="another beginning")
    ended = cli.run("validate", "--base", "main")
    assert (ended.code, "MH-CI-003 'main' and " in ended.err) == (1, True)


def test_paths_and_a_base_do_not_go_together(cli: Cli) -> None:
    cli.repository.commit(BOT)
    ended = cli.run("validate", PATH, "--base", "HEAD")
    assert (ended.code, "leave out the paths" in ended.err) == (2, True)


# -- SARIF ----------------------------------------------------------------------------------------------------

TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "$schema": {"type": "string", "format": "uri"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "semanticVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+"},
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {
                                            "type": "object",
                                            "required": ["id"],
                                            "additionalProperties": False,
                                            "properties": {
                                                "id": {"type": "string"},
                                                "shortDescription": TEXT,
                                                "fullDescription": TEXT,
                                                "help": TEXT,
                                            },
                                        },
                                    },
                                },
                            }
                        },
                    },
                    "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                },
            },
        },
    },
    "$defs": {
        "result": {
            "type": "object",
            "required": ["message", "ruleId", "ruleIndex", "locations", "partialFingerprints"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": TEXT,
                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                "locations": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["physicalLocation"],
                        "properties": {
                            "physicalLocation": {
                                "type": "object",
                                "required": ["artifactLocation", "region"],
                                "properties": {
                                    "artifactLocation": {
                                        "type": "object",
                                        "required": ["uri"],
                                        "properties": {
                                            "uri": {"type": "string", "pattern": "^[!-~]+$"},
                                            "uriBaseId": {"type": "string"},
                                        },
                                    },
                                    "region": {
                                        "type": "object",
                                        "required": ["startLine"],
                                        "properties": {
                                            "startLine": {"type": "integer", "minimum": 1},
                                            "startColumn": {"type": "integer", "minimum": 1},
                                        },
                                    },
                                },
                            }
                        },
                    },
                },
            },
        }
    },
}
"""What of the OASIS schema of SARIF 2.1.0 concerns a log of ours, with what code scanning asks for beside it."""


def sarif_of(cli: Cli, *arguments: str) -> dict[str, Any]:
    log: dict[str, Any] = json.loads(cli.run("validate", "-o", "sarif", *arguments).out)
    jsonschema.validate(log, SARIF)
    return log


def test_sarif_has_rules_with_their_pages_and_results_at_their_lines(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.repository.write(instance_dict(**LATEST))
    log = sarif_of(cli, "--base", "HEAD")
    (run,) = log["runs"]
    (rule,), (result,) = run["tool"]["driver"]["rules"], run["results"]
    assert (rule["id"], rule["shortDescription"]["text"]) == ("MH-IMG-001", "The image is pinned to a version")
    assert rule["help"]["markdown"].startswith("# MH-IMG-001")
    assert (result["ruleId"], result["ruleIndex"], result["level"]) == ("MH-IMG-001", 0, "error")
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": PATH, "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 9, "startColumn": 12}
    path = cli.repository.path / PATH
    path.write_bytes(b"# one line more\n" + path.read_bytes())
    moved = sarif_of(cli, "--base", "HEAD")["runs"][0]["results"][0]
    assert moved["locations"][0]["physicalLocation"]["region"]["startLine"] == 10
    assert moved["partialFingerprints"] == result["partialFingerprints"]


def test_sarif_of_a_clean_fleet_is_a_log_without_results(cli: Cli) -> None:
    cli.repository.commit(BOT)
    assert sarif_of(cli)["runs"][0]["results"] == []


def test_sarif_escapes_paths_and_links() -> None:
    odd = Diagnostic("MH-MAN-001", "see [here](https://evil.example.com)\x1b[0m", Location("a b/ü[1]#?.yaml", 3, 1))
    log = sarif.data([odd], {}, version="1.2.3")
    jsonschema.validate(log, SARIF)
    result = log["runs"][0]["results"][0]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b/%C3%BC%5B1%5D%23%3F.yaml"
    assert result["message"]["text"] == r"see \[here\](https://evil.example.com)\\e\[0m"


# -- annotations ------------------------------------------------------------------------------------------------


def test_annotations_stand_at_their_line(cli: Cli) -> None:
    cli.repository.commit(BOT)
    cli.repository.write(instance_dict(**LATEST))
    ended = cli.run("validate", "--base", "HEAD", "-o", "github")
    first, summary = ended.out.splitlines()
    assert first.startswith(
        f'::error file={PATH},line=9,col=12,title=MH-IMG-001::the image tag "latest" may name another image tomorrow%0A'
    )
    assert (ended.code, summary) == (1, "Changed: 1 file, 1 instance, 1 error")


COMMAND = re.compile(
    r"::(?P<name>error|warning) (?P<properties>(?:[a-z]+=[^:,\r\n]*)(?:,[a-z]+=[^:,\r\n]*)*)::(?P<data>[^\r\n]*)"
)
"""How the runner reads a command: up to the second `::`, properties parted by commas."""

evil = st.text(alphabet=st.sampled_from(list("a:%,\n\r\x1b\u202e\u2028=0AD[]#{}é")), max_size=40)


@given(message=evil, fix=evil, path=evil, line=st.integers(1, 9))
def test_nothing_in_a_finding_begins_another_command(message: str, fix: str, path: str, line: int) -> None:
    said = github.command(Diagnostic("MH-MAN-001", message, Location(path, line, 2), fix, Severity.WARNING))
    assert len(said.splitlines()) == 1
    found = COMMAND.fullmatch(said)
    assert found is not None
    properties = dict(part.split("=", 1) for part in found["properties"].split(","))
    assert properties.keys() == {"file", "line", "col", "title"}
    assert (properties["line"], properties["title"]) == (str(line), "MH-MAN-001")
    assert found["data"].endswith("%0Amolthub explain MH-MAN-001")
    for escaped in re.findall("%..", found["properties"] + found["data"]):
        assert escaped in {"%25", "%0D", "%0A", "%3A", "%2C"}


def test_errors_come_first_for_github_shows_ten_of_a_kind() -> None:
    warning, error = Diagnostic("MH-A-001", "w", severity=Severity.WARNING), Diagnostic("MH-A-002", "e")
    assert [line[:9] for line in github.commands([warning, error])] == ["::error t", "::warning"]
