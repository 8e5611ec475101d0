"""Findings as workflow commands of GitHub Actions: each becomes an annotation at its line of the pull request.

The runner obeys every line of a step's output that begins with `::`. A line here is made of our own words and of parts
in which `%`, CR and LF (and in properties `:` and `,`) are written as the runner's own percent escapes
(docs.github.com, "Workflow commands for GitHub Actions"; actions/toolkit, packages/core/src/command.ts), so nothing
that a manifest says can end one command and begin another.
"""

from __future__ import annotations

from collections.abc import Iterable

from molthub.cli.views.text import safe
from molthub.errors import Diagnostic, Severity

SHOWN_BY_GITHUB = 10
"""Annotations of one kind that GitHub keeps of one step; the others stay in its log only."""


def commands(diagnostics: Iterable[Diagnostic]) -> list[str]:
    """One line each, errors first: of what is too much GitHub drops the last."""
    return [command(item) for item in sorted(diagnostics, key=lambda item: item.severity is not Severity.ERROR)]


def command(item: Diagnostic) -> str:
    """`::error file=…,line=…,col=…,title=…::message`, one line whatever the parts hold."""
    place = item.location
    properties = {
        "file": safe(place.path) if place else None,
        "line": str(place.line) if place and place.line else None,
        "col": str(place.column) if place and place.line and place.column else None,
        "title": item.ref,
    }
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value is not None)
    lines = [safe(item.message)]
    lines += [f"fix: {safe(item.fix)}"] if item.fix else []
    lines += [f"molthub explain {item.ref}"]
    return f"::{item.severity.value} {said}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
