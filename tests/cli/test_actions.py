"""Actions as people give them: one commit, pushed, with everything else as it was; and what they are told."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from molthub.cli.main import run
from tests.builders import instance_dict, tree
from tests.fakes.cli import Cli, Result
from tests.fakes.clones import Origin
from tests.fakes.git_repositories import git

BOT = "instances/acme/prod/support-bot.yaml"
FILES = tree(
    instance_dict(metadata={"labels": {"team": "support"}}), *(instance_dict(metadata={"name": n}) for n in "ab")
)


class Person:
    """Ana, in her clone of a bare repository."""

    def __init__(self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cli, self._monkeypatch = cli, monkeypatch
        self.origin = Origin(tmp_path / "r", FILES)
        self.clone = self.origin.clone("ana")
        monkeypatch.chdir(self.clone)
        monkeypatch.setenv("MOLTHUB_CACHE_DIR", str(tmp_path / "cache"))

    def run(self, *arguments: str) -> Result:
        self._monkeypatch.setattr("sys.stdin", io.StringIO(""))
        return self.cli.run(*arguments)

    def at_a_terminal(self, typed: str) -> None:
        """From here on the person can be asked, and has typed this."""

        class Keyboard(io.StringIO):
            def isatty(self) -> bool:
                return True

        self._monkeypatch.setattr("sys.stdin", Keyboard(typed))
        self._monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    def asked(self, typed: str, *arguments: str) -> Result:
        self.at_a_terminal(typed)
        return self.cli.run(*arguments)

    def message(self, branch: str = "main") -> str:
        return git(self.origin.path, "log", "-1", "--format=%B", branch).strip()


@pytest.fixture
def ana(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(cli, tmp_path, monkeypatch)


def test_label(ana: Person) -> None:
    ended = ana.run("label", "support-bot", "tier=gold", "team-", "-m", "Because")
    assert ended.err == ""
    assert ended.out == (
        "Label acme/prod/support-bot: tier=gold, team-\n\n"
        f"--- a/{BOT}\n+++ b/{BOT}\n@@ -5,7 +5,7 @@\n   workspace: acme\n   environment: prod\n   labels:\n"
        "-    team: support\n+    tier: gold\n spec:\n   runtime:\n     image: ghcr.io/openclaw/openclaw:2026.9.6\n\n"
        f"Pushed {ana.origin.tip()[:12]} to 'main': Label acme/prod/support-bot: tier=gold, team-\n"
    )
    assert ana.message() == (
        "Label acme/prod/support-bot: tier=gold, team-\n\nBecause\n\n"
        "Molthub-Action: label\nMolthub-Instance: acme/prod/support-bot"
    )
    again = ana.run("label", "support-bot", "tier=gold")
    assert (again.code, again.out) == (0, "Nothing to do: it is so already.\n")


def test_several_need_a_word(ana: Person) -> None:
    ended = ana.run("label", "--all", "tier=gold")
    assert (ended.code, ended.err) == (
        1,
        (
            "error: MH-CLI-004 nobody can be asked: this is not a terminal\n"
            "    fix: Say --yes if the change above is what you want; --dry-run shows it all\n"
        ),
    )
    assert ended.out.startswith("Label 3 instances: tier=gold\n  acme/prod/a\n  acme/prod/b\n  acme/prod/support-bot\n")
    assert ana.run("label", "--environment", "acme/prod", "tier=gold", "--yes").code == 0
    assert ana.message().count("Molthub-Instance") == 3
    dry = ana.run("label", "-l", "tier=gold", "--workspace", "acme", "x=y", "--dry-run", "-o", "json")
    told = json.loads(dry.out)
    assert (told["status"], told["commit"], len(told["files"]), told["pushed"]) == ("dry-run", None, 3, False)
    assert [line for line in told["files"][0]["diff"] if line.startswith("+ ")] == ["+    x: y"]
    assert ana.origin.subjects() == ["Begin", "Label 3 instances: tier=gold"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["label", "x=1"], "say which: INSTANCE, -l KEY=VALUE, --environment, --workspace or --all"),
        (["label", "a", "--all", "x=1"], "name instances, or select them"),
        (["label", "a"], "say KEY=VALUE to set a label, or KEY- to remove one"),
        (["label", "a", "x=1", "x-"], "x is set and removed"),
        (["label", "-l", "x", "y=1"], "'x' is not KEY=VALUE"),
        (["label", "--environment", "x", "y=1"], "'x' is not WORKSPACE/NAME"),
        (["set", "a"], "say what to set: PATH=VALUE"),
        (["image", "set", "a/b:1.2.3"], "say which"),
    ],
)
def test_wrong_usage(ana: Person, arguments: list[str], words: str) -> None:
    ended = ana.run(*arguments)
    assert ended.code == 2
    assert words in " ".join(ended.err.split())


def test_set_and_image_set(ana: Person) -> None:
    ana.run("set", "support-bot", "runtime.cpu=2048", "runtime.memory=4096")
    assert ana.message().startswith("Set runtime.cpu=2048, runtime.memory=4096 of acme/prod/support-bot\n")
    assert "    cpu: 2048\n    memory: 4096\n" in ana.origin.read(BOT)
    refused = ana.run("set", "support-bot", "runtime.cpu=3000")
    assert f"{BOT}:12:10: error: MH-SIZE-001 cpu 3000 is none of Fargate's" in refused.err
    lacking = ana.run("set", "support-bot", "secrets[NOBODY].key=x")
    assert f"{BOT}:9:1: error: MH-ACT-006 spec.secrets has no item NOBODY" in lacking.err
    told = json.loads(ana.run("image", "set", "a", "ghcr.io/openclaw/openclaw:2026.9.5", "-o", "json").out)
    assert (told["action"], told["instances"], told["attempts"]) == ("image-set", ["acme/prod/a"], 1)
    assert "MH-IMG-001" in ana.run("image", "set", "a", "x/y:latest").err


def test_a_long_assignment_does_not_fill_the_subject(ana: Person) -> None:
    ana.run("set", "a", f"runtime.env.TEXT={'x' * 80}")
    assert ana.message().startswith("Set spec.runtime.env.TEXT of acme/prod/a\n")


def test_rename_and_delete(ana: Person) -> None:
    ended = ana.run("rename", "a", "help-desk")
    assert "--- a/instances/acme/prod/a.yaml\n+++ b/instances/acme/prod/help-desk.yaml\n" in ended.out
    assert git(ana.clone, "show", "--format=", "--name-status", "-M").startswith("R")
    assert (ana.clone / "instances/acme/prod/help-desk.yaml").exists()
    assert not (ana.clone / "instances/acme/prod/a.yaml").exists()
    refused = ana.run("delete", "help-desk")
    assert "MH-CLI-004" in refused.err
    assert ana.run("delete", "help-desk", "--yes").code == 0
    assert ana.message() == "Delete acme/prod/help-desk\n\nMolthub-Action: delete\nMolthub-Instance: acme/prod/a"
    again = ana.run("delete", "help-desk", "--yes")
    assert (again.code, again.out) == (0, "Nothing to do: it is so already.\n"), "whoever repeats it does not fail"
    assert ana.run("delete", "help-desk", "b", "--yes", "--dry-run").out.startswith("Delete acme/prod/b\n")
    assert "MH-PIPE-001 there is no instance help-dsk in this fleet" in ana.run("delete", "help-dsk", "--yes").err
    last = ana.run("delete", "--all", "--yes")
    assert "\n  acme/prod/support-bot\n  Molthub-Confirm-Delete: acme/prod 2\n" in last.out
    assert ana.message().endswith("\nMolthub-Confirm-Delete: acme/prod 2")


def test_a_person_is_asked(ana: Person) -> None:
    ended = ana.asked("n\n", "label", "a", "x=y")
    assert "Commit and push this to 'main'? [Y/n]:" in ended.err
    assert "MH-CLI-004 not approved, so nothing was changed" in ended.err
    assert ana.asked("\n", "label", "a", "x=y", "--no-push").code == 0
    again = ana.asked("", "label", "a", "x=y")
    assert again.out == "Nothing to do: it is so already. Not pushed yet: 1 commit of yours (git push).\n"
    assert ana.asked("y\n", "delete", "a").code == 1
    gone = ana.asked("yes\n", "delete", "a")
    assert "Commit and push this to 'main'? Only 'yes' will be accepted to approve." in gone.err
    assert "\n1 earlier commit of yours, not pushed yet, will go along.\n" in gone.out
    assert gone.out.endswith("to 'main', with 1 earlier commit of yours: Delete acme/prod/a\n")
    assert ana.origin.subjects() == ["Begin", "Label acme/prod/a: x=y", "Delete acme/prod/a"]


def test_without_a_clone_and_on_a_branch(ana: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Ana\n\temail = ana@example.com\n")
    assert (
        ana.run("label", "a", "x=y", "--branch", "proposal")
        .out.splitlines()[-1]
        .endswith("to 'proposal': Label acme/prod/a: x=y")
    )
    monkeypatch.chdir(tmp_path)
    assert ana.run("label", "a", "x=z", "--repo", str(ana.origin.path)).code == 0
    assert ana.origin.subjects() == ["Begin", "Label acme/prod/a: x=z"]
    assert git(ana.clone, "status", "--porcelain") == ""


# -- edit -------------------------------------------------------------------------------------------------


def editor(ana: Person, *scripts: str) -> None:
    """An editor that does one of these (sed's) each time it is opened."""
    folder = ana.origin.folder
    for number, script in enumerate(scripts):
        (folder / f"script{number}").write_text(script)
    program = folder / "editor"
    program.write_text(
        f"#!/bin/sh\nn=$(cat {folder}/count 2>/dev/null || echo 0)\necho $((n + 1)) > {folder}/count\n"
        f'sed -i -f {folder}/script$n "$1"\n'
    )
    program.chmod(0o755)
    ana._monkeypatch.setenv("VISUAL", str(program))


def test_edit(ana: Person) -> None:
    editor(ana, "s/team: support/team: help  # ours/", "")
    assert ana.run("edit", "support-bot").code == 0
    assert "    team: help  # ours\n" in ana.origin.read(BOT)
    assert ana.message().startswith("Edit acme/prod/support-bot\n\nMolthub-Action: edit\n")
    assert ana.run("edit", "support-bot").out == "Nothing to do: it is so already.\n"


def test_an_edit_with_errors_is_opened_again(ana: Person) -> None:
    editor(ana, "s/runtime:/runtme:/", "s/runtme:/runtime:/;s/team: support/team: help/")
    ended = ana.asked("\ny\n", "edit", "support-bot")
    assert "MH-MAN-001 `runtme` is not a field in `spec`" in ended.err
    assert "Open it again? [Y/n]:" in ended.err
    assert ended.code == 0
    assert "team: help" in ana.origin.read(BOT)


def test_an_edit_that_fails_is_kept(ana: Person) -> None:
    editor(ana, "s/name: support-bot/name: other/", "q7")
    ended = ana.run("edit", "support-bot")
    assert "MH-ACT-004 this would make another instance of acme/prod/support-bot" in ended.err
    kept = Path(ended.err.split("What you wrote is kept in ")[1].splitlines()[0])
    assert "name: other" in kept.read_text()
    assert "MH-ACT-007 the editor ended with code 7, so nothing was committed" in ana.run("edit", "support-bot").err
    ana._monkeypatch.setenv("VISUAL", "no-such-editor")
    assert "MH-ACT-007 the editor 'no-such-editor' could not be started" in ana.run("edit", "support-bot").err


def test_a_tree_without_a_fleet(cli: Cli) -> None:
    cli.repository.commit(files={"x.yaml": b"a: 1\n"})
    assert "MH-FLEET-001" in cli.run("label", "a", "x=y").err
    assert run(["label", "a", "x=y", "--repo", "/nowhere"]) == 1
