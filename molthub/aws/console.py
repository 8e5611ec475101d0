"""Links into AWS's web console.

The fragment of CloudWatch's log pages is escaped twice, with `$` in the place of the outer `%`: the parts of the path
are percent-encoded twice, the query is a form (`?start=…&filterPattern=…`, itself form-encoded) percent-encoded once
more. AWS documents none of it; it is what the console's own "copy link" gives.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import quote, urlencode

from molthub.provider.console import LogSpan
from molthub.provider.protocols import Location

HOSTS: tuple[tuple[str, str], ...] = (
    ("cn-", "console.amazonaws.cn"),
    ("us-gov-", "console.amazonaws-us-gov.com"),
    ("eusc-", "console.amazonaws-eusc.eu"),
)
"""What a region of another partition begins with, and where that partition's console is."""


class AwsConsole:
    """The console of one region. It opens in whatever account the browser is signed in to."""

    def __init__(self, location: Location) -> None:
        self._region = location.region

    def service(self, *, cluster: str, name: str) -> str:
        path = f"ecs/v2/clusters/{quote(cluster, safe='')}/services/{quote(name, safe='')}/health"
        return f"https://{self._host}/{path}?region={self._region}"

    def logs(self, span: LogSpan) -> str:
        page = f"logsV2:log-groups/log-group/{_twice(span.group)}/log-events"
        if span.stream:
            page += f"/{_twice(span.stream)}"
        asked: dict[str, str] = {}
        if span.pattern:
            asked["filterPattern"] = span.pattern
        if span.start is not None:
            asked["start"] = str(_milliseconds(span.start))
        if span.end is not None:
            asked["end"] = str(_milliseconds(span.end))
        query = _dollars(quote(f"?{urlencode(asked)}", safe="")) if asked else ""
        return f"https://{self._host}/cloudwatch/home?region={self._region}#{page}{query}"

    @property
    def _host(self) -> str:
        other = next((host for prefix, host in HOSTS if self._region.startswith(prefix)), None)
        return other or f"{self._region}.console.aws.amazon.com"


def _twice(text: str) -> str:
    return _dollars(quote(quote(text, safe=""), safe=""))


def _dollars(text: str) -> str:
    return text.replace("%", "$")


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def aws_consoles() -> type[AwsConsole]:
    """A ConsoleFactory for AWS."""
    return AwsConsole
