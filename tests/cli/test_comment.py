"""A plan as a pull request's comment: what it tells, and that nothing in a manifest can break out of it."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from molthub.cli.published import WritersWord
from molthub.cli.views.comment import LONGEST, MARKER, Comment, markdown
from molthub.cli.views.markdown import code
from molthub.cli.views.text import UNSAFE, safe
from molthub.errors import Diagnostic, Location
from molthub.leases.published import Published, PublishedInstance
from molthub.pipeline.compare.types import Base
from molthub.planning.types import Action, AttributeChange, Change, EnvironmentPlan, InstancePlan, Plan
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.resources.states import Verdict
from molthub.resources.types import Kind
from tests.builders import instance_dict
from tests.fakes.changes import Change as Revision

GITHUB = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
"""CommonMark with GitHub's tables and strikethrough. Autolinks and mentions are made of text tokens only."""

HTML = {MARKER, "<details><summary>What changes, attribute by attribute</summary>", "</details>"}
KEY = EnvironmentKey("acme", "prod")

ATTACKS = (
    *("`", "``", "```", "|", "\n", "\r\n", "@ana", "#123", "<!--", "-->", "<img src=x>", "</details>", "**", "~~"),
    *("[x](https://e.example)", "![x](https://e.example)", "\x1b[31m", "\u202e", "\u2028", "\x00", "&lt;", "\\", " "),
    *("- ", "# ", "> ", "$`x`$", "https://evil.example.com", "---", "::error::", "\t", "é", "\ud800"),
)
evil = st.lists(st.sampled_from(ATTACKS) | st.characters(), max_size=12).map("".join)


def plan_of(*instances: InstancePlan) -> Plan:
    return Plan("acme-bots", "a" * 40, (EnvironmentPlan(KEY, instances),), applicable=False)


def instance(name: str, action: Action, *values: Any, path: str = "cpu", **more: Any) -> InstancePlan:
    """One instance with one change, and an attribute for each pair of values."""
    pairs = [AttributeChange(path, before, after) for before, after in values]
    change = Change(action, Kind.SERVICE, name, None, None, tuple(pairs), restarts=action is Action.UPDATE)
    identity = Identity("acme-bots", "acme", "prod", name)
    return InstancePlan(identity, f"acme/prod/{name}", more.pop("verdict", Verdict.OUT_OF_SYNC), (change,), **more)


def tokens(text: str) -> list[Token]:
    found = []
    for token in GITHUB.parse(text):
        found.append(token)
        found.extend(token.children or [])
    return found


@settings(max_examples=80, deadline=None)
@given(name=evil, message=evil, path=evil, before=evil, after=evil, ref=evil)
def test_no_value_gets_out_of_its_code_span(
    *, name: str, message: str, path: str, before: str, after: str, ref: str
) -> None:
    finding = Diagnostic("MH-MAN-001", message, Location(path, 3, 4), fix=message)
    said = Published(KEY.workspace + "/" + KEY.environment, "w", 1, head=ref, instances=(
        PublishedInstance(name, name, "RUNNING", before, after, ref),
    ))  # fmt: skip
    text = markdown(
        Comment(
            plan_of(instance(name, Action.UPDATE, (before, after), path=path, reasons=(finding,), notices=(finding,))),
            base=Base(ref, "b" * 40),
            findings=(finding,),
            words=(WritersWord(f"{KEY}", published=said),),
        )
    )
    found = tokens(text)
    kinds = {token.type for token in found}
    assert not kinds & {
        "link_open",
        "image",
        "table_open",
        "fence",
        "code_block",
        "html_inline",
        "hr",
        "s_open",
        "em_open",
    }
    assert {token.content.strip() for token in found if token.type == "html_block"} <= HTML
    assert "blockquote_open" not in kinds
    for token in found:
        if token.type == "text":
            assert not re.search(r"[@<>|`\x1b\u202e\u2028]|#\d|https?:", token.content), token.content
    assert all(char == "\n" or unicodedata.category(char) not in UNSAFE for char in text)


@given(evil)
def test_a_code_span_says_exactly_its_value(text: str) -> None:
    inline = GITHUB.parseInline(f"x {code(text, longest=10_000)} y")[0].children
    assert inline is not None
    spans = [token.content for token in inline if token.type == "code_inline"]
    assert spans == ([safe(text)] if safe(text).strip() else [])


