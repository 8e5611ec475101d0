"""MH-CHAN-001: the image can speak every channel the manifest configures."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.desired.profiles.registry import profile_for
from molthub.guard.engine import Finding, Subject
from molthub.manifest.models import Channels
from molthub.policies.support.quote import quoted


class ChannelInImage:
    """Not waivable: the Moltbot would start without the channel and call itself ready."""

    ref = "MH-CHAN-001"
    title = "The image holds every channel"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        spec = subject.instance.model.spec
        profile = profile_for(spec.runtime.image)
        if profile is None:
            return  # MH-RUN-003 has the word
        for channel in Channels.model_fields:
            if getattr(spec.channels, channel) is not None and channel not in profile.channels:
                yield Finding(
                    f"the image {quoted(spec.runtime.image)} does not hold the channel {channel}",
                    ("spec", "channels", channel),
                    f"Use an image that holds it, named for it: …/openclaw-{channel}:VERSION or …:VERSION-{channel}",
                )
