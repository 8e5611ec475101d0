"""The pages behind the references: one section per error, one file per guardrail."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from importlib.resources import files

from molthub.errors import StallingError

HEADING = re.compile(r"^#{1,6} +(?P<ref>MH-[A-Z]+-[0-9]{3})\b *:?(?P<title>.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Page:
    """What `molthub explain REF` prints; text is Markdown and starts with the heading."""

    ref: str
    title: str
    text: str


def is_reference(text: str) -> bool:
    """Whether a reference is meant: no instance's name has capitals, or starts with `mh-` and has a number."""
    return text.upper().startswith("MH-") and (text != text.lower() or text[-1:].isdigit())


def find_page(ref: str) -> Page:
    """The page of a reference. Raises MH-CLI-003 for an unknown one, naming the nearest."""
    pages = all_pages()
    wanted = ref.upper()
    if wanted in pages:
        return pages[wanted]
    near = difflib.get_close_matches(wanted, pages, n=1, cutoff=0.8)
    raise StallingError(
        "MH-CLI-003",
        f"there is no page for {wanted}",
        fix=f"Did you mean {near[0]}" if near else "Copy the reference from the message, for example MH-CLI-001",
    )


def all_pages() -> dict[str, Page]:
    """Every page there is, by reference: the sections of errors/pages, and one page per guardrail."""
    from molthub.policies.registry import builtin_rules, page

    found: dict[str, Page] = {}
    folder = files("molthub.errors") / "pages"
    for file in sorted(folder.iterdir(), key=lambda item: item.name):
        if file.name.endswith(".md"):
            found.update({section.ref: section for section in sections(file.read_text(encoding="utf-8"))})
    for rule in builtin_rules():
        found[rule.ref] = Page(rule.ref, rule.title, (page(rule.ref) or "").strip())
    return found


def sections(text: str) -> list[Page]:
    """The sections of one file that open with a reference, each up to the next such heading."""
    heads = list(HEADING.finditer(text))
    ends = [*(head.start() for head in heads), len(text)][1:]
    return [
        Page(head["ref"], head["title"].strip(" -—"), text[head.start() : end].strip())
        for head, end in zip(heads, ends, strict=True)
    ]
