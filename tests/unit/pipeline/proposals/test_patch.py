"""What a proposal may touch, by path and by effect, and what it comes to."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from molthub.errors import InvalidInputError, StallingError
from molthub.manifest.rewriting import plain
from molthub.pipeline.engine import check
from molthub.pipeline.proposals.patch import FORBIDDEN, Propose, applied, branch_for, read
from molthub.pipeline.templates.patching import Patch
from molthub.policies.registry import builtin_rules
from molthub.resources.identity import Identity
from tests.builders import instance_dict, to_yaml, tree
from tests.fakes.changes import NOW
from tests.fakes.source import FakeSource

BOT = instance_dict(metadata={"labels": {"team": "support"}}, spec={"policies": {"forbidPublicAdmin": True}})
SLOWER = {"op": "replace", "path": "/spec/observability/logLevel", "value": "debug"}


def patch(*operations: dict[str, Any]) -> bytes:
    return json.dumps(operations).encode()


def refusals(*operations: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        read(patch(*operations))
    return sorted({item.ref for item in caught.value.diagnostics})


@pytest.mark.parametrize(
    ("operation", "refs"),
    [
        ({"op": "replace", "path": "/metadata/name", "value": "x"}, ["MH-PROP-002"]),
        ({"op": "add", "path": "/metadata/id", "value": "x"}, ["MH-PROP-002"]),
        ({"op": "remove", "path": "/metadata/workspace"}, ["MH-PROP-002"]),
        ({"op": "replace", "path": "/metadata/environment", "value": "dev"}, ["MH-PROP-002"]),
        ({"op": "replace", "path": "/metadata", "value": {}}, ["MH-PROP-002"]),
        ({"op": "replace", "path": "/spec/policies/forbidPublicAdmin", "value": False}, ["MH-PROP-003"]),
        ({"op": "add", "path": "/spec/policies/waivers/-", "value": {}}, ["MH-PROP-003"]),
        ({"op": "remove", "path": "/spec/policies"}, ["MH-PROP-003"]),
        ({"op": "replace", "path": "/spec", "value": {}}, ["MH-PROP-003"]),
        ({"op": "replace", "path": "/kind", "value": "AccessPolicy"}, ["MH-PROP-004"]),
        ({"op": "replace", "path": "/apiVersion", "value": "x"}, ["MH-PROP-004"]),
        ({"op": "replace", "path": "", "value": {}}, ["MH-PROP-002", "MH-PROP-003", "MH-PROP-004"]),
        ({"op": "move", "from": "/spec/policies", "path": "/spec/runtime/env"}, ["MH-PROP-003"]),
        ({"op": "move", "from": "/spec/runtime", "path": "/spec/policies"}, ["MH-PROP-003"]),
        ({"op": "copy", "from": "/metadata/labels/team", "path": "/metadata/name"}, ["MH-PROP-002"]),
        ({"op": "copy", "from": "/spec/runtime", "path": ""}, ["MH-PROP-002", "MH-PROP-003", "MH-PROP-004"]),
        ({"op": "move", "from": "", "path": "/spec/x"}, ["MH-PROP-002", "MH-PROP-003", "MH-PROP-004"]),
    ],
)
def test_a_forbidden_place_is_refused_whatever_the_operation(operation: dict[str, Any], refs: list[str]) -> None:
    assert refusals(operation) == refs
    assert refusals(SLOWER, operation) == refs


def test_a_refusal_says_which_operation_and_what_to_do() -> None:
    with pytest.raises(InvalidInputError) as caught:
        read(patch(SLOWER, {"op": "replace", "path": "/spec", "value": {}}))
    assert str(caught.value) == (
        "error: MH-PROP-003 operation 2 (replace) would change /spec/policies with all that is around it, and a "
        "proposal may not touch policies and waivers (Name the single fields that shall change, such as "
        "/spec/runtime/image)"
    )


def test_tests_and_labels_are_nobodys_identity() -> None:
    name = {"op": "test", "path": "/metadata/name", "value": "support-bot"}
    label = {"op": "copy", "from": "/metadata/name", "path": "/metadata/labels/name~1of"}
    now = applied(copy.deepcopy(BOT), read(patch(name, label)))
    assert now["metadata"]["labels"] == {"team": "support", "name/of": "support-bot"}


words = st.sampled_from(
    [
        *("metadata", "spec", "policies", "waivers", "name", "id", "workspace", "environment", "labels", "team"),
        *("kind", "runtime", "cpu", "apiVersion", "secrets", "~1", "~0", "", "0", "-"),
    ]
)
pointers = st.lists(words, max_size=4).map(lambda parts: "".join(f"/{part}" for part in parts))
values = st.sampled_from([1, "x", None, [], {}, {"name": "evil"}, {"policies": {"forbidPublicAdmin": False}}])
operations = st.lists(
    st.fixed_dictionaries(
        {
            "op": st.sampled_from(["add", "remove", "replace", "move", "copy"]),
            "path": pointers,
            "from": pointers,
            "value": values,
        }
    ),
    min_size=1,
    max_size=4,
)


@given(operations)
def test_whatever_is_accepted_leaves_the_forbidden_places_as_they_are(found: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(BOT)
    try:
        now = applied(copy.deepcopy(BOT), read(json.dumps(found).encode()))
    except StallingError:
        return  # refused; what else comes out is a bug
    for place in FORBIDDEN:
        old: Any = before
        new: Any = now
        for key in place:
            old = old.get(key) if isinstance(old, dict) else None
            new = new.get(key) if isinstance(new, dict) else None
        assert old == new


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"nonsense: [", b"[]", b"[1]", b'[{"op": "eval", "path": "/x"}]', b"\xff"]
)
def test_what_is_no_patch(content: bytes) -> None:
    with pytest.raises(StallingError) as caught:
        read(content)
    assert caught.value.ref == "MH-PROP-001"


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/spec/runtime/cpu", "value": 4096},
        {"op": "remove", "path": "/spec/runtime/nothing"},
        {"op": "replace", "path": "/spec/secrets/9/key", "value": "x"},
    ],
)
def test_a_patch_that_does_not_apply(operation: dict[str, Any]) -> None:
    with pytest.raises(StallingError) as caught:
        applied(
            copy.deepcopy(BOT), read(patch(SLOWER | {"op": "add", "path": "/spec/runtime/cpu", "value": 2}, operation))
        )
    assert (caught.value.ref, "operation 2" in str(caught.value)) == ("MH-PROP-005", True)


def test_only_its_lines_change_and_comments_stay() -> None:
    files = tree(BOT)
    path = "instances/acme/prod/support-bot.yaml"
    text = (
        files[path].replace(b"  runtime:\n", b"  # what runs\n  runtime:\n").replace(b"2026.9.6", b"2026.9.6  # pinned")
    )
    source = FakeSource()
    fleet = check(source.snapshot(source.commit_tree(files | {path: text})), rules=builtin_rules(), now=NOW)
    bigger = {"op": "add", "path": "/spec/runtime/cpu", "value": 2048}
    edit = Propose("support-bot", read(patch(bigger)), "agent-7").edit(fleet)
    new = edit.files[path]
    assert new is not None
    old_lines, new_lines = text.splitlines(), new.splitlines()
    assert [line for line in new_lines if line not in old_lines] == [b"    cpu: 2048"]
    assert [line for line in old_lines if line not in new_lines] == []
    assert plain(new)["spec"]["runtime"]["cpu"] == 2048
    assert (edit.subject, dict(edit.trailers)) == (
        "Propose a change of acme/prod/support-bot",
        {"Molthub-Proposed-By": "agent-7"},
    )
    assert to_yaml(BOT) != text


def test_a_branch_is_named_after_instance_and_content() -> None:
    one, other = (Identity("acme-bots", "acme", name, "support-bot") for name in ("prod", "dev"))
    assert branch_for(one, read(patch(SLOWER))) == branch_for(one, read(patch(dict(reversed(SLOWER.items())))))
    names = {branch_for(one, read(patch(SLOWER))), branch_for(other, read(patch(SLOWER)))}
    names.add(branch_for(one, read(patch(SLOWER | {"value": "warn"}))))
    assert len(names) == 3
    assert all(name.startswith("molthub/propose/support-bot-") for name in names)


def test_what_comes_of_a_patch_is_looked_at_whatever_its_operations_said() -> None:
    """`read` has refused this one already; here as if it had not."""
    sneaked = Patch("the patch", ({"op": "add", "path": "/spec/policies", "value": {"forbidPublicAdmin": False}},))

    with pytest.raises(InvalidInputError) as caught:
        applied(plain(to_yaml(instance_dict())), sneaked)
    assert [item.ref for item in caught.value.diagnostics] == ["MH-PROP-003"]
