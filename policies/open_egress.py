"""MH-NET-003: unrestricted outbound traffic is said aloud in every plan."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.errors import Severity
from molthub.guard.engine import Finding, Subject
from molthub.manifest.models import EgressPreset


class OpenEgress:
    """Only warns, so there is nothing to waive."""

    ref = "MH-NET-003"
    title = "Unrestricted egress is loud"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        if subject.instance.model.spec.network.egressPreset is EgressPreset.DEFAULT:
            yield Finding(
                "egressPreset DEFAULT lets the Moltbot send anything anywhere",
                ("spec", "network", "egressPreset"),
                "Use RESTRICTED unless a tool needs another port than 443",
                Severity.WARNING,
            )
