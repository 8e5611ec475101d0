"""`molthub access`, and access in `status`, `plan` and `apply`, on a signed repository."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from molthub.manifest.access_checks import key_fingerprints
from tests.builders import instance_dict
from tests.fakes.cli import Cli
from tests.fakes.signed_fleet import SignedFleet

IMAGE = {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.9.7"}}


@dataclass(frozen=True, slots=True)
class Made:
    signed: SignedFleet
    start: str
    bad: str


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """An unsigned change of support-bot, below an allowed one of its neighbour."""
    signed = SignedFleet.at(tmp_path_factory.mktemp("access"))
    start = signed.repo.git("rev-parse", "HEAD")
    bad = signed.commit(signed.bot(**IMAGE), email="adam@example.com", message="Take a newer image")
    signed.commit(signed.bot("other-bot", **IMAGE), by="adam")
    return Made(signed, start, bad)


@pytest.fixture
def person(made: Made, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    """Somebody standing in that repository, with the controller's root keys."""
    head = made.signed.repo.git("rev-parse", "HEAD")
    monkeypatch.chdir(made.signed.repo.path)
    monkeypatch.setenv("MOLTHUB_ROOT_KEYS", made.signed.keys["root"].public)
    yield cli
    made.signed.repo.git("reset", "-q", "--hard", head)


def test_check_tells_what_stops_something(person: Cli, made: Made) -> None:
    found = person.run("access", "check")

    assert found.code == 1
    assert found.out == (
        "access: signatures (whoever signed a commit made it)\n"
        "\n"
        f"{made.bad[:12]} Take a newer image (adam@example.com)\n"
        f"  acme/prod/support-bot: error: MH-ACCESS-002 commit {made.bad[:12]} may not change the image of "
        "acme/prod/support-bot: it needs an ADMIN of acme/prod, and the commit is not signed\n"
        "      fix: Put back what was there before, or have an ADMIN of acme/prod push a signed commit with the "
        f"trailer 'Molthub-Approve: {made.bad}'\n"
        "\n"
        "1 refusal to mend.\n"
    )


def test_check_of_a_range_and_of_what_was_approved(person: Cli, made: Made) -> None:
    assert person.run("access", "check", "--base", made.bad).out.endswith("\nNothing is refused.\n")

    made.signed.commit(by="adam", message=f"Stand for it\n\nMolthub-Approve: {made.bad}")
    found = person.run("access", "check", "--base", made.start, "-o", "json")
    data = json.loads(found.out)

    assert found.code == 0
    assert (data["format"], data["mode"]) == ("molthub.dev/access-check/v1", "signatures")
    assert [(item["commit"], item["stands"], item["ref"]) for item in data["refused"]] == [
        (made.bad, False, "MH-ACCESS-002")
    ]
    assert person.run("access", "check").code == 0


def test_explain_shows_everybody(person: Cli) -> None:
    found = person.run("access", "explain")

    assert found.code == 0
    assert [line.split()[:4] for line in found.out.splitlines()[3:7]] == [
        ["PERSON", "ROLE", "WHERE"],
        ["olivia", "OWNER", "the", "whole"],
        ["adam", "ADMIN", "acme/prod"],
        ["oscar", "OPERATOR", "acme/prod"],
    ]


@pytest.mark.parametrize("who", ["oscar", "OSCAR@example.com", "the key", "its fingerprint"])
def test_explain_knows_a_person_by_whatever_is_known(person: Cli, made: Made, who: str) -> None:
    key = made.signed.keys["oscar"].public
    named = {"the key": key, "its fingerprint": key_fingerprints(key)[0]}.get(who, who)

    assert person.run("access", "explain", "--who", named).out == (
        "oscar may pause, resume, restart, retry, label, roll back to an earlier allowed version: "
        "OPERATOR of acme/prod\n"
    )


def test_explain_of_an_instance_a_commit_and_nobody(person: Cli, made: Made) -> None:
    instance = person.run("access", "explain", "support-bot").out
    commit = person.run("access", "explain", made.bad[:12]).out
    nobody = person.run("access", "explain", "--who", "mallory@example.com")

    assert instance.startswith("acme/prod/support-bot:\n  OWNER: olivia\n  ADMIN: adam\n  OPERATOR: oscar\n\n")
    assert "MH-ACCESS-002" in instance
    assert person.run("access", "explain", "other-bot").out.endswith("Everything that it says was allowed.\n")
    assert "author: adam <adam@example.com>, as claimed\nsignature: not signed\n" in commit
    assert "MH-ACCESS-002" in commit
    assert (nobody.code, "MH-ACCESS-031" in nobody.err) == (1, True)


def test_status_plan_and_apply_keep_to_it(person: Cli, made: Made) -> None:
    status = json.loads(person.run("status", "-o", "json").out)
    applied = json.loads(person.run("apply", "--auto-approve", "-o", "json").out)

    assert status["access"]["mode"] == "signatures"
    assert {item["id"]: item["sync"] for item in status["instances"]} == {
        "support-bot": "Blocked",
        "other-bot": "OutOfSync",
    }
    assert {item["name"].rsplit("/")[-1]: item["outcome"] for item in applied["instances"]} == {
        "support-bot": "blocked",
        "other-bot": "applied",
    }


def test_without_root_keys_the_policy_is_taken_on_trust(
    person: Cli, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MOLTHUB_ROOT_KEYS")
    found = person.run("access", "check")

    assert found.out.startswith("access: invalid (nobody stands for the policy, so nobody may change anything)\n")
    monkeypatch.setenv("MOLTHUB_ROOT_KEYS", "/nowhere")
    assert "MH-ACCESS-030" in person.run("plan").err


def test_a_fleet_without_a_policy_is_open(cli: Cli) -> None:
    cli.repository.commit(instance_dict())

    assert cli.run("access", "check").out == (
        "access: open (everybody who can push may change everything)\n\nNothing is refused.\n"
    )
    assert "MH-ACCESS-031" in cli.run("access", "explain", "--who", "ana").err
