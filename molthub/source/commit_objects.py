"""A commit object's own bytes, taken apart: what was signed, and the signature. Nothing here trusts what it says.

Format: git's Documentation/gitformat-signature.adoc and commit.c, `parse_signed_commit`.
"""

from __future__ import annotations

from dataclasses import dataclass

_HEADERS = {40: b"gpgsig", 64: b"gpgsig-sha256"}
"""By the length of the repository's hashes."""


class OddCommitError(ValueError):
    """The object is not built as git builds one; the message says how, in words."""


@dataclass(frozen=True, slots=True)
class SignedObject:
    """payload: the bytes that were signed; armor: the signature, None where there is none."""

    payload: bytes
    armor: str | None


def take_apart(sha: str, content: bytes) -> SignedObject:
    """Split a commit object into what was signed and the signature.

    Stricter than git, which would join two signatures, and which reads a commit differently when a header stands
    between its parents: exactly one signature, after the committer. Raises OddCommitError.
    """
    head, blank, message = content.partition(b"\n\n")
    headers = _headers(head)
    names = [lines[0].partition(b" ")[0] for lines in headers]
    _check_order(names)
    signatures = [index for index, name in enumerate(names) if name.startswith(b"gpgsig")]
    if not signatures:
        return SignedObject(content, None)
    if len(signatures) > 1:
        raise OddCommitError("it carries more than one signature")
    at = signatures[0]
    if names[at] != _HEADERS[len(sha)]:
        raise OddCommitError("its signature is of another kind of repository")
    first, *more = headers[at]
    armor = b"\n".join([first.partition(b" ")[2], *(line[1:] for line in more)])
    kept = [line for index, lines in enumerate(headers) if index != at for line in lines]
    return SignedObject(b"\n".join(kept) + blank + message, armor.decode("ascii", "replace"))


def _headers(head: bytes) -> list[list[bytes]]:
    """The header lines, each with those that continue it."""
    found: list[list[bytes]] = []
    for line in head.split(b"\n"):
        if line.startswith(b" ") and found:
            found[-1].append(line)
        else:
            found.append([line])
    return found


def _check_order(names: list[bytes]) -> None:
    """`tree`, the parents, `author`, `committer`, once each and in this order, then the rest."""
    rest = names[1:]
    while rest[:1] == [b"parent"]:
        rest = rest[1:]
    fixed = {b"tree", b"parent", b"author", b"committer"}
    if names[:1] != [b"tree"] or rest[:2] != [b"author", b"committer"] or fixed & set(rest[2:]):
        raise OddCommitError("its headers are not as git writes them")
