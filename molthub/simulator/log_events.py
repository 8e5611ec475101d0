"""CloudWatch Logs' FilterLogEvents: moto's pages, order, prefixes and patterns are not AWS's.

Events come in the order of time across all streams, from either end. A page looks at so many events and gives those
that match, so pages are short or empty while there is more, as on AWS. Sources: the operation's page of the API
reference; "Filter pattern syntax" of the user guide, of which terms and the simplest JSON selectors are understood,
and anything else is refused loudly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any

from molthub.simulator.paging import page
from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.wire import Call
from molthub.simulator.world import World

Json = dict[str, Any]
Matches = Callable[[str], bool]

LOOKED_AT = 100
"""Events that one page looks at. AWS stops after a while of searching; here a test sees it at once."""

BY_DEFAULT = 10_000
NEWEST_FIRST_SINCE = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)
INVALID = "InvalidParameterException"
LAST_MOMENT = 10**16
"""Milliseconds; moments are counted down from here where the newest come first."""

_TERM = re.compile(r'(?P<sign>[?-]?)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[A-Za-z0-9_]+))(?:\s+|$)')
_SELECTOR = re.compile(r'\{\s*\$\.(?P<path>[\w.]+)\s*(?P<operator>!?=)\s*(?:"(?P<text>[^"]*)"|(?P<word>[\w.*]+))\s*\}')


def handle(world: World, call: Call, account: str) -> Json | None:
    """The answer to FilterLogEvents; None leaves everything else to moto."""
    if call.operation != "FilterLogEvents":
        return None
    backend = world.moto.backend("logs", account, call.region)
    _check(call.params)
    group = backend.groups.get(call.params["logGroupName"])
    if group is None:
        raise RefusalError("ResourceNotFoundException", "The specified log group does not exist.")
    return _page(group, call.params)


def _check(params: Json) -> None:
    if ("logGroupName" in params) == ("logGroupIdentifier" in params) or "logGroupIdentifier" in params:
        raise MalformedRequestError(INVALID, "Exactly one of logGroupName and logGroupIdentifier is needed.")
    if "logStreamNames" in params and "logStreamNamePrefix" in params:
        raise MalformedRequestError(INVALID, "logStreamNames and logStreamNamePrefix exclude each other.")
    if not params.get("startFromHead", True) and params.get("startTime", 0) < NEWEST_FIRST_SINCE:
        raise MalformedRequestError(INVALID, "startFromHead=false is supported from 2024-01-01 on only.")


def _page(group: Any, params: Json) -> Json:
    newest_first = not params.get("startFromHead", True)
    matches = pattern_of(params.get("filterPattern", ""))

    def place(item: tuple[Any, Any]) -> str:
        _, event = item
        moment = LAST_MOMENT - event.timestamp if newest_first else event.timestamp
        number = LAST_MOMENT - event.event_id if newest_first else event.event_id
        return f"{moment:020d}/{number:020d}"

    looked_at, following = page(
        sorted(_among(group, params), key=place),
        key=place,
        token=params.get("nextToken"),
        limit=min(LOOKED_AT, params.get("limit", BY_DEFAULT)),
        bad_token=INVALID,
    )
    events = [_event(stream, event) for stream, event in looked_at if matches(event.message)]
    more = {} if following is None else {"nextToken": following}
    return {"events": events, "searchedLogStreams": [], **more}


def _among(group: Any, params: Json) -> list[tuple[Any, Any]]:
    """Streams and their events within the bounds."""
    names, prefix = params.get("logStreamNames"), params.get("logStreamNamePrefix", "")
    missing = set(names or ()) - group.streams.keys()
    if missing:
        raise RefusalError("ResourceNotFoundException", "The specified log stream does not exist.")
    begin, end = params.get("startTime", 0), params.get("endTime", LAST_MOMENT)
    return [
        (stream, event)
        for name, stream in group.streams.items()
        if name.startswith(prefix) and (names is None or name in names)
        for event in stream.events
        if begin <= event.timestamp <= end
    ]


def _event(stream: Any, event: Any) -> Json:
    return {
        "logStreamName": stream.log_stream_name,
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingestion_time,
        "eventId": f"{event.event_id:056d}",
    }


def pattern_of(text: str) -> Matches:
    """What a filter pattern lets through. Raises RefusalError as AWS does, MH-SIM-003 for what is not emulated."""
    stripped = text.strip()
    if not stripped:
        return lambda _message: True
    if stripped.startswith("{"):
        return _selector(stripped)
    if stripped.startswith(("[", "%")):
        raise MalformedRequestError(INVALID, "the simulator knows no such filter pattern", ref="MH-SIM-003")
    return _terms(stripped)


def _terms(text: str) -> Matches:
    needed: list[str] = []
    forbidden: list[str] = []
    optional: list[str] = []
    at = 0
    while at < len(text):
        found = _TERM.match(text, at)
        if found is None:
            bad = text[at:].split(maxsplit=1)[0]
            raise RefusalError(INVALID, f"Invalid character(s) in term '{bad}'")
        term = found["plain"] or (found["quoted"] or "").replace('\\"', '"')
        {"": needed, "-": forbidden, "?": optional}[found["sign"]].append(term)
        at = found.end()
    return lambda message: (
        all(term in message for term in needed)
        and not any(term in message for term in forbidden)
        and (not optional or any(term in message for term in optional))
    )


def _selector(text: str) -> Matches:
    found = _SELECTOR.fullmatch(text)
    if found is None and not text.endswith("}"):
        raise RefusalError(INVALID, "Invalid metric filter pattern")
    if found is None:
        raise MalformedRequestError(INVALID, "the simulator knows no such filter pattern", ref="MH-SIM-003")
    path, wanted = found["path"].split("."), found["text"] if found["text"] is not None else found["word"]
    equal = found["operator"] == "="

    def matches(message: str) -> bool:
        try:
            value = json.loads(message)
        except ValueError:
            return False
        for name in path:
            if not isinstance(value, dict) or name not in value:
                return False
            value = value[name]
        return fnmatchcase(str(value), wanted) is equal

    return matches
