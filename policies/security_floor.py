"""MH-IMG-002: the Moltbot is not older than the releases that closed its known holes."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.errors import Severity
from molthub.guard.engine import Finding, Subject
from molthub.policies.support.images import MoltbotVersion, moltbot_version, parse_image

PATH = ("spec", "runtime", "image")
FLOOR = MoltbotVersion(2026, 1, 29)
"""Below it the gateway's auth may be `none`, and CVE-2026-25253 (CVSS 8.8) leaks its token."""
LAST_WITH_ADVISORIES = MoltbotVersion(2026, 3, 11)
"""Up to and including it there are open advisories, and no HTTP health probes."""


class SecurityFloor:
    """Waivable: somebody may have to run an old one for a while, loudly."""

    ref = "MH-IMG-002"
    title = "The Moltbot's version is above the security floor"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        image = parse_image(subject.instance.model.spec.runtime.image)
        version = moltbot_version(image.tag) if image else None
        if version is None:
            return
        if version < FLOOR:
            yield Finding(
                f"version {version} is below the security floor {FLOOR}: CVE-2026-25253 leaks its gateway token",
                PATH,
                "Upgrade to a version later than 2026.3.11",
            )
        elif version <= LAST_WITH_ADVISORIES:
            yield Finding(
                f"version {version} has known security advisories; they end after {LAST_WITH_ADVISORIES}",
                PATH,
                "Upgrade to a version later than 2026.3.11",
                Severity.WARNING,
            )
