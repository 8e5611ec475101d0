"""Image references: the grammar of the OCI distribution project, and which tags stay what they are.

Grammar: github.com/distribution/reference, `reference.go`, without the short forms that need a default registry's
help to be understood.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_HOST = r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?"
_REFERENCE = re.compile(
    rf"(?P<repository>(?:{_HOST}/)?{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?"
)

OFFICIAL_REPOSITORIES = frozenset({"ghcr.io/openclaw/openclaw", "ghcr.io/moltbot/moltbot", "ghcr.io/clawdbot/clawdbot"})
"""Where the project itself publishes, under its three names (docs of August 2026)."""

_PINNED_VERSION = re.compile(r"v?[0-9]+\.[0-9]+\.[0-9]+([._-][0-9A-Za-z._-]+)?")
_COMMIT_HASH = re.compile(r"(?:(?:sha|git)-)?(?=[0-9a-f]*[0-9])[0-9a-f]{7,40}")
_MOLTBOT_VERSION = re.compile(r"v?(20[0-9]{2})\.([0-9]{1,2})\.([0-9]{1,3})(?:[._-](.+))?")
_BEFORE_RELEASE = re.compile(r"(alpha|beta|rc|pre|dev)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """`repository:tag@digest`; tag and digest None where not written. repository keeps its registry."""

    repository: str
    tag: str | None
    digest: str | None

    @property
    def is_official(self) -> bool:
        return self.repository in OFFICIAL_REPOSITORIES


@dataclass(frozen=True, slots=True, order=True)
class MoltbotVersion:
    """A Moltbot's version, year.month.patch; a beta sorts before the release it leads to."""

    year: int
    month: int
    patch: int
    released: bool = True

    def __str__(self) -> str:
        return f"{self.year}.{self.month}.{self.patch}{'' if self.released else ' (before its release)'}"


def parse_image(text: str) -> ImageReference | None:
    """The parts of an image reference, or None when the text is none."""
    match = _REFERENCE.fullmatch(text)
    if match is None or len(match["repository"]) > 255:  # noqa: PLR2004 - the reference grammar's own limit
        return None
    return ImageReference(match["repository"], match["tag"], match["digest"])


def is_moving(tag: str) -> bool:
    """Whether a tag may name another image tomorrow: anything but a full version or a commit's hash.

    `2026.9` moves with each patch, `latest`, `main`, `slim`, `stable` and `2026-browser` with each release.
    """
    return not (_PINNED_VERSION.fullmatch(tag) or _COMMIT_HASH.fullmatch(tag))


def moltbot_version(tag: str | None) -> MoltbotVersion | None:
    """The version a tag tells: `2026.9.6`, `2026.8.1-r20260820`, `2026.9.6-acme.3`; None when it tells none."""
    match = _MOLTBOT_VERSION.fullmatch(tag or "")
    if match is None:
        return None
    year, month, patch, suffix = match.groups()
    return MoltbotVersion(int(year), int(month), int(patch), released=not _BEFORE_RELEASE.match(suffix or ""))
