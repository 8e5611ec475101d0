"""`AwsLogReader`: molthub.provider.logs.LogReader on CloudWatch Logs, with the person's own credentials.

One operation does it all: FilterLogEvents reads across the streams of a group, in the order of time, from either end
(`startFromHead`; from the newest end only where startTime is given and not before 2024). A page may be short, or empty,
while there is more: only a missing nextToken ends the list. AWS takes five of these a second from an account.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from molthub.aws.api import Api, Refusal, Throttle, no_throttle
from molthub.aws.clients import Clients, Sessions
from molthub.errors import StallingError, TransientError, WaitingError
from molthub.provider.logs import LogLine, LogQuery, LogReaderFactory
from molthub.provider.protocols import Location
from molthub.resources.identity import Identity, names_of

Raw = Mapping[str, Any]

STREAM_PREFIX = "moltbot"
"""awslogs-stream-prefix of every container (desired/containers.py): streams are called prefix/container/task."""

NEWEST_FIRST_SINCE = datetime(2024, 1, 1, tzinfo=UTC)
PAGE = 10_000
"""Most events of a page, AWS's own limit."""

REFUSED = frozenset({"ResourceNotFoundException", "InvalidParameterException"})


class AwsLogReader:
    """The logs of one account and region. Account and region are checked before the first call."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def newest(self, identity: Identity, query: LogQuery, *, count: int) -> tuple[LogLine, ...]:
        bounded = replace(query, since=max(query.since, NEWEST_FIRST_SINCE))
        found: list[LogLine] = []
        limit = PAGE if query.task and not query.container else min(count, PAGE)
        for page in self._pages(identity, bounded, startFromHead=False, limit=limit):
            found += page
            if len(found) >= count:
                break
        return tuple(reversed(found[:count]))

    def read(self, identity: Identity, query: LogQuery) -> Iterator[LogLine]:
        for page in self._pages(identity, query, limit=PAGE):
            yield from page

    def _pages(self, identity: Identity, query: LogQuery, **params: Any) -> Iterator[list[LogLine]]:
        group = names_of(identity).log_group
        params |= _asked(query)
        token: str | None = None
        while True:
            more = {} if token is None else {"nextToken": token}
            answer = self.api.expecting(
                REFUSED, "logs", "FilterLogEvents", subject=f"log group {group}", logGroupName=group, **params, **more
            )
            if isinstance(answer, Refusal):
                raise _refused(answer, group, query)
            yield [line for line in _lines(answer.get("events") or ()) if line.task.startswith(query.task)]
            following = answer.get("nextToken")
            if following is None:
                return
            if following == token:
                raise TransientError(
                    "MH-AWS-012",
                    "AWS answered logs:FilterLogEvents with the same page twice",
                    fix="Run the command again",
                )
            token = following


def _asked(query: LogQuery) -> dict[str, Any]:
    """The query as the operation takes it. A task without its container is sifted from what comes."""
    asked: dict[str, Any] = {"startTime": _milliseconds(query.since)}
    if query.until is not None:
        asked["endTime"] = _milliseconds(query.until)
    if query.pattern:
        asked["filterPattern"] = query.pattern
    if query.container:
        asked["logStreamNamePrefix"] = f"{STREAM_PREFIX}/{query.container}/{query.task}"
    return asked


def _lines(events: Iterable[Raw]) -> Iterator[LogLine]:
    for event in events:
        stream = str(event.get("logStreamName", ""))
        prefix, _, rest = stream.partition("/")
        container, _, task = rest.partition("/") if prefix == STREAM_PREFIX else ("", "", "")
        yield LogLine(
            at=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
            id=str(event["eventId"]),
            container=container,
            task=task,
            stream=stream,
            text=str(event.get("message", "")),
        )


def _refused(answer: Refusal, group: str, query: LogQuery) -> Exception:
    if answer.code == "ResourceNotFoundException":
        return WaitingError(
            "MH-LOG-001",
            f"there is no log group {group} yet",
            after=15.0,
            fix="The log begins when the instance is applied: see `molthub status`",
        )
    if query.pattern:
        return StallingError(
            "MH-LOG-002",
            f"CloudWatch does not understand the filter {query.pattern!a}: {answer.words.rstrip('.')}",
            fix="Quote words with signs in them, for example --filter '\"status 401\"'; "
            "see `molthub explain MH-LOG-002`",
        )
    return answer.error


def _milliseconds(at: datetime) -> int:
    return max(0, int(at.timestamp() * 1000))


def aws_log_readers(*, throttle: Callable[[str, str], Throttle] | None = None) -> LogReaderFactory:
    """A LogReaderFactory for AWS. Credentials, profile and endpoints are taken as boto3 takes them."""
    sessions = Sessions()

    def reader(location: Location) -> AwsLogReader:
        own = replace(location, role_arn=None, external_id=None)
        pace = throttle(location.account_id, location.region) if throttle else no_throttle
        return AwsLogReader(Api(Clients(sessions, own, on_throttled=pace.throttled), pace))

    return reader
