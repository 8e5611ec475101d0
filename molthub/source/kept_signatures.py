"""What was found of signatures, kept in the cache directory: each commit's is checked once on a machine.

Only what never changes is kept: a sound signature, or that there is none. A line is one commit, written in one piece; a
line that cannot be read is passed over, and a file that cannot be written is done without. Whoever may write to this
directory may also write to the mirror that the commits are read from.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path

from molthub.access.signature import Scheme, Signature, Signed

LASTING = frozenset({Signed.NONE, Signed.GOOD})
MOST = 200_000
"""Lines that are read: more are more than a fleet has, and the file begins anew."""

_KEY = tuple[str, str]


class KeptSignatures(MutableMapping[_KEY, Signature]):
    """(commit, digest of the GPG keys or "") → its signature."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._found: dict[_KEY, Signature] = {}
        with contextlib.suppress(OSError, UnicodeDecodeError):
            self._read(path.read_text(encoding="ascii"))

    def _read(self, text: str) -> None:
        lines = text.splitlines()
        if len(lines) > MOST:
            self._path.unlink()
            return
        for line in lines:
            with contextlib.suppress(ValueError, TypeError, KeyError):
                sha, digest, kind, scheme, fingerprint = json.loads(line)
                signature = Signature(Signed(kind), Scheme(scheme) if scheme else None, fingerprint)
                if signature.kind in LASTING and (signature.good == isinstance(fingerprint, str)):
                    self._found[str(sha), str(digest)] = signature

    def __getitem__(self, key: _KEY) -> Signature:
        return self._found[key]

    def __setitem__(self, key: _KEY, signature: Signature) -> None:
        self._found[key] = signature
        if signature.kind in LASTING:
            record = [*key, signature.kind.value, signature.scheme.value if signature.scheme else None]
            self._append(json.dumps([*record, signature.fingerprint]) + "\n")

    def _append(self, line: str) -> None:
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, line.encode("ascii"))
            finally:
                os.close(descriptor)

    def __delitem__(self, key: _KEY) -> None:
        del self._found[key]

    def __iter__(self) -> Iterator[_KEY]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)
