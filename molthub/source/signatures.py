"""Checks the signature of the very commit object, against given keys and nothing else.

Not by `git verify-commit`: that reads the repository's and the person's settings, runs the programs they name and asks
the person's keyring. Here the object's own bytes are taken apart, and `ssh-keygen` and `gpg` see one signature each, in
an empty environment: SSH signatures must be made for the namespace `git`; GPG keys are imported into a keyring that
is thrown away. What an SSH signature proves depends on no keyring and is kept by commit; what GPG says is kept by
commit and keys.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from molthub.access.signature import UNSIGNED, Keyring, Scheme, Signature, Signed
from molthub.manifest.sshkeys import KEY_TYPES, fingerprint, read_signature
from molthub.source.commit_objects import OddCommitError, take_apart
from molthub.source.gpg import GpgKeyring
from molthub.source.tools import run_sealed

WORKERS = 4
MAX_ARMOR = 64 * 1024

_GOOD = re.compile(rb'Good "git" signature with \S+ key (SHA256:[A-Za-z0-9+/]+)')


class CommitReader(Protocol):
    """The half of a FleetSource that this needs."""

    def commit_objects(self, shas: Iterable[str]) -> Mapping[str, bytes | None]:
        """Each commit's own bytes; None where they are too many to be a commit that a person made."""
        ...


@dataclass(slots=True)
class SignatureChecker:
    """Checks and remembers. Any number of threads may share it: each writes what any other would.

    reader  whose commits
    which   finds a program on the PATH, None where there is none (`shutil.which`)
    kept    (commit, digest of the GPG keys or "") → what was found, for the next time
    """

    reader: CommitReader
    which: Callable[[str], str | None] = shutil.which
    kept: MutableMapping[tuple[str, str], Signature] = field(default_factory=dict)

    def check(self, shas: Iterable[str], keys: Keyring) -> dict[str, Signature]:
        """Each commit's signature, against these keys. Raises the reader's MolthubErrors, and none of its own."""
        wanted = list(dict.fromkeys(shas))
        with GpgKeyring(keys.gpg, self.which("gpg")) as keyring:
            known = {sha: found for sha in wanted if (found := self._known(sha, keyring)) is not None}
            missing = [sha for sha in wanted if sha not in known]
            if missing:
                objects = self.reader.commit_objects(missing)
                with ThreadPoolExecutor(max_workers=WORKERS) as pool:
                    looked_at = dict(pool.map(lambda sha: self._look(sha, objects[sha], keyring), missing))
                known |= looked_at
                for sha, found in looked_at.items():
                    if found.kind is not Signed.UNCHECKED:  # that may be otherwise the next time
                        self.kept[sha, keyring.digest if found.scheme is Scheme.GPG else ""] = found
            trusted = {fingerprint(key) for key in keys.ssh}
            return {sha: _among(trusted, known[sha]) for sha in wanted}

    def verify(self, sha: str, keys: Keyring) -> Signature:
        """One commit's signature."""
        return self.check([sha], keys)[sha]

    def _known(self, sha: str, keyring: GpgKeyring) -> Signature | None:
        return self.kept.get((sha, "")) or self.kept.get((sha, keyring.digest))

    def _look(self, sha: str, content: bytes | None, keyring: GpgKeyring) -> tuple[str, Signature]:
        if content is None:
            return sha, Signature(Signed.BAD, reason="the commit is too large")
        try:
            found = take_apart(sha, content)
        except OddCommitError as error:
            return sha, Signature(Signed.BAD, reason=str(error))
        return sha, UNSIGNED if found.armor is None else self._check(found.armor, found.payload, keyring)

    def _check(self, armor: str, payload: bytes, keyring: GpgKeyring) -> Signature:
        if len(armor) > MAX_ARMOR:
            return Signature(Signed.BAD, reason="the signature is too large")
        if armor.startswith("-----BEGIN SSH SIGNATURE-----"):
            return check_ssh(armor, payload, self.which("ssh-keygen"))
        if armor.startswith(("-----BEGIN PGP SIGNATURE-----", "-----BEGIN PGP MESSAGE-----")):
            return keyring.check(armor, payload)
        if armor.startswith("-----BEGIN SIGNED MESSAGE-----"):
            return Signature(Signed.UNCHECKED, Scheme.X509, reason="it is an X.509 signature")
        return Signature(Signed.BAD, reason="it is of no kind that is known")


def check_ssh(armor: str, payload: bytes, program: str | None) -> Signature:
    """An SSH signature by whatever key: GOOD with that key's fingerprint, BAD, or UNCHECKED."""
    try:
        claimed = read_signature(armor)
    except ValueError as error:
        return Signature(Signed.BAD, Scheme.SSH, reason=str(error))
    if claimed.namespace != "git":
        return Signature(Signed.BAD, Scheme.SSH, claimed.fingerprint, "it was not made for Git")
    if claimed.key_type not in KEY_TYPES:
        return Signature(Signed.BAD, Scheme.SSH, claimed.fingerprint, "its key is of a type that may not sign")
    if program is None:
        return Signature(Signed.UNCHECKED, Scheme.SSH, reason="ssh-keygen is not installed")
    return _proven(armor, payload, program, claimed.fingerprint)


def _proven(armor: str, payload: bytes, program: str, claimed: str) -> Signature:
    with tempfile.TemporaryDirectory(prefix="molthub-signature-") as folder:
        file = Path(folder) / "signature"
        file.write_text(armor + "\n", encoding="ascii", errors="replace")
        done = run_sealed([program, "-Y", "check-novalidate", "-n", "git", "-s", str(file)], payload)
    if done is None:
        return Signature(Signed.UNCHECKED, Scheme.SSH, reason="ssh-keygen did not answer")
    proven = _GOOD.match(done.stdout)
    if done.returncode != 0 or proven is None or proven[1].decode() != claimed:
        return Signature(Signed.BAD, Scheme.SSH, reason="it does not fit the commit")
    return Signature(Signed.GOOD, Scheme.SSH, claimed)


def _among(trusted: set[str], found: Signature) -> Signature:
    """What a proven SSH signature is worth to those who know these keys."""
    if found.good and found.scheme is Scheme.SSH and found.fingerprint not in trusted:
        return Signature(Signed.UNKNOWN_KEY, Scheme.SSH, found.fingerprint)
    return found
