"""Image references, taken apart: registry, repository, tag, digest; the Moltbot version and plugins a tag names."""

from __future__ import annotations

import re
from dataclasses import dataclass

Version = tuple[int, int, int]
"""A Moltbot version: year, month, release of that month (`2026.9.6`)."""

DEFAULT_REGISTRY = "docker.io"
_REFERENCE = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._:/-]*?)(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)
_VERSION = re.compile(r"^(?P<version>20[0-9]{2}\.[0-9]{1,2}\.[0-9]{1,4})(?:-r[0-9]{8})?(?P<suffix>(?:-[a-z0-9]+)*)$")
_REPOSITORY_SUFFIX = re.compile(r"^(?:openclaw|moltbot)(?P<suffix>(?:-[a-z0-9]+)*)$")
_ECR = re.compile(r"^(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?$")


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image reference; registry is `docker.io` where none is written. tag, digest: None where not written."""

    written_name: str
    registry: str
    repository: str
    tag: str | None
    digest: str | None

    @property
    def name(self) -> str:
        """Registry and repository: `ghcr.io/openclaw/openclaw`."""
        return f"{self.registry}/{self.repository}"

    @property
    def pull(self) -> str:
        """What the container runtime is told: by digest alone where there is one, for a tag beside it is no more
        than a remark (Docker ignores it)."""
        if self.digest:
            return f"{self.written_name}@{self.digest}"
        return f"{self.written_name}:{self.tag}" if self.tag else self.written_name

    @property
    def version(self) -> Version | None:
        """The Moltbot's version as the tag names it, or None."""
        match = _VERSION.match(self.tag or "")
        if match is None:
            return None
        year, month, release = (int(part) for part in match["version"].split("."))
        return (year, month, release)

    @property
    def named_parts(self) -> frozenset[str]:
        """Words after the version in the tag and after the repository's own name: `openclaw-slack:2026.9.6-otel`
        gives slack and otel."""
        tag = _VERSION.match(self.tag or "")
        repository = _REPOSITORY_SUFFIX.match(self.repository.rsplit("/", 1)[-1])
        text = (tag["suffix"] if tag else "") + (repository["suffix"] if repository else "")
        return frozenset(part for part in text.split("-") if part)

    @property
    def ecr(self) -> tuple[str, str] | None:
        """(account, region) of a private ECR registry, None for any other."""
        match = _ECR.match(self.registry)
        return (match["account"], match["region"]) if match else None


def parse_image(image: str) -> ImageReference | None:
    """Take an image reference apart; None when it is not one."""
    match = _REFERENCE.match(image)
    if match is None:
        return None
    first, _, rest = match["name"].partition("/")
    has_registry = bool(rest) and ("." in first or ":" in first or first == "localhost")
    registry, repository = (first, rest) if has_registry else (DEFAULT_REGISTRY, match["name"])
    return ImageReference(match["name"], registry, repository, match["tag"], match["digest"])
