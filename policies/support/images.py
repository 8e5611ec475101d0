"""Image references as a registry takes them, and which tags stay what they are.

Grammar: github.com/distribution/reference, `reference.go`. Taking a reference apart is `desired.profiles.images`'.
"""

from __future__ import annotations

import re

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_REFERENCE = re.compile(
    rf"(?P<repository>(?:{_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?"
    r"(?:@sha256:[0-9a-f]{64})?"
)
_LONGEST_REPOSITORY = 255

_WHOLE_VERSION = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+(?:[._-][0-9A-Za-z._-]+)?")
_COMMIT_HASH = re.compile(r"(?:(?:sha|git)-)?(?=[0-9a-f]*[0-9])[0-9a-f]{7,40}")


def is_image_reference(text: str) -> bool:
    """Whether a registry would understand it: `[host/]path[:tag][@sha256:…]`."""
    match = _REFERENCE.fullmatch(text)
    return match is not None and len(match["repository"]) <= _LONGEST_REPOSITORY


def is_moving(tag: str) -> bool:
    """Whether a tag may name another image tomorrow: anything but a whole version or a commit's hash.

    `2026.9` moves with each patch; `latest`, `main`, `slim`, `stable` and `2026-browser` with each release.
    """
    return not (_WHOLE_VERSION.fullmatch(tag) or _COMMIT_HASH.fullmatch(tag))
