"""Root keys, as a person gives them: the SSH public keys that may sign the first version of the access policy."""

from __future__ import annotations

from pathlib import Path

from molthub.access.versions import Roots
from molthub.errors import StallingError
from molthub.manifest.sshkeys import KEY_TYPES, MalformedKeyError, normal_key

VARIABLE = "MOLTHUB_ROOT_KEYS"


def read_roots(given: str | None) -> Roots:
    """The keys themselves (a line or a comma between), or the path of a file of them, one a line; None or "": none.

    Lines of an `allowed_signers` file (a principal before the key) are taken too. Raises MH-ACCESS-030.
    """
    if not given or not given.strip():
        return Roots()
    inline = any(word in KEY_TYPES for word in given.replace(",", " ").split())
    text = given.replace(",", "\n") if inline else _content(Path(given.strip()).expanduser())
    keys = frozenset(_key(line) for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    if not keys:
        raise _unusable("it holds no key")
    return Roots(keys)


def _key(line: str) -> str:
    words = line.split()
    start = next((index for index, word in enumerate(words) if word in KEY_TYPES), 0)
    try:
        return normal_key(" ".join(words[start:] if start <= 1 else words))
    except MalformedKeyError as error:
        raise _unusable(str(error)) from error


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise _unusable(f"{path}: {why}") from error


def _unusable(why: str) -> StallingError:
    return StallingError(
        "MH-ACCESS-030",
        f"the root keys cannot be used: {why}",
        fix=f"Give {VARIABLE} a file of SSH public keys, one a line, or the keys themselves",
    )
