"""What one commit did to each resource, from the files it touched."""

from __future__ import annotations

from typing import Any

import pytest

from molthub.history.action import told
from molthub.history.document import Form
from molthub.history.entries import INSTANCE, FilePair, Outcome, Parsed, Resource, entries_of, parse
from tests.builders import environment_dict, instance_dict, to_yaml

BOT = Resource(INSTANCE, "acme", "prod", "support-bot")


def parsed(**overrides: Any) -> Parsed:
    found = parse("a.yaml", to_yaml(instance_dict(**overrides)))
    assert found is not None
    return found


def test_two_that_swap_their_files_are_moved_and_not_changed() -> None:
    one, other = parsed(), parsed(metadata={"name": "sales-bot"})
    found = entries_of("c" * 40, [FilePair("a.yaml", one, other), FilePair("b.yaml", other, one)])
    assert [(entry.resource.id, entry.outcome, entry.former, entry.path) for entry in found] == [
        ("sales-bot", Outcome.SAME, "b.yaml", "a.yaml"),
        ("support-bot", Outcome.SAME, "a.yaml", "b.yaml"),
    ]


def test_a_file_that_becomes_another_kind_deletes_the_one_and_makes_the_other() -> None:
    environment = parse("a.yaml", to_yaml(environment_dict()))
    found = entries_of("c" * 40, [FilePair("a.yaml", parsed(), environment)])
    assert [(entry.resource.kind, entry.outcome) for entry in found] == [
        ("Environment", Outcome.CREATED),
        (INSTANCE, Outcome.DELETED),
    ]


def test_a_document_that_meets_a_bug_keeps_nobody_from_the_others() -> None:
    broken = Parsed(BOT, "support-bot", Form(written=object(), tree={"a": 1}, fields={("a",): 1}))  # type: ignore[arg-type]
    other = parsed(metadata={"name": "sales-bot"})
    found = entries_of("c" * 40, [FilePair("a.yaml", broken, parsed()), FilePair("b.yaml", None, other)])
    assert [(entry.resource.id, entry.outcome, entry.words[0].partition(" ")[0]) for entry in found] == [
        ("sales-bot", Outcome.CREATED, "created"),
        ("support-bot", Outcome.CHANGED, "changed"),
    ]


@pytest.mark.parametrize(
    ("amounts_to", "said", "action"),
    [
        ("pause", None, "pause"),
        ("pause", "pause", "pause"),
        ("pause", "set", "set"),
        ("pause", "label", "pause"),
        ("restart", "retry", "retry"),
        ("delete", "label", "delete"),
        ("delete", "tidy", "delete"),
        ("delete", "rollback", "delete"),
        ("create", "create", "create"),
        ("create", "rollback", "rollback"),
        ("update", "secret-link", "secret-link"),
        ("update", "=cmd()", "update"),
        ("update", "\x1b[31m", "update"),
    ],
)
def test_a_trailer_is_believed_where_the_change_bears_it_out(amounts_to: str, said: str | None, action: str) -> None:
    assert told(amounts_to, {"molthub-action": (said,)} if said is not None else {}) == action
