"""Two revisions of a fleet in memory, compared."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from molthub.pipeline.compare.changed import common_base, compare
from molthub.pipeline.compare.preview import preview
from molthub.pipeline.compare.types import Comparison, Preview
from molthub.pipeline.engine import check
from molthub.pipeline.types import Scope
from molthub.policies.registry import builtin_rules
from tests.builders import tree
from tests.fakes.source import FakeSource

NOW = datetime(2027, 1, 2, 8, tzinfo=UTC)
Documents = tuple[Mapping[str, Any], ...]
Files = Mapping[str, bytes]


class Change:
    """A base, and one commit on top of it. before, after: documents, or whole trees."""

    def __init__(self, before: Documents | Files, after: Documents | Files, **trailers: str) -> None:
        self.source = FakeSource()
        self.base = self.source.commit_tree(_files(before))
        self.head = self.source.commit_tree(_files(after), **trailers)

    def compared(self) -> Comparison:
        rules = builtin_rules()
        checked = check(self.source.snapshot(self.head), rules=rules, now=NOW)
        base = common_base(self.source, self.base, self.head)
        return compare(base, self.source.snapshot(base.commit), checked, rules=rules, at=NOW)

    def preview(self, scope: Scope | None = None) -> Preview:
        return preview(self.compared(), rules=builtin_rules(), now=lambda: NOW, source=self.source, scope=scope)


def _files(given: Documents | Files) -> Files:
    return tree(*given) if isinstance(given, tuple) else given
