"""Direct commands ask access before they act, by the signature that their trail would have."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from molthub.cli.terminal import terminal
from molthub.cli.trail import Trail, open_trail
from molthub.errors import StallingError
from molthub.resources.identity import EnvironmentKey
from tests.fakes.cli import Cli
from tests.fakes.signed_fleet import SignedFleet

PROD = EnvironmentKey("acme", "prod")


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> SignedFleet:
    return SignedFleet.at(tmp_path_factory.mktemp("direct"))


@pytest.fixture
def trail(signed: SignedFleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trail:
    """Of a person with a HOME of their own, whose name is set and whose key is not."""
    for name in [name for name in os.environ if name.startswith(("GIT_", "MOLTHUB_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MOLTHUB_ROOT_KEYS", signed.keys["root"].public)
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Oscar\n\temail = oscar@example.com\n")
    return open_trail(str(signed.repo.path), no_commit=False, term=terminal())


def sign_as(home: Path, signed: SignedFleet, name: str) -> None:
    with (home / ".gitconfig").open("a") as config:
        config.write(f"\tsigningkey = {signed.keys[name].signing}\n[commit]\n\tgpgsign = true\n[gpg]\n\tformat = ssh\n")


@pytest.mark.parametrize(
    ("name", "trailer_and_why"),
    [
        ("oscar", ("Molthub-Secret", None)),
        ("oscar", ("Molthub-Bootstrap", "it needs an OWNER of acme/prod, and oscar is OPERATOR there")),
        ("olivia", ("Molthub-Bootstrap", None)),
        ("adam", ("Molthub-Backup", None)),
    ],
)
def test_who_signs_must_have_the_role(
    trail: Trail, signed: SignedFleet, tmp_path: Path, name: str, trailer_and_why: tuple[str, str | None]
) -> None:
    trailer, why = trailer_and_why
    head = signed.repo.git("rev-parse", "HEAD")
    sign_as(tmp_path, signed, name)
    if why is None:
        trail.allow(trailer, PROD)
    else:
        with pytest.raises(StallingError) as caught:
            trail.allow(trailer, PROD)
        assert caught.value.ref == "MH-ACCESS-017"
        assert caught.value.diagnostic.message == f"the access policy does not let you do this: {why}"

    assert signed.repo.git("rev-parse", "HEAD") == head


def test_without_a_signature_nothing_is_done(trail: Trail) -> None:
    with pytest.raises(StallingError) as caught:
        trail.allow("Molthub-Secret", PROD)

    assert caught.value.diagnostic.message == (
        "the access policy does not let you do this: it needs an OPERATOR of acme/prod, and your commits are not signed"
    )


def test_actions_are_refused_before_they_are_pushed(
    trail: Trail, signed: SignedFleet, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """cli sets a HOME of its own, so it comes first."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MOLTHUB_ROOT_KEYS", signed.keys["root"].public)
    monkeypatch.chdir(signed.repo.path)
    sign_as(tmp_path, signed, "oscar")
    head = signed.repo.git("rev-parse", "HEAD")
    image = ("image", "set", "support-bot", "ghcr.io/openclaw/openclaw:2026.9.7", "--yes", "--no-push")
    refused = cli.run(*image)

    assert (refused.code, signed.repo.git("rev-parse", "HEAD")) == (1, head)
    assert "it needs an ADMIN of acme/prod, and oscar is OPERATOR there" in refused.err
    assert cli.run(*image, "--branch", "newer").code == 0
    assert cli.run("pause", "support-bot", "--reason", "holiday", "--yes", "--no-push").code == 0
    assert cli.run("access", "check").code == 0
    signed.repo.git("reset", "-q", "--hard", head)


def test_where_no_trail_is_left_nobody_asks() -> None:
    Trail(None, terminal()).allow("Molthub-Secret", PROD)
