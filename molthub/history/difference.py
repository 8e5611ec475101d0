"""Two versions of one document → what differs, in words, as a patch, and field by field."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jsonpatch
from pydantic import BaseModel

from molthub.history.document import Document, Form, Path, form_of, spelled
from molthub.history.hiding import shown, shown_key, shown_path
from molthub.history.words import words_of

MOST_PHRASES = 4


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field; None is "not there" on that side. Values that look like secrets are `(not shown)`."""

    path: Path
    before: Any
    after: Any

    @property
    def name(self) -> str:
        return spelled(self.path)


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two versions; all empty when they mean the same.

    words   phrases without a full stop: "image 2026.6.11 → 2026.9.6". They hold text from Git: print them escaped
    patch   RFC 6902, from the one document to the other, both without defaults; the root is added or becomes null
            when one of them is absent
    fields  in the order of the document; with every default filled in on both sides
    """

    words: tuple[str, ...] = ()
    patch: tuple[dict[str, Any], ...] = ()
    fields: tuple[FieldChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.fields

    @property
    def summary(self) -> str:
        """The words on one line, the first few of them."""
        more = len(self.words) - MOST_PHRASES
        text = "; ".join(self.words[: MOST_PHRASES if more > 1 else None])
        return f"{text}; and {more} more" if more > 1 else text


def difference(before: BaseModel | None, after: BaseModel | None) -> Difference:
    """What differs between two versions of a document of any kind; None where there is none.

    before and after are models of manifest/: a MoltbotInstance, an Environment, … of one identity.
    """
    return between(*(form_of(model) if model is not None else None for model in (before, after)))


def between(before: Form | None, after: Form | None) -> Difference:
    """The same for documents whose forms are known."""
    olds, news = (form.fields if form else {} for form in (before, after))
    fields = tuple(
        FieldChange(shown_path(path), shown(olds.get(path), path), shown(news.get(path), path))
        for path in {**olds, **news}
        if olds.get(path) != news.get(path)
    )
    if not fields:
        return Difference()
    return Difference(
        words=words_of(before.tree if before else None, after.tree if after else None),
        patch=json_patch(before.written if before else None, after.written if after else None),
        fields=fields,
    )


def json_patch(before: Document | None, after: Document | None) -> tuple[dict[str, Any], ...]:
    """RFC 6902, without values that look like secrets: such an operation says what changed, and cannot be applied."""
    if before is None or after is None:
        root: dict[str, Any] = {"op": "add" if before is None else "replace", "path": "", "value": after}
        return (_shown_operation(root),)
    made = jsonpatch.make_patch(before, after).patch
    return tuple(_shown_operation(operation) for operation in made)


def _shown_operation(operation: dict[str, Any]) -> dict[str, Any]:
    keys = [part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:]]
    safe = dict(operation)
    for end in ("path", "from"):
        if end in operation:
            safe[end] = "/".join(shown_key(part) for part in operation[end].split("/"))
    if "value" in operation:
        safe["value"] = shown(operation["value"], tuple(keys))
    return safe
