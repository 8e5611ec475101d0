"""The command tree itself: every command has an example, a place in the list, and options worded as elsewhere."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from molthub.cli.reference import reference
from molthub.cli.sections import SECTIONS, UNSORTED
from tests.fakes.examples import commands, examples

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = dict(commands())
OWN_WORDS = {
    "--all": "of the fleet, or of the history",
    "--at": "each names what happened then",
    "--base": "access check judges all of the history",
    "--branch": "a proposal has one of its own anyway",
    "--database-url": "the controller has a default",
    "--environment": "one, several, or the first",
    "--force": "each says what it overrides",
    "--instance": "one, or several",
    "--interval": "each names the option that looks again",
    "--limit": "audit knows 0, for all",
    "--name": "of an instance, or of a template",
    "--no-commit": "secrets leave an edited manifest behind",
    "--no-push": "a proposal makes a branch",
    "--out": "a plan, or a template",
    "--output": "some name the forms that only they have",
    "--patch": "of a template's manifest, or of an instance's",
    "--path": "in Secrets Manager, or of a URL",
    "--port": "of another's server, or of one's own",
    "--until": "the end of a pause, or of what is shown",
    "--watch": "each says what it looks at",
    "--workspace": "the first, or only this one",
}
"""Options that mean another thing to another command, and why their words differ."""


@pytest.mark.parametrize("path", sorted(reference()))
def test_the_reference_is_current(path: str) -> None:
    assert (ROOT / path).read_text() == reference()[path], "run `make docs`"


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_has_help_and_examples_of_itself(name: str) -> None:
    summary = (COMMANDS[name].help or "").split("\n")[0]
    assert summary
    assert summary[0].isupper()
    assert not summary.endswith("."), "help lines end without a full stop"
    found = examples(COMMANDS[name])
    assert found, f"{name} has no example: give _add() some in cli/app.py"
    assert all(name in one for one in found), found
    assert len(set(found)) == len(found)


def test_every_command_stands_in_one_section() -> None:
    named = [name for names in SECTIONS.values() for name in names]
    assert sorted(named) == sorted({name.split()[1] for name in COMMANDS})
    top = reference()["cli/help_text.py"]
    assert all(f"\n{title}:\n" in top for title in SECTIONS)
    assert f"\n{UNSORTED}:" not in top


def _options() -> dict[str, dict[tuple[str, str], list[str]]]:
    """Long option → its help and metavar → the commands that say it so."""
    found: dict[str, dict[tuple[str, str], list[str]]] = defaultdict(lambda: defaultdict(list))
    for name, command in COMMANDS.items():
        for parameter in command.params:
            if parameter.param_type_name == "option":
                long = max(parameter.opts, key=len)
                found[long][parameter.help or "", str(parameter.metavar)].append(name)
    return found


def test_an_option_is_worded_the_same_everywhere() -> None:
    several = {option: dict(words) for option, words in _options().items() if len(words) > 1}
    assert {option: words for option, words in several.items() if option not in OWN_WORDS} == {}
    assert OWN_WORDS.keys() <= several.keys(), "no longer needed"


def test_options_are_short_and_without_a_full_stop() -> None:
    for option, words in _options().items():
        for text, _ in words:
            assert text, option
            assert text[0].isupper(), text
            assert not text.endswith("."), text
            assert len(text) <= 120, text


def test_flags_of_one_meaning_have_one_spelling() -> None:
    spelled: dict[str, set[Any]] = defaultdict(set)
    for command in COMMANDS.values():
        for parameter in command.params:
            for flag in parameter.opts if parameter.param_type_name == "option" else ():
                spelled[flag].add(max(parameter.opts, key=len))
    assert {flag: longs for flag, longs in spelled.items() if len(longs) > 1} == {"-n": {"--lines", "--limit"}} | {
        flag: longs for flag, longs in spelled.items() if flag in ("-y", "--yes")
    }
