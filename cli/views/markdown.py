"""Markdown that other people's text cannot break out of: every value goes into a code span of its own.

In a code span nothing is read but its own end: no HTML, mention, issue number, link, image or emphasis (CommonMark
§6.1; GitHub's autolinks leave code alone). The fence has one backtick more than the longest run inside, and what could
end the line, hide or reorder text is shown as an escape (CVE-2025-47933's class). A value stands in lists and
paragraphs, never in a table (whose cells end at a pipe, code or not), in an HTML block, or at the beginning of a line.
"""

from __future__ import annotations

import re

from molthub.cli.views.text import safe

LONGEST = 400
_RUNS = re.compile("`+")


def code(text: str, *, longest: int = LONGEST) -> str:
    """The text as a code span; `(empty)` in words for nothing, and cut with an ellipsis where it is too long."""
    shown = safe(text)
    if not shown.strip():
        return "(empty)" if not shown else f"({len(shown)} spaces)"
    if len(shown) > longest:
        shown = f"{shown[: longest - 1]}…"
    fence = "`" * (max((len(run) for run in _RUNS.findall(shown)), default=0) + 1)
    padded = f" {shown} " if shown[0] in "` " or shown[-1] in "` " else shown
    return f"{fence}{padded}{fence}"