@pytest.mark.parametrize(("text", "shown"), [("", "(empty)"), ("  ", "(2 spaces)"), ("x" * 500, f"`{'x' * 399}…`")])
def test_nothing_and_too_much_are_said_in_words(text: str, shown: str) -> None:
    assert code(text) == shown


def test_it_never_grows_beyond_what_github_takes_and_the_grave_comes_first() -> None:
    calm = [instance(f"calm-{number}", Action.UPDATE, *[("é" * 70, "x" * 70)] * 20) for number in range(400)]
    gone = instance("gone", Action.DELETE)
    text = markdown(Comment(plan_of(*calm, gone), findings=tuple(_many(900))))
    assert len(text.encode()) <= LONGEST
    assert len(text.encode()) > LONGEST * 0.9
    lines = text.splitlines()
    first = lines.index("#### Instances") + 2
    assert lines[first] == "- `-` `acme/prod/gone` **will be deleted**"
    assert re.search(r"^- … and \d+ more lines: `molthub plan` shows everything$", text, re.M)
    assert re.search(r"^- … and \d+ more instances: ", text, re.M)
    assert lines[-1] == "</details>"
    assert {token.content.strip() for token in tokens(text) if token.type == "html_block"} == HTML


def _many(count: int) -> list[Diagnostic]:
    return [
        Diagnostic("MH-MAN-001", f"wrong {number}", Location("a.yaml", number + 1, 1), "mend it")
        for number in range(count)
    ]


def test_a_deletion_that_waits_for_a_word_says_which() -> None:
    many = tuple(instance_dict(metadata={"name": f"bot-{number}"}) for number in range(11))
    made = Revision(many, many[3:]).preview()
    text = markdown(Comment(made.plan, base=made.comparison.base))
    assert (
        "- `!` `acme/prod/bot-0` is **Blocked**: nothing is done to it until that is mended; the change: **will be "
        "deleted**; `MH-PLAN-013`"
    ) in text.splitlines()
    assert "`If that is meant, push a commit with the trailer 'Molthub-Confirm-Delete: acme/prod 3'`" in text


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (
            {},
            {"runtime": {"cpu": 2048, "memory": 4096}},
            "`~` `acme/prod/support-bot` will be updated, and **restarts**",
        ),
        ({}, {"lifecycle": {"deletionProtection": True}}, "will be updated without a restart"),
        ({}, {"lifecycle": {"paused": {"by": "ana@example.com", "reason": "x"}}}, "**will be stopped**: it is paused"),
        ({"state": {"persistent": True}}, None, "**will be deleted**; its state is backed up first"),
        (None, {}, "`+` `acme/prod/support-bot` will be created"),
        ({}, {"runtime": {"image": "ghcr.io/openclaw/openclaw:latest"}}, "is **Blocked**"),
    ],
)
def test_what_happens_in_words(before: Any, after: Any, words: str) -> None:
    others = [instance_dict(metadata={"name": f"other-{number}"}) for number in range(2)]
    old, new = ([*others, *([] if spec is None else [instance_dict(spec=spec)])] for spec in (before, after))
    made = Revision(tuple(old), tuple(new)).preview()
    (line,) = [line for line in markdown(Comment(made.plan)).splitlines() if line.startswith("- `")]
    assert words in line


def test_what_runs_is_said_beside_it() -> None:
    said = Published(
        "acme/prod", "w", 1, head="c" * 40, applied="d" * 40, instances=(
            PublishedInstance("calm", "calm", "RUNNING", "Synced", "Healthy", "e" * 40),
            PublishedInstance("else", "else", "RUNNING", "Synced", "Healthy", "e" * 40),
        ),
    )  # fmt: skip
    text = markdown(
        Comment(plan_of(instance("calm", Action.UPDATE)), words=(WritersWord("acme/prod", published=said),))
    )
    start = text.index("#### What the controllers say")
    assert text[start:].splitlines()[2:4] == [
        f"- `acme/prod`: follows `{'c' * 12}`, last applied in full `{'d' * 12}`; 0 not in sync",
        f"  - `calm`: runs `{'e' * 12}`, `Synced`, `Healthy`",
    ]
