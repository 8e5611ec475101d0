"""Every rule has a page, and the page's examples are real: the wrong one fires, the right one does not."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any

import pytest
import yaml

from molthub.guard.engine import GuardRule, run
from molthub.policies.registry import builtin_rules, page, stem
from tests.fakes.policies import TODAY, subject

RULES = {rule.ref: rule for rule in builtin_rules()}
ALSO_FIRES = {"MH-IMG-002": {"MH-RUN-003"}}
"""Below the security floor there is no runtime profile either."""
NOT_RULES = {"__init__", "registry"}
SECTIONS = ["What is wrong", "Wrong", "Right", "Waiver"]


def example(rule: GuardRule, section: str) -> dict[str, Any]:
    text = page(rule.ref) or ""
    match = re.search(rf"^## {section}\n\n```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert match, f"{rule.ref} has no example under {section}"
    parsed: dict[str, Any] = yaml.safe_load(match[1])
    return parsed


def fired(rule: GuardRule, section: str) -> set[str]:
    """The references of everything said about a page's example. The size rule's stands for a larger one."""
    large = 64 * 1024 if rule.ref == "MH-SIZE-002" and section == "Wrong" else 16
    environment = {"spec": {"network": {"nat": "none"}}} if rule.ref == "MH-NET-004" else None
    found = subject(example(rule, section), rendered_bytes=large, environment=environment)
    verdicts = run(builtin_rules(), found, today=TODAY)
    return {item.ref for item in (*verdicts.errors, *verdicts.notices)}


def test_every_rule_is_a_pair_of_files_and_every_file_is_a_rule() -> None:
    names = [item.name for item in files("molthub.policies").iterdir()]
    code = {name[:-3] for name in names if name.endswith(".py")} - NOT_RULES
    pages = {name[:-3] for name in names if name.endswith(".md")}
    assert code == pages == {stem(rule) for rule in builtin_rules()}


def test_references_are_unique_and_well_formed() -> None:
    assert len(RULES) == len(builtin_rules())
    assert all(re.fullmatch(r"MH-(IMG|SEC|NET|IAM|SKILL|RUN|SIZE|CHAN)-[0-9]{3}", ref) for ref in RULES)


def test_an_unknown_reference_has_no_page() -> None:
    assert page("MH-IMG-999") is None


@pytest.mark.parametrize("ref", RULES)
def test_a_page_has_its_title_and_its_sections(ref: str) -> None:
    text = page(ref) or ""
    assert text.splitlines()[0] == f"# {ref} {RULES[ref].title}"
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == SECTIONS
    assert all(len(line) <= 120 for line in text.splitlines())


@pytest.mark.parametrize("ref", RULES)
def test_a_page_says_truly_whether_a_waiver_is_possible(ref: str) -> None:
    waiver = (page(ref) or "").split("## Waiver")[1].strip()
    assert (re.match(r"None(?! for a known)\b", waiver) is None) is RULES[ref].waivable


@pytest.mark.parametrize("ref", RULES)
def test_the_wrong_example_fires_exactly_this_rule(ref: str) -> None:
    assert fired(RULES[ref], "Wrong") == {ref} | ALSO_FIRES.get(ref, set())


@pytest.mark.parametrize("ref", RULES)
def test_the_right_example_is_clean(ref: str) -> None:
    assert fired(RULES[ref], "Right") == set()


def test_the_index_of_the_docs_lists_every_page() -> None:
    index = (files("molthub").joinpath("..", "docs", "policies", "README.md")).read_text(encoding="utf-8")
    lines = [f"| [{rule.ref}](../../policies/{stem(rule)}.md) | {rule.title} |" for rule in builtin_rules()]
    assert [line for line in lines if line not in index] == []
    assert index.count("| [MH-") == len(lines)
