"""What people type as PATH=VALUE: the field it is, the type it has, and what it does to a document."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from molthub.errors import StallingError
from molthub.manifest.assigning import assign, is_assignment, read_assignment
from tests.builders import instance_dict

DOCUMENT = instance_dict(
    metadata={"labels": {"team": "x"}},
    spec={"skills": {"allowlist": ["github", "notion"]}, "observability": {"tracing": {"endpoint": "https://o.e"}}},
)


def assigned(*texts: str, as_json: bool = False) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    for text in texts:
        assign(document, read_assignment(text, as_json=as_json))
    return document


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("spec.runtime.cpu=2048", ("spec", "runtime", "cpu"), 2048),
        ("runtime.cpu=2048", ("spec", "runtime", "cpu"), 2048),
        ("runtime.env.TZ=1", ("spec", "runtime", "env", "TZ"), "1"),
        ("runtime.image=a/b:1.10", ("spec", "runtime", "image"), "a/b:1.10"),
        ("runtime.env.A=b=c+=d", ("spec", "runtime", "env", "A"), "b=c+=d"),
        ("labels.tier=gold", ("metadata", "labels", "tier"), "gold"),
        ("metadata.labels[a.b/c]=1", ("metadata", "labels", "a.b/c"), "1"),
        ("state.persistent=true", ("spec", "state", "persistent"), True),
        ("secrets[0].key=a/b#c", ("spec", "secrets", 0, "key"), "a/b#c"),
        ("secrets[TELEGRAM_BOT_TOKEN].key=a/b", ("spec", "secrets", "TELEGRAM_BOT_TOKEN", "key"), "a/b"),
        ("skills.allowlist=a, b,c", ("spec", "skills", "allowlist"), ["a", "b", "c"]),
        ("skills.allowlist=[a, b]", ("spec", "skills", "allowlist"), ["a", "b"]),
        ("skills.allowlist=", ("spec", "skills", "allowlist"), []),
        ("model.apiKey={secret: K}", ("spec", "model", "apiKey"), {"secret": "K"}),
        ("lifecycle.restartedAt=2027-01-01T00:00:00Z", ("spec", "lifecycle", "restartedAt"), "2027-01-01T00:00:00Z"),
        ("network.inbound=WEBHOOK", ("spec", "network", "inbound"), "WEBHOOK"),
        ("secrets+={name: A, key: b}", ("spec", "secrets"), [{"name": "A", "key": "b"}]),
    ],
)
def test_paths_and_values(text: str, path: tuple[str | int, ...], value: Any) -> None:
    read = read_assignment(text)
    assert (read.path, read.value, type(read.value)) == (path, value, type(value))


def test_what_it_does() -> None:
    assert assigned("runtime.cpu=512")["spec"]["runtime"]["cpu"] == 512
    assert assigned("lifecycle.paused.by=ana")["spec"]["lifecycle"] == {"paused": {"by": "ana"}}
    assert assigned("secrets[TELEGRAM_BOT_TOKEN].key=z")["spec"]["secrets"][1]["key"] == "z"
    assert assigned("skills.allowlist+=github,trello")["spec"]["skills"]["allowlist"] == ["github", "notion", "trello"]
    assert assigned("skills.allowlist-=github,trello")["spec"]["skills"]["allowlist"] == ["notion"]
    assert assigned("runtime.command+=a")["spec"]["runtime"]["command"] == ["a"]
    assert assigned('runtime.env.A="x"', as_json=True)["spec"]["runtime"]["env"] == {"A": "x"}


def test_what_is_taken_away_leaves_no_empty_mapping() -> None:
    taken = assigned("observability.tracing.endpoint-", "skills.allowlist-", "labels.team-", "runtime.command-")
    assert {"observability", "skills"} & taken["spec"].keys() == set()
    assert "labels" not in taken["metadata"]
    assert [item["name"] for item in assigned("secrets[0]-")["spec"]["secrets"]] == ["TELEGRAM_BOT_TOKEN"]
    assert assigned("secrets[9]-", "secrets[NO].key-", "state.persistent-") == DOCUMENT


@pytest.mark.parametrize(
    ("text", "ref", "message", "fix"),
    [
        ("cpu=1", "MH-ACT-002", "a manifest has no field spec.cpu", "Did you mean spec.runtime.cpu?"),
        ("runtime.cpuu=1", "MH-ACT-002", "a manifest has no field spec.runtime.cpuu", "Did you mean spec.runtime.cpu?"),
        (
            "runtime.cpu.x=1",
            "MH-ACT-002",
            "a manifest has no field spec.runtime.cpu.x",
            "Did you mean spec.runtime.cpu?",
        ),
        ("zzz=1", "MH-ACT-002", "a manifest has no field spec.zzz", "See docs/reference/manifest.md for every field"),
        (
            "runtime.cpu=2.5",
            "MH-ACT-005",
            "the value for spec.runtime.cpu is not a whole number",
            "Write a whole number",
        ),
        (
            "state.persistent=yes",
            "MH-ACT-005",
            "the value for spec.state.persistent is not true or false",
            "Write true or false",
        ),
        (
            "model.apiKey=K",
            "MH-ACT-005",
            "the value for spec.model.apiKey is not a mapping such as {a: 1}",
            "Write a mapping such as {a: 1}",
        ),
        (
            "secrets=[",
            "MH-ACT-005",
            "the value for spec.secrets is not a list such as [a, b]",
            "Write a list such as [a, b]",
        ),
        (
            "runtime.cpu+=1",
            "MH-ACT-005",
            "spec.runtime.cpu is no list, so += has no meaning",
            "Write spec.runtime.cpu=VALUE",
        ),
        ("=1", "MH-ACT-005", "'=1' is not PATH=VALUE", "Write it as spec.runtime.cpu=2048"),
        ("name=x", "MH-ACT-004", "the name is changed with its identity kept", "Run `molthub rename INSTANCE NEW`"),
        (
            "metadata.workspace=x",
            "MH-ACT-004",
            "metadata.workspace is the instance's identity, which is for ever",
            "Delete the instance in one commit, and create the other one in the next",
        ),
        ("kind=x", "MH-ACT-004", "kind is not set", "Change it by hand with `molthub edit`"),
        ("spec={}", "MH-ACT-004", "spec is not set", "Change it by hand with `molthub edit`"),
    ],
)
def test_refusals(text: str, ref: str, message: str, fix: str) -> None:
    with pytest.raises(StallingError) as error:
        read_assignment(text)
    assert (error.value.ref, error.value.diagnostic.message, error.value.diagnostic.fix) == (ref, message, fix)


def test_an_item_that_is_not_there() -> None:
    with pytest.raises(StallingError) as error:
        assigned("secrets[NOBODY].key=x")
    assert str(error.value) == ("error: MH-ACT-006 spec.secrets has no item NOBODY (Add one with spec.secrets+=…)")


def test_what_is_an_instance() -> None:
    assert [is_assignment(text) for text in ("acme/prod/bot", "a=b", "a-", "a-b")] == [False, True, True, False]
