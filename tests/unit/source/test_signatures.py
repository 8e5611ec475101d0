"""Signatures of real commits, made by git with ssh-keygen and gpg, and what attackers make of them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from molthub.access.signature import UNSIGNED, Keyring, Scheme, Signature, Signed, described
from molthub.manifest.sshkeys import MalformedKeyError, fingerprint, normal_key
from molthub.source.gpg import GpgKeyring, judged
from molthub.source.kept_signatures import KeptSignatures
from molthub.source.repository import open_repository
from molthub.source.signatures import SignatureChecker
from tests.fakes.signing import Key, Signer, gpg_key, ssh_key, stop_agent


@dataclass(frozen=True, slots=True)
class World:
    repo: Signer
    ana: Key
    ben: Key
    host: Key

    def checker(self, **more: object) -> SignatureChecker:
        source = open_repository(str(self.repo.path), ref=None, cache_dir=self.repo.path.parent / "cache")
        return SignatureChecker(source, **more)  # type: ignore[arg-type]

    @property
    def keys(self) -> Keyring:
        return Keyring(frozenset({normal_key(self.ana.public)}), frozenset({self.host.public}))

    def check(self, sha: str) -> Signature:
        return self.checker().verify(sha, self.keys)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("signatures")
    host = gpg_key(folder, "host")
    yield World(Signer(folder / "repo"), ssh_key(folder, "ana"), ssh_key(folder, "ben"), host)
    assert host.home is not None
    stop_agent(host.home)


@pytest.fixture(scope="module")
def by_ana(world: World) -> str:
    return world.repo.commit({"a.yaml": b"a: 1\n"}, key=world.ana)


def _nowhere(_program: str) -> None:
    """A machine without the programs."""


def test_an_ssh_signature_by_a_known_key_is_good(world: World, by_ana: str) -> None:
    print_ = fingerprint(normal_key(world.ana.public))

    assert world.check(by_ana) == Signature(Signed.GOOD, Scheme.SSH, print_)
    assert described(world.check(by_ana)) == f"signed with {print_}"


def test_a_key_that_nobody_named_and_no_signature(world: World) -> None:
    other = world.repo.commit(key=world.ben)
    unsigned = world.repo.commit()

    assert world.check(other) == Signature(Signed.UNKNOWN_KEY, Scheme.SSH, fingerprint(normal_key(world.ben.public)))
    assert world.check(unsigned) == UNSIGNED


def test_a_gpg_signature_names_the_primary_key(world: World) -> None:
    sha = world.repo.commit(key=world.host)
    found = world.check(sha)
    with GpgKeyring(world.keys.gpg, shutil.which("gpg")) as keyring:
        prints = keyring.fingerprints()

    assert (found.kind, found.scheme) == (Signed.GOOD, Scheme.GPG)
    assert prints == {world.host.public: (found.fingerprint,)}
    assert world.checker().verify(sha, Keyring()).kind is Signed.UNKNOWN_KEY


def test_without_the_programs_nothing_is_good(world: World, by_ana: str) -> None:
    by_host = world.repo.commit(key=world.host)
    found = world.checker(which=_nowhere).check([by_ana, by_host], world.keys)

    assert [one.kind for one in found.values()] == [Signed.UNCHECKED, Signed.UNCHECKED]
    assert [one.reason for one in found.values()] == ["ssh-keygen is not installed", "gpg is not installed"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"Change", b"Charge", id="message"),
        pytest.param(b"author ana <", b"author ben <", id="author"),
        pytest.param(b"tree ", b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\ntree ", id="second-tree"),
    ],
)
def test_a_changed_commit_is_bad(world: World, by_ana: str, before: bytes, after: bytes) -> None:
    sha = world.repo.raw(world.repo.object(by_ana).replace(before, after, 1))

    assert world.check(sha).kind is Signed.BAD


def test_two_signatures_are_bad(world: World, by_ana: str) -> None:
    content = world.repo.object(by_ana)
    start, end = content.index(b"gpgsig"), content.index(b"\n\n")
    twice = content[:end] + b"\n" + content[start:end] + content[end:]
    other = content[:end] + b"\n" + content[start:end].replace(b"gpgsig", b"gpgsig-sha256") + content[end:]
    renamed = content.replace(b"gpgsig ", b"gpgsig-sha256 ")

    assert world.check(world.repo.raw(twice)).reason == "it carries more than one signature"
    assert world.check(world.repo.raw(other)).reason == "it carries more than one signature"
    assert world.check(world.repo.raw(renamed)).reason == "its signature is of another kind of repository"


def test_a_signature_that_cuts_the_parents_off_is_bad(world: World) -> None:
    """Git reads parents up to the first other header: moved up, a sound signature would make a commit without any."""
    content = world.repo.object(world.repo.commit(key=world.ana))
    start, end = content.index(b"gpgsig"), content.index(b"\n\n")
    signature, rest = content[start:end] + b"\n", content[: start - 1] + content[end:]
    moved = rest.replace(b"parent ", signature + b"parent ", 1)

    assert world.check(world.repo.raw(moved)) == Signature(Signed.BAD, reason="its headers are not as git writes them")


def test_a_signature_in_the_message_is_none(world: World, by_ana: str) -> None:
    content = world.repo.object(by_ana)
    start, end = content.index(b"gpgsig"), content.index(b"\n\n")
    sha = world.repo.raw(content[: start - 1] + b"\n\n" + content[start:end] + b"\n")

    assert world.check(sha) == UNSIGNED


def test_a_signature_for_something_else_than_git_is_bad(world: World, by_ana: str) -> None:
    plain = world.repo.object(world.repo.commit())
    made = subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-n", "file", "-f", world.ana.signing],
        input=plain,
        capture_output=True,
        check=True,
    ).stdout.decode()
    armor = "gpgsig " + made.strip().replace("\n", "\n ")
    sha = world.repo.raw(plain.replace(b"\n\n", b"\n" + armor.encode() + b"\n\n", 1))

    assert world.check(sha).reason == "it was not made for Git"


def test_git_settings_and_replaced_objects_change_nothing(world: World, by_ana: str, tmp_path: Path) -> None:
    liar = tmp_path / "liar"
    liar.write_text("#!/bin/sh\necho 'Good \"git\" signature with ED25519 key SHA256:x'\n")
    liar.chmod(0o755)
    unsigned = world.repo.commit()
    world.repo.git("config", "gpg.ssh.program", str(liar))
    world.repo.git("config", "gpg.program", str(liar))
    world.repo.git("replace", unsigned, by_ana)
    try:
        assert world.check(unsigned) == UNSIGNED
    finally:
        world.repo.git("replace", "-d", unsigned)
        world.repo.git("config", "--unset", "gpg.ssh.program")
        world.repo.git("config", "--unset", "gpg.program")


def test_a_merge_of_a_signed_tag_counts_by_its_own_signature(world: World, tmp_path: Path) -> None:
    """Its `mergetag` header holds another signature, which is part of what the merger signs."""
    repo = Signer(tmp_path / "tagged")
    repo.commit()
    repo.git("checkout", "-q", "-b", "side")
    repo.commit({"side.yaml": b"a: 1\n"})
    repo.git("tag", "-s", "-m", "v1", "v1", key=world.ben)
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-S", "-m", "Merge", "v1", key=world.ana)
    signed, content = repo.git("rev-parse", "HEAD"), repo.object("HEAD")
    repo.git("commit", "-q", "--amend", "--no-gpg-sign", "-m", "Unsigned")
    plain = repo.git("rev-parse", "HEAD")
    checker = SignatureChecker(open_repository(str(repo.path), ref=None, cache_dir=tmp_path))

    assert b"\nmergetag object " in content
    assert [one.kind for one in checker.check([signed, plain], world.keys).values()] == [Signed.GOOD, Signed.NONE]


def test_a_repository_with_longer_hashes(world: World, tmp_path: Path) -> None:
    path = tmp_path / "long"
    path.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main", "--object-format=sha256", str(path)], check=True)
    repo = Signer(path)
    sha = repo.commit(key=world.ana)
    checker = SignatureChecker(open_repository(str(path), ref=None, cache_dir=tmp_path))

    assert len(sha) == 64
    assert checker.verify(sha, world.keys).kind is Signed.GOOD


def test_a_huge_commit_is_bad(world: World) -> None:
    content = world.repo.object(world.repo.commit(key=world.ana))

    assert world.check(world.repo.raw(content + b"x" * 300_000)).reason == "the commit is too large"


def test_what_was_found_is_kept(world: World, by_ana: str) -> None:
    checker = world.checker()
    checker.verify(by_ana, world.keys)
    checker.which = _nowhere

    assert checker.verify(by_ana, world.keys).good
    assert checker.verify(by_ana, Keyring()).kind is Signed.UNKNOWN_KEY


def test_the_next_process_knows_what_this_one_found(world: World, by_ana: str, tmp_path: Path) -> None:
    file = tmp_path / "cache" / "signatures"
    first = world.checker(kept=KeptSignatures(file))
    unsigned, bad = world.repo.commit(), world.repo.raw(world.repo.object(by_ana).replace(b"Change", b"Charge"))
    found = first.check([by_ana, unsigned, bad], world.keys)
    with file.open("a") as lines:
        lines.write(f'nonsense\n["{bad}", "", "good", "ssh", null]\n["{bad}", "", "bad", "ssh", "x"]\n[1, 2]\n')
    again = world.checker(kept=KeptSignatures(file), which=_nowhere)

    assert again.check([by_ana, unsigned], world.keys) == {sha: found[sha] for sha in (by_ana, unsigned)}
    assert again.verify(bad, world.keys).kind is Signed.UNCHECKED
    assert file.stat().st_mode & 0o777 == 0o600
    assert len(KeptSignatures(Path("/proc/nowhere"))) == 0


def test_odd_keys_are_refused_in_words(tmp_path: Path) -> None:
    small = ssh_key(tmp_path, "small", "-t", "rsa", "-b", "1024").public
    good = ssh_key(tmp_path, "good").public

    for text, why in {
        "": "it does not begin with the type of an SSH public key, such as ssh-ed25519",
        "ssh-ed25519 AAAA": "the part after the type is not a whole key",
        good.replace("ssh-ed25519", "ssh-rsa", 1): "its type and its content differ",
        f'cert-authority,namespaces="git" {good}': "it has options before the key",
        "ssh-ed25519-cert-v01@openssh.com AAAA": "it is a certificate, and only plain keys may sign",
        small: "an RSA key needs at least 2048 bits",
    }.items():
        with pytest.raises(MalformedKeyError) as caught:
            normal_key(text)
        assert str(caught.value) == why


FPR = "6AB16637775" + "0" * 29


@pytest.mark.parametrize(
    ("lines", "kind", "reason"),
    [
        (["GOODSIG 1 x", f"VALIDSIG {FPR} 2026-11-23 100 0 4 0 22 8 00 {FPR}"], Signed.GOOD, ""),
        (["GOODSIG 1 x"], Signed.BAD, "gpg can make nothing of it"),
        (["BADSIG 1 x"], Signed.BAD, "it does not fit the commit"),
        (["REVKEYSIG 1 x", f"VALIDSIG {FPR} d 100 0 4 0 22 8 00 {FPR}"], Signed.BAD, "its key was revoked"),
        (["KEYEXPIRED 200", "EXPKEYSIG 1 x", f"VALIDSIG {FPR} d 100 0 4 0 22 8 00 {FPR}"], Signed.GOOD, ""),
        (
            ["KEYEXPIRED 50", "EXPKEYSIG 1 x", f"VALIDSIG {FPR} d 100 0 4 0 22 8 00 {FPR}"],
            Signed.BAD,
            "its key had expired when it was made",
        ),
        (
            ["EXPKEYSIG 1 x", f"VALIDSIG {FPR} d 100 0 4 0 22 8 00 {FPR}"],
            Signed.BAD,
            "its key had expired when it was made",
        ),
        (
            ["GOODSIG 1 x", f"VALIDSIG {FPR} d 1 0 4 0 22 8 00 {FPR}", "BADSIG 2 y"],
            Signed.BAD,
            "it holds more than one signature",
        ),
        (["ERRSIG 0123456789ABCDEF 22 8 00 1 9", "NO_PUBKEY 0123456789ABCDEF"], Signed.UNKNOWN_KEY, ""),
    ],
)
def test_gpgs_status_lines(lines: list[str], kind: Signed, reason: str) -> None:
    found = judged("\n".join(f"[GNUPG:] {line}" for line in lines) + "\nGOODSIG 1 no status line\n")

    assert (found.kind, found.reason) == (kind, reason)
