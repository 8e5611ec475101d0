"""MH-IMG-001: the image is named so that it is the same image tomorrow, and its version can be read."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.desired.profiles.images import parse_image
from molthub.guard.engine import Finding, Subject
from molthub.policies.support.images import is_image_reference, is_moving
from molthub.policies.support.quote import quoted

PATH = ("spec", "runtime", "image")
FIX = "Write repository:version, for example ghcr.io/openclaw/openclaw:2026.9.6, best with @sha256:… behind it"


class ImagePinned:
    """Not waivable: without a version Molthub cannot know which configuration the Moltbot understands."""

    ref = "MH-IMG-001"
    title = "The image is pinned to a version"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        message = pin_complaint(subject.instance.model.spec.runtime.image)
        if message:
            yield Finding(message, PATH, FIX)


def pin_complaint(text: str) -> str | None:
    """What keeps an image from being one and the same for ever with a version to read, or None."""
    image = parse_image(text)
    if image is None or not is_image_reference(text):
        return f"the image {quoted(text)} is not an image reference"
    if image.tag is None and image.digest is None:
        return f"the image {quoted(image.name)} has no tag, so it means latest"
    if image.tag is None:
        return f"the image {quoted(image.name)} has a digest but no tag, so its version cannot be read"
    if is_moving(image.tag):
        return f"the image tag {quoted(image.tag)} may name another image tomorrow"
    return None
