from __future__ import annotations

from collections import Counter

import pytest

from molthub.manifest import loader
from molthub.manifest.reading import ReadFile, read_file
from molthub.pipeline.types import Scope
from tests.builders import instance_dict, tree
from tests.fakes.fleet import FakeFleet, identity


def test_a_long_history_of_a_large_fleet_is_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet = FakeFleet()
    files = tree(*[instance_dict(metadata={"name": f"bot-{number}"}) for number in range(20)])
    for number in range(30):
        fleet.commit(files={**files, "README.md": b"%d" % number})
    read: Counter[str] = Counter()

    def counted(path: str, content: bytes, *, expected: bool = False) -> ReadFile | None:
        read[path] += 1
        return read_file(path, content, expected=expected)

    monkeypatch.setattr(loader, "read_file", counted)
    planned = fleet.plan(Scope(identities=frozenset({identity("bot-1")})))
    assert planned.plan.has_changes, "a new one, so its past was looked at"
    assert max(read.values()) == 2, "for the head that is planned, and for all of the past together"
