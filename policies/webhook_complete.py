"""MH-NET-002: inbound traffic and the webhook channel are declared together or not at all."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.guard.engine import Finding, Subject
from molthub.manifest.models import Inbound, SlackMode


class WebhookComplete:
    """Not waivable: an opening with nothing behind it, or a channel nobody can reach, is a mistake."""

    ref = "MH-NET-002"
    title = "Inbound WEBHOOK only when complete"
    waivable = False

    def check(self, subject: Subject) -> Iterator[Finding]:
        spec = subject.instance.model.spec
        inbound = spec.network.inbound is Inbound.WEBHOOK
        slack = spec.channels.slack
        called_by_slack = slack is not None and slack.mode is SlackMode.HTTP
        if inbound and spec.channels.webhook is None and not called_by_slack:
            yield Finding(
                "network.inbound is WEBHOOK but channels.webhook is not configured",
                ("spec", "network", "inbound"),
                "Add channels.webhook with its token and paths, or Slack in mode http, or set inbound to NONE",
            )
        if spec.channels.webhook is not None and not inbound:
            yield Finding(
                "channels.webhook is configured but network.inbound is NONE, so nothing can reach it",
                ("spec", "channels", "webhook"),
                "Set network.inbound to WEBHOOK, or remove the channel",
            )
        if called_by_slack and not inbound:
            yield Finding(
                "channels.slack has mode http but network.inbound is NONE, so Slack cannot reach it",
                ("spec", "channels", "slack", "mode"),
                "Set network.inbound to WEBHOOK, or use mode socket",
            )
