"""MH-IMG-002: the Moltbot is not older than the releases that closed its known holes."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.desired.profiles.images import Version, parse_image
from molthub.errors import Severity
from molthub.guard.engine import Finding, Subject

PATH = ("spec", "runtime", "image")
FLOOR: Version = (2026, 1, 29)
"""Below it the gateway's auth may be `none`, and CVE-2026-25253 (CVSS 8.8) leaks its token."""
LAST_WITH_ADVISORIES: Version = (2026, 3, 11)
"""Up to and including it there are open advisories, and no HTTP health probes."""


class SecurityFloor:
    """Waivable: somebody may have to run an old one for a while, loudly."""

    ref = "MH-IMG-002"
    title = "The Moltbot's version is above the security floor"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        image = parse_image(subject.instance.model.spec.runtime.image)
        version = image.version if image else None
        if version is None or version > LAST_WITH_ADVISORIES:
            return
        fix = f"Upgrade to a version later than {_words(LAST_WITH_ADVISORIES)}"
        if version < FLOOR:
            floor = f"below the security floor {_words(FLOOR)}"
            yield Finding(f"version {_words(version)} is {floor}: CVE-2026-25253 leaks its gateway token", PATH, fix)
        else:
            yield Finding(f"version {_words(version)} has known security advisories", PATH, fix, Severity.WARNING)


def _words(version: Version) -> str:
    return ".".join(map(str, version))
