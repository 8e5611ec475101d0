"""What ECS's own log of a service says about how it is doing. Pure.

The messages are those of the ECS Developer Guide, "Viewing Amazon ECS service event messages": a service that is well
says that it "has reached a steady state", so trouble from before that is over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from molthub.resources.observation import ServiceEvent

STEADY = "has reached a steady state"
STARTED = "has started"
LONGEST = 240

RESTART_WINDOW = timedelta(minutes=10)
"""A task that was started again is steady after this, or its health is told by other events: five minutes to start, and
what it takes to be placed."""

_TROUBLES: tuple[tuple[str, str], ...] = (
    ("unable to place a task", "ECS cannot place a task"),
    ("failed to launch a task", "ECS cannot launch a task"),
    ("unable to assume", "ECS cannot use a role"),
    ("was unable to start", "ECS cannot start a task"),
    ("unable to consistently start tasks", "its tasks do not stay up"),
    ("failed container health checks", "a task failed its health check"),
    ("is unhealthy in", "the load balancer finds a task unhealthy"),
    ("unhealthy", "a task is unhealthy"),
    ("deployment failed", "a deployment failed"),
    ("unable", "ECS could not do something"),
)
"""What a message contains, and what that means; the first that fits. ECS's own words follow."""

_UNHEALTHY = ("unhealthy", "failed container health checks")
_STOPS = ("was stopped", "has stopped")
_SERVICE = re.compile(r"^\(service [^)]*\)[ ,]*")
_TASK = re.compile(r"\(task ([0-9a-f]{8})[0-9a-f-]*\)")


def newest_first(events: Iterable[ServiceEvent]) -> list[ServiceEvent]:
    """As ECS lists them; of the same moment as they came."""
    return sorted(events, key=lambda event: event.at, reverse=True)


def unsettled(events: Iterable[ServiceEvent], since: datetime | None = None) -> list[ServiceEvent]:
    """The lines after the service was last steady, and after `since`; newest first."""
    found = []
    for event in newest_first(events):
        if STEADY in event.message or (since is not None and event.at < since):
            break
        found.append(event)
    return found


def trouble(events: Iterable[ServiceEvent], since: datetime | None = None) -> str:
    """The newest trouble that is not over, in a few words and ECS's own; "" for none.

    That a task was stopped says little, so it is told only where nothing says more.
    """
    lines = unsettled(events, since)
    for event in lines:
        meaning = next((what for word, what in _TROUBLES if word in event.message), None)
        if meaning is not None:
            return f"{meaning} ({words(event)})"
    return next((words(event) for event in lines if any(word in event.message for word in _STOPS)), "")


def words(event: ServiceEvent) -> str:
    """A message without the service's name, with tasks by the beginning of their ids, and no longer than LONGEST."""
    text = _TASK.sub(r"task \1", _SERVICE.sub("", " ".join(event.message.split()))).rstrip(".")
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def is_starting_again(events: Sequence[ServiceEvent], *, began: datetime | None, now: datetime) -> bool:
    """Whether a task was started after the deployment (it began then) was over, and the service is not steady since.

    A deployment ends with a steady service; what it starts before that is its own.
    """
    since = now - RESTART_WINDOW
    if began is not None and began >= since and not any(STEADY in item.message and item.at >= began for item in events):
        return False
    return any(STARTED in event.message for event in unsettled(events, since))


def unhealthy_now(events: Sequence[ServiceEvent], *, began: datetime | None, now: datetime) -> str:
    """What says that the task which runs now fails its checks; "" when nothing does. began: of the deployment."""
    since = max(now - RESTART_WINDOW, began) if began is not None else now - RESTART_WINDOW
    latest = []
    for event in unsettled(events, since):
        if STARTED in event.message:
            break
        latest.append(event)
    return trouble(event for event in latest if any(word in event.message for word in _UNHEALTHY))
