"""What a manifest's channels must keep among themselves: Slack's two modes, and the paths of the webhook."""

from __future__ import annotations

from collections.abc import Iterator

from molthub.errors import Diagnostic
from molthub.manifest.models import MoltbotInstance, SlackChannel, SlackMode, WebhookChannel
from molthub.manifest.places import Place

SLACK_PATH = "/slack/events"
"""Where Slack calls a Moltbot in mode http: the only path of its own plugin that is let through."""

MOST_PATHS = 3
"""A listener's rule takes five values, and host and method are two of them."""

SLACK = ("spec", "channels", "slack")
WEBHOOK = ("spec", "channels", "webhook")


def channel_problems(model: MoltbotInstance, place: Place) -> Iterator[Diagnostic]:
    """MH-MAN-026 to -028."""
    slack, webhook = model.spec.channels.slack, model.spec.channels.webhook
    if slack is not None:
        yield from _slack(slack, place)
    if webhook is not None:
        yield from _webhook(webhook, place, others=int(slack is not None and slack.mode is SlackMode.HTTP))


def _slack(slack: SlackChannel, place: Place) -> Iterator[Diagnostic]:
    wanted, other = ("signingSecret", "appToken") if slack.mode is SlackMode.HTTP else ("appToken", "signingSecret")
    if getattr(slack, wanted) is None:
        message = f"Slack in mode {slack.mode} needs `{wanted}`"
        yield Diagnostic("MH-MAN-026", message, place(SLACK), f"Add `{wanted}: {{secret: NAME}}`")
    if getattr(slack, other) is not None:
        message = f"Slack in mode {slack.mode} has no use for `{other}`"
        yield Diagnostic("MH-MAN-026", message, place((*SLACK, other)), f"Remove `{other}`, or change `mode`")


def _webhook(webhook: WebhookChannel, place: Place, *, others: int) -> Iterator[Diagnostic]:
    if len(webhook.paths) + others > MOST_PATHS:
        message = f"Slack in mode http takes one of the {MOST_PATHS} paths that a Moltbot may have"
        yield Diagnostic("MH-MAN-027", message, place((*WEBHOOK, "paths")), f"Keep {MOST_PATHS - others} of them")
    for index, path in enumerate(webhook.paths):
        if path in webhook.paths[:index]:
            yield Diagnostic("MH-MAN-027", "a path is listed twice", place((*WEBHOOK, "paths", index)), "Remove one")
    if webhook.previousToken is not None and webhook.previousToken.secret == webhook.token.secret:
        message = "`token` and `previousToken` are the same secret"
        fix = "Leave `previousToken` out when no rotation is under way"
        yield Diagnostic("MH-MAN-028", message, place((*WEBHOOK, "previousToken")), fix)
