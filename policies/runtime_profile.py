"""MH-RUN-003: Molthub knows how to configure and start the Moltbot in this image."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.desired.profiles.registry import why_unknown
from molthub.guard.engine import Finding, Subject
from molthub.policies.image_pinned import pin_complaint
from molthub.policies.support.quote import quoted


class KnownRuntime:
    """Waivable: the newest profile is then assumed, and the Moltbot's own check of its config has the last word."""

    ref = "MH-RUN-003"
    title = "An image that Molthub knows how to run"
    waivable = True

    def check(self, subject: Subject) -> Iterator[Finding]:
        image = subject.instance.model.spec.runtime.image
        why = "" if pin_complaint(image) else why_unknown(image)
        if why:
            yield Finding(
                f"it is not known how to run the image {quoted(image)}: {why}",
                ("spec", "runtime", "image"),
                "Use a supported version, or tag an image of your own with the Moltbot's version first",
            )
