"""Links into the console, taken apart again the way the console does."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from molthub.aws.console import AwsConsole
from molthub.provider.console import LogSpan
from molthub.provider.protocols import Location

AT = datetime(2027, 1, 4, 9, 0, 0, 250_000, tzinfo=UTC)
GROUP = "/molthub/acme-bots/acme-prod-support-bot-0123456789"
STREAM = "moltbot/gateway/0123456789abcdef0123456789abcdef"


def console(region: str = "eu-west-1") -> AwsConsole:
    return AwsConsole(Location("123456789012", region, "", "", ()))


def opened(link: str) -> tuple[str, str, dict[str, list[str]]]:
    """Group, stream and query that a link opens: `$` is `%`, the path is escaped twice, the query is a form."""
    page, _, query = urlsplit(link).fragment.replace("$", "%").partition("%3F")
    parts = page.split("/")
    assert parts[:2] == ["logsV2:log-groups", "log-group"]
    assert parts[3] == "log-events"
    names = [unquote(unquote(part)) for part in (parts[2], *parts[4:])]
    return names[0], "".join(names[1:]), parse_qs(unquote(query))


def test_a_link_opens_the_group_the_stream_and_the_time() -> None:
    link = console().logs(LogSpan(GROUP, STREAM, start=AT))
    assert link == (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/log-group/"
        "$252Fmolthub$252Facme-bots$252Facme-prod-support-bot-0123456789/log-events/"
        "moltbot$252Fgateway$252F0123456789abcdef0123456789abcdef$3Fstart$3D1799053200250"
    )
    assert opened(link) == (GROUP, STREAM, {"start": ["1799053200250"]})


@pytest.mark.parametrize("text", ["plain", "a b", '{ $.level = "error" }', "100% & 50$ + [x] ?a=b#c/ü"])
def test_whatever_is_in_a_name_or_a_pattern_comes_out_again(text: str) -> None:
    found = opened(console().logs(LogSpan(text, text, start=AT, end=AT, pattern=text)))
    assert found == (text, text, {"filterPattern": [text], "start": ["1799053200250"], "end": ["1799053200250"]})


def test_without_a_stream_it_opens_the_whole_group() -> None:
    link = console().logs(LogSpan(GROUP))
    assert link.endswith("/log-events")
    assert opened(link) == (GROUP, "", {})


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "us-east-1.console.aws.amazon.com"),
        ("cn-north-1", "console.amazonaws.cn"),
        ("us-gov-west-1", "console.amazonaws-us-gov.com"),
        ("eusc-de-east-1", "console.amazonaws-eusc.eu"),
    ],
)
def test_each_partition_has_its_own_console(region: str, host: str) -> None:
    for link in (console(region).logs(LogSpan(GROUP)), console(region).service(cluster="c", name="s")):
        assert urlsplit(link).hostname == host
        assert urlsplit(link).query == f"region={region}"


def test_a_service_has_its_page() -> None:
    assert console().service(cluster="molthub-acme-prod", name="molthub-x") == (
        "https://eu-west-1.console.aws.amazon.com/ecs/v2/clusters/molthub-acme-prod/services/molthub-x/health"
        "?region=eu-west-1"
    )
