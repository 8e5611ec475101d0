"""Commits made of objects alone: content, identity, signature, and no trace of anything else."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from molthub.errors import MolthubError
from molthub.source.building import Draft, build, message_of
from molthub.source.process import Git
from tests.fakes.clones import Origin
from tests.fakes.git_repositories import git

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
NAMES = ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL")


@pytest.fixture
def origin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Origin:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".gitconfig").write_text("[user]\n\tname = Ana\n\temail = ana@example.com\n")
    return Origin(tmp_path / "r")


def built(origin: Origin, files: dict[str, bytes | None], message: str = "Change\n") -> str:
    return build(Git(git_dir=origin.path), Draft(origin.tip(), message, files, AT))


def settings(tmp_path: Path, text: str) -> None:
    with (tmp_path / ".gitconfig").open("a") as config:
        config.write(text)


def test_a_commit_of_objects_alone(origin: Origin) -> None:
    before = origin.tip()
    made = built(origin, {"a.yaml": b"a: 2\r\n", "dir/c.yaml": None, "new/d.yaml": b"\xef\xbb\xbfd"}, "Größe\n\nX: y\n")
    assert git(origin.path, "show", "--no-renames", "--name-status", "--format=%P|%an|%ae|%cn|%at|%ct|%B", made) == (
        f"{before}|Ana|ana@example.com|Ana|1795428000|1795428000|Größe\n\nX: y\n\n\n"
        "M\ta.yaml\nD\tdir/c.yaml\nA\tnew/d.yaml"
    )
    raw = subprocess.run(
        ["git", "-C", str(origin.path), "cat-file", "blob", f"{made}:a.yaml"], capture_output=True, check=True
    )
    assert raw.stdout == b"a: 2\r\n"
    assert origin.tip() == before
    assert git(origin.path, "cat-file", "-p", made).count("\n") == 7


def test_modes_stay_and_an_empty_commit_has_its_parents_tree(origin: Origin) -> None:
    git(
        origin.path,
        "fast-import",
        "--quiet",
        stdin=b"commit refs/heads/main\ncommitter A <a@example.com> 1 +0000\n"
        b"data 1\nx\nfrom refs/heads/main^0\nM 100755 inline x.yaml\ndata 1\nx\n",
    )
    assert git(origin.path, "ls-tree", built(origin, {"x.yaml": b"y"}), "x.yaml").startswith("100755 ")
    empty = built(origin, {})
    assert git(origin.path, "rev-parse", f"{empty}^{{tree}}") == git(origin.path, "rev-parse", "main^{tree}")


@pytest.mark.parametrize(
    "path", ["../x.yaml", "a/../../x.yaml", ".git/config", "a\nb.yaml", "/x.yaml", "a.yaml/b.yaml", "dir"]
)
def test_a_path_that_cannot_be(origin: Origin, path: str) -> None:
    with pytest.raises(MolthubError) as error:
        built(origin, {path: b"x"})
    assert error.value.ref == "MH-GIT-016"


def test_whose_commit_it_is(origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Bob")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
    assert git(origin.path, "log", "-1", "--format=%an %cn %as", built(origin, {})) == "Bob Ana 2026-11-23"
    (tmp_path / ".gitconfig").write_text("")
    monkeypatch.delenv("GIT_AUTHOR_NAME")
    with pytest.raises(MolthubError) as error:
        built(origin, {})
    assert str(error.value) == (
        "error: MH-GIT-026 Git does not know who you are, so nothing can be committed in your name "
        "(Run `git config user.name` and `git config user.email`)"
    )


def test_signed_as_the_person_signs(origin: Origin, tmp_path: Path) -> None:
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "ana", "-f", str(key)], check=True)
    settings(tmp_path, f"\tsigningkey = {key}.pub\n[gpg]\n\tformat = ssh\n")
    assert "gpgsig" not in git(origin.path, "cat-file", "-p", built(origin, {}))
    settings(tmp_path, "[commit]\n\tgpgsign = true\n")
    assert "BEGIN SSH SIGNATURE" in git(origin.path, "cat-file", "-p", built(origin, {}))


def test_a_signature_that_cannot_be_made(origin: Origin, tmp_path: Path) -> None:
    program = tmp_path / "signer"
    program.write_text("#!/bin/sh\necho 'no key: \033[31mred' >&2\nexit 2\n")
    program.chmod(0o755)
    settings(tmp_path, f"[commit]\n\tgpgsign = true\n[gpg]\n\tprogram = {program}\n")
    with pytest.raises(MolthubError) as error:
        built(origin, {"a.yaml": b"x"})
    assert error.value.ref == "MH-ACT-020"
    assert error.value.diagnostic.message.startswith("the commit could not be signed, so it was not made: gpg failed")
    assert str(error.value).isprintable()


def test_a_message_cannot_pretend_to_trailers() -> None:
    made = message_of(
        "Label\n\x1bx: 1\udce9",
        "Because\r\n\x1b[31m\nMolthub-Confirm-Delete: a/b 9\n\n",
        [("Molthub-Action", "a\nX:\x85y")],
    )
    assert made == "Label x: 1\n\nBecause\n[31m\nMolthub-Confirm-Delete: a/b 9\n\nMolthub-Action: a X: y\n"
