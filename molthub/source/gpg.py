"""GPG signatures, by a keyring that holds the given keys, and is thrown away.

Only verifying: no agent is started, no key server asked, no setting of the person read. gpg's answers are read from its
status lines (GnuPG's doc/DETAILS), never from its prose.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path

from molthub.access.signature import Scheme, Signature, Signed
from molthub.source.tools import run_sealed

_REFUSALS = {
    "BADSIG": "it does not fit the commit",
    "EXPSIG": "the signature has expired",
    "REVKEYSIG": "its key was revoked",
}
_MISSING = Signature(Signed.UNCHECKED, Scheme.GPG, reason="gpg is not installed")


class GpgKeyring:
    """Armored public keys in a home of their own, which is made when first needed and removed at the end.

    program: gpg's path; None: there is none, and no signature can be checked.
    """

    def __init__(self, keys: Iterable[str], program: str | None) -> None:
        self.keys = tuple(sorted(keys))
        self.program = program
        self._home: Path | None = None
        self._lock = threading.Lock()

    @property
    def digest(self) -> str:
        """Names these keys, and whether there is a gpg at all."""
        text = "\0".join(self.keys) + ("" if self.program else "\0none")
        return hashlib.sha256(text.encode()).hexdigest()

    def __enter__(self) -> GpgKeyring:
        return self

    def __exit__(self, *_: object) -> None:
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home = None

    def check(self, armor: str, payload: bytes) -> Signature:
        """One detached signature: GOOD with the primary key's fingerprint, or why not."""
        if self.program is None:
            return _MISSING
        with self._lock:
            home = self._made()
        file = tempfile.NamedTemporaryFile(dir=home, suffix=".asc", delete=False)  # noqa: SIM115 - gpg opens it by name
        with file:
            file.write(armor.encode("ascii", "replace") + b"\n")
        done = self._gpg(home, "--status-fd", "1", "--verify", file.name, "-", stdin=payload)
        return judged(done.stdout.decode("ascii", "replace")) if done else _MISSING

    def fingerprints(self) -> dict[str, tuple[str, ...]]:
        """Each armored key → the fingerprints of the primary keys in it; none where gpg can make nothing of it."""
        if self.program is None:
            return dict.fromkeys(self.keys, ())
        with self._lock:
            home = self._made()
        return {key: self._shown(home, key) for key in self.keys}

    def _shown(self, home: Path, key: str) -> tuple[str, ...]:
        done = self._gpg(home, "--with-colons", "--show-keys", stdin=key.encode())
        lines = [line.split(":") for line in done.stdout.decode("utf-8", "replace").splitlines()] if done else []
        found: list[str] = []
        primary = False
        for line in lines:
            if line[0] == "pub":
                primary = True
            elif line[0] == "fpr" and primary:
                found.append(line[9])
                primary = False
        return tuple(found)

    def _made(self) -> Path:
        if self._home is None:
            self._home = Path(tempfile.mkdtemp(prefix="molthub-gpg-"))
            for key in self.keys:
                self._gpg(self._home, "--import", stdin=key.encode())
        return self._home

    def _gpg(self, home: Path, *arguments: str, stdin: bytes) -> subprocess.CompletedProcess[bytes] | None:
        assert self.program is not None
        sealed = ("--homedir", str(home), "--batch", "--no-tty", "--no-options", "--no-autostart", "--disable-dirmngr")
        weak = ("--weak-digest", "SHA1", "--weak-digest", "RIPEMD160")
        trust = ("--trust-model", "always", "--no-auto-key-retrieve", "--no-auto-key-locate")
        return run_sealed([self.program, *sealed, *weak, *trust, *arguments], stdin)


def judged(status: str) -> Signature:
    """gpg's status lines → what they say. Good is exactly one sound signature, by a key that was not revoked.

    A key that has expired since goes on to prove what it signed before: history does not change with the clock.
    """
    lines = [line.removeprefix("[GNUPG:] ").split() for line in status.splitlines() if line.startswith("[GNUPG:] ")]
    said = {words[0]: words[1:] for words in lines if words}
    count = sum(words[0] in {"GOODSIG", "ERRSIG", "EXPKEYSIG", *_REFUSALS} for words in lines if words)
    if count > 1:
        return Signature(Signed.BAD, Scheme.GPG, reason="it holds more than one signature")
    for word, reason in _REFUSALS.items():
        if word in said:
            return Signature(Signed.BAD, Scheme.GPG, reason=reason)
    if "EXPKEYSIG" in said and not _signed_in_time(lines, said.get("VALIDSIG", [])):
        return Signature(Signed.BAD, Scheme.GPG, reason="its key had expired when it was made")
    if ("GOODSIG" in said or "EXPKEYSIG" in said) and said.get("VALIDSIG"):
        return Signature(Signed.GOOD, Scheme.GPG, said["VALIDSIG"][-1])
    if said.get("NO_PUBKEY"):
        claimed = next((words[-1] for words in lines if words[:1] == ["ERRSIG"]), said["NO_PUBKEY"][0])
        return Signature(Signed.UNKNOWN_KEY, Scheme.GPG, claimed if len(claimed) >= 16 else said["NO_PUBKEY"][0])  # noqa: PLR2004
    return Signature(Signed.BAD, Scheme.GPG, reason="gpg can make nothing of it")


def _signed_in_time(lines: list[list[str]], valid: list[str]) -> bool:
    """Whether an expired key's signature says to be older than the key's end. `VALIDSIG FPR DATE SECONDS …`."""
    ends = [int(words[1]) for words in lines if words[:1] == ["KEYEXPIRED"] and words[1:2] and words[1].isdigit()]
    made = valid[2] if len(valid) > 2 else ""  # noqa: PLR2004
    return bool(ends) and made.isdigit() and int(made) < min(ends)
