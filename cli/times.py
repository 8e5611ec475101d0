"""Times as people type them: a span (`30m`, `12h`, `7d`, `2w`), or an ISO time, which is UTC without a zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import typer

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
SPAN = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[smhdw])")


def span(text: str, option: str) -> timedelta:
    """`10m` as a timedelta. Raises typer.BadParameter."""
    found = _span(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no time span like 30s, 10m, 12h or 7d", param_hint=option)
    return found


def past(text: str, now: datetime, option: str) -> datetime:
    """The time an age before now, or the ISO time it says. Raises typer.BadParameter."""
    found = _span(text)
    try:
        return now - found if found is not None else _moment(text, option)
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is too long ago", param_hint=option) from None


def future(text: str, now: datetime, option: str) -> datetime:
    """The time a span after now, or the ISO time it says, to the second. Raises typer.BadParameter when it is over."""
    found = _span(text)
    try:
        at = now + found if found is not None else _moment(text, option)
    except OverflowError:
        raise typer.BadParameter(f"{text!r} is too far away", param_hint=option) from None
    if at <= now:
        raise typer.BadParameter(f"{text!r} is over already", param_hint=option)
    return at.replace(microsecond=0)


def _span(text: str) -> timedelta | None:
    found = SPAN.fullmatch(text)
    return timedelta(**{UNITS[found["unit"]]: int(found["count"])}) if found else None


def _moment(text: str, option: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is neither a span like 12h nor a time like 2027-01-31T08:00Z", param_hint=option
        ) from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
