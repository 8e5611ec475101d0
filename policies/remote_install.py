"""MH-SKILL-001: nothing is installed from a registry while a Moltbot runs."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject


class RemoteInstall:
    """Not waivable: a skill from a registry is somebody else's code next to the Moltbot's secrets."""

    ref = "MH-SKILL-001"
    title = "No remote skill install"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        if subject.instance.model.spec.skills.remoteInstall:
            yield Finding(
                "remoteInstall is true: skills would be installed from a registry",
                ("spec", "skills", "remoteInstall"),
                "Set it to false and build what you need into the image",
            )
