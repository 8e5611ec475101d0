"""Puts notifications together: from the settings to the thread that delivers them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from molthub import __version__
from molthub.apply.settings import Clock
from molthub.controller.journal import Journal
from molthub.controller.noticing import Noticing
from molthub.controller.settings import NotifySettings
from molthub.errors import StallingError, TransientError
from molthub.events.notices import Notice
from molthub.events.types import EventType
from molthub.notify.message import compose_test
from molthub.notify.post import GivenTarget, Target, sender, target_of
from molthub.notify.worker import GATHER, Notifier

AGENT = f"molthub/{__version__}"


def target_in(settings: NotifySettings) -> Target | None:
    """Where notifications go; None when nobody is notified. Raises MH-NOTE-001, -002, -003."""
    url, key = settings.notify_url, settings.notify_key
    return target_of(
        GivenTarget(
            url=url.get_secret_value() if url is not None else None,
            url_file=settings.notify_url_file,
            key=key.get_secret_value() if key is not None else None,
            key_file=settings.notify_key_file,
        )
    )


@contextmanager
def notifying(
    target: Target | None,
    noticing: Noticing | None,
    journal: Journal,
    *,
    clock: Clock,
    log: Any,
    gather: float = GATHER,
) -> Iterator[None]:
    """While the block runs, what noticing holds is delivered; at its end once more, for a short time.

    gather  seconds between the first change and the message that tells of it
    """
    if target is None or noticing is None:
        yield
        return

    def lost(notice: Notice, why: str) -> None:
        message = f"the notification {notice.kind!s} did not reach {target.label} and is given up: {why}"
        journal.note(notice.identity, EventType.NOTICE_LOST, message, commit=notice.commit, ref="MH-NOTE-005")

    notifier = Notifier(
        outbox=noticing,
        post=sender(target, now=clock.now, agent=AGENT),
        label=target.label,
        now=clock.now,
        jitter=random.random,
        lost=lost,
        log=log,
        gather=gather,
    )
    noticing.wake = notifier.wake
    log.info("notifying", to=target.label, signed=target.key is not None)
    notifier.start()
    try:
        yield
    finally:
        notifier.close()


def send_test(settings: NotifySettings, *, clock: Clock, by: str) -> Target:
    """Send one message that only says that messages arrive. Raises MH-NOTE-001 to -004, -006. by: who sends it."""
    target = target_in(settings)
    if target is None:
        raise StallingError(
            "MH-NOTE-006",
            "nobody is notified: MOLTHUB_NOTIFY_URL is not set",
            fix="Set it, or MOLTHUB_NOTIFY_URL_FILE, to the webhook that takes notifications",
        )
    body = compose_test(at=clock.now(), sender=by)
    answer = sender(target, now=clock.now, agent=AGENT)(body)
    if not answer.arrived:
        kind = TransientError if answer.again else StallingError
        raise kind(
            "MH-NOTE-004",
            f"the receiver at {target.label} did not take the message: {answer.why}",
            fix="Check the URL, and that this machine reaches it",
        )
    return target
