"""Logs over HTTP: what simulated tasks write, read as `molthub logs` reads it; and CloudWatch's awkward sides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from molthub.aws.api import Api
from molthub.aws.clients import Clients, Sessions
from molthub.aws.logs import AwsLogReader
from molthub.cli.context import Roots
from molthub.cli.main import run
from molthub.errors import StallingError, TransientError, WaitingError
from molthub.pipeline.places import location_of
from molthub.provider.logs import LogQuery, LogReader
from molthub.resources.identity import Identity, names_of
from tests.builders import loaded_environment
from tests.fakes.rich_fleet import bot
from tests.fakes.stage import Stage, furnished

TALKER = Identity("acme-bots", "acme", "prod", "talker")
TASK = "f" * 32


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """`talker` runs, `refuser` failed in its init container, `newcomer` is not applied yet."""
    with furnished(tmp_path_factory.mktemp("logs")) as made:
        bots = [bot("talker"), bot("refuser", runtime={"image": "ghcr.io/openclaw/openclaw:2026.9.6-init-fails"})]
        made.commit(*bots)
        made.session().apply()
        made.commit(*bots, bot("newcomer"))
        yield made


@pytest.fixture(scope="module")
def reader(stage: Stage) -> AwsLogReader:
    location = location_of(loaded_environment(), "acme-bots")
    return AwsLogReader(Api(Clients(Sessions(), location)))


@pytest.fixture(scope="module")
def group(stage: Stage) -> str:
    """A group of its own with 250 lines of one stream, a second apart, every fiftieth an error; and one of another."""
    logs, name = stage.client("logs"), names_of(BULK).log_group
    logs.create_log_group(logGroupName=name)
    put(stage, "gateway", *(f"error {number}" if number % 50 == 0 else f"line {number}" for number in range(250)))
    put(stage, "gate", '{"event":"start"}')
    return name


BULK = Identity("acme-bots", "acme", "prod", "bulk")
BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


def put(stage: Stage, container: str, *texts: str, of: Identity = BULK, task: str = TASK, at: datetime = BEGAN) -> None:
    """Lines as the awslogs driver writes them, a second apart."""
    logs, group, stream = stage.client("logs"), names_of(of).log_group, f"moltbot/{container}/{task}"
    known = {item["logStreamName"] for item in logs.describe_log_streams(logGroupName=group)["logStreams"]}
    if stream not in known:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    begin = int(at.timestamp() * 1000)
    events = [{"timestamp": begin + index * 1000, "message": text} for index, text in enumerate(texts)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def everything(**more: Any) -> LogQuery:
    return LogQuery(**{"since": datetime(2024, 1, 1, tzinfo=UTC), **more})


def texts(reader: LogReader, query: LogQuery, *, of: Identity = BULK, count: int | None = None) -> list[str]:
    found = reader.read(of, query) if count is None else reader.newest(of, query, count=count)
    return [line.text for line in found]


# -- the reader -------------------------------------------------------------------------------------------


def test_a_task_writes_what_each_of_its_containers_says(reader: AwsLogReader) -> None:
    found = list(reader.read(TALKER, everything()))
    assert [line.container for line in found] == ["init", "gateway", "gateway"]
    assert found[0].text == "molthub-init: the config is valid"
    assert json.loads(found[2].text)["message"] == "listening on ws://127.0.0.1:18789"
    (task,) = {line.task for line in found}
    assert found[0].stream == f"moltbot/init/{task}"
    assert [line.at for line in found] == sorted(line.at for line in found)


def test_every_page_is_read_and_short_ones_are_no_end(reader: AwsLogReader, group: str) -> None:
    before = reader.api.counts["logs:FilterLogEvents"]
    found = texts(reader, everything())
    assert len(found) == 251
    assert [text for text in found if text.startswith(("line", "error"))][:2] == ["error 0", "line 1"]
    assert reader.api.counts["logs:FilterLogEvents"] - before == 3, "pages of a hundred"
    assert texts(reader, everything(pattern="error")) == [f"error {number}" for number in (0, 50, 100, 150, 200)]


def test_the_newest_are_read_from_the_newest_end(reader: AwsLogReader, group: str) -> None:
    before = reader.api.counts["logs:FilterLogEvents"]
    assert texts(reader, everything(), count=3) == ["line 247", "line 248", "line 249"]
    assert reader.api.counts["logs:FilterLogEvents"] - before == 1
    assert texts(reader, everything(pattern="error"), count=2) == ["error 150", "error 200"], "past an empty page"
    assert len(texts(reader, everything(since=datetime(2010, 1, 1, tzinfo=UTC)), count=300)) == 251


def test_bounds_container_and_task(reader: AwsLogReader, group: str) -> None:
    between = everything(since=BEGAN + timedelta(seconds=10), until=BEGAN + timedelta(seconds=12))
    assert texts(reader, between) == ["line 10", "line 11", "line 12"]
    assert texts(reader, everything(container="gate")) == ['{"event":"start"}']
    assert texts(reader, everything(container="gateway", task="fff"), count=1) == ["line 249"]
    assert texts(reader, everything(task="ffff"), count=1) == ["line 249"]
    assert texts(reader, everything(task="e")) == []
    assert texts(reader, everything(pattern='{ $.event = "start" }')) == ['{"event":"start"}']


def test_a_log_that_is_not_there_and_a_filter_that_is_none(reader: AwsLogReader, group: str) -> None:
    with pytest.raises(WaitingError, match=r"there is no log group /molthub/acme-bots/acme-prod-nobody") as missing:
        texts(reader, everything(), of=replace(BULK, id="nobody"))
    assert missing.value.ref == "MH-LOG-001"
    with pytest.raises(StallingError, match=r"CloudWatch does not understand the filter '\"open': Invalid") as bad:
        texts(reader, everything(pattern='"open'))
    assert bad.value.ref == "MH-LOG-002"


def test_a_throttled_read_comes_back_as_passing(stage: Stage, reader: AwsLogReader, group: str) -> None:
    stage.control.add_fault("throttle", operation="logs:FilterLogEvents", times=None)
    try:
        with pytest.raises(TransientError):
            texts(reader, everything())
    finally:
        stage.control.clear_faults()


# -- the command ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Interrupted:
    """A clock whose sleeps do what a test says, and at the end press Ctrl-C."""

    steps: list[Callable[[], None]]
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def sleep(self, seconds: float, cancel: Callable[[], bool]) -> None:
        assert not cancel()
        self.slept.append(seconds)
        if not self.steps:
            raise KeyboardInterrupt
        self.steps.pop(0)()


@dataclass(frozen=True, slots=True)
class Shell:
    """The command line in this process, in the stage's repository."""

    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str, clock: Interrupted | None = None) -> tuple[int, str, str]:
        self.capsys.readouterr()
        roots = Roots() if clock is None else Roots(clock=lambda: clock)
        code = run(["logs", *arguments], roots=roots)
        said = self.capsys.readouterr()
        return int(code), said.out, said.err


@pytest.fixture
def shell(stage: Stage, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(stage.repo)
    monkeypatch.setenv("HOME", str(stage.home))
    monkeypatch.delenv("MOLTHUB_REPO", raising=False)
    return Shell(capsys)


def test_logs_shows_lines_with_their_time_container_and_task(shell: Shell) -> None:
    code, out, err = shell("talker")
    lines = out.splitlines()
    assert (code, err, len(lines)) == (0, "", 3)
    time, stream, text = lines[0].split(" ", 2)
    assert time.endswith("Z")
    assert (stream[:5], len(stream), text) == ("init/", 13, "molthub-init: the config is valid")
    assert shell("talker", "-n", "1", "--container", "init", "--no-timestamps")[1] == f"{stream} {text}\n"
    task = stream.removeprefix("init/")
    assert len(shell("acme/prod/talker", "--task", task)[1].splitlines()) == 3
    assert "the Moltbot refuses its config" in shell("refuser")[1]


def test_logs_for_machines_is_one_object_a_line(shell: Shell) -> None:
    first, *_ = (json.loads(line) for line in shell("talker", "-o", "json")[1].splitlines())
    assert first.keys() == {"format", "at", "container", "task", "stream", "id", "text"}
    assert (first["format"], first["container"]) == ("molthub.dev/log-line/v1", "init")


def test_logs_without_a_line_and_without_a_log(shell: Shell) -> None:
    code, out, err = shell("talker", "--filter", "nowhere")
    assert (code, out) == (0, "")
    assert err.startswith("There is no such line of acme/prod/talker since 2")
    code, _, err = shell("newcomer")
    assert code == 3, "the same command may succeed later"
    assert "error: MH-LOG-001 there is no log group /molthub/acme-bots/acme-prod-newcomer" in err
    assert shell("talker", "--follow", "--until", "1h")[0] == 2
    assert shell("talker", "--since", "1h", "--until", "2h")[0] == 2
    assert "MH-PIPE-001" in shell("nobody")[2]


def test_a_line_is_neither_obeyed_by_the_terminal_nor_tells_a_token(stage: Stage, shell: Shell) -> None:
    token = "xoxb" + "-1234567890-abcdef"
    put(stage, "gateway", f"\x1b[2Jhi\u202e\ttoken {token}", of=TALKER, task="a" * 32, at=datetime.now(UTC))
    _, out, _ = shell("talker", "--task", "aaaa", "--no-timestamps")
    assert out == "gateway/aaaaaaaa \\e[2Jhi\\u202e token [a Slack token]\n"
    assert token in shell("talker", "--task", "aaaa", "--no-mask")[1]
    held = json.loads(shell("talker", "--task", "aaaa", "-o", "json")[1])
    assert held["text"] == "\x1b[2Jhi\u202e\ttoken [a Slack token]"


def test_follow_shows_each_line_once_and_outlives_throttling(stage: Stage, shell: Shell) -> None:
    here = {"of": TALKER, "task": "b" * 32}

    def late() -> None:
        now = datetime.now(UTC)
        put(stage, "gateway", "second", at=now, **here)
        put(stage, "gate", "before the second, and later here", at=now - timedelta(seconds=5), **here)

    def trouble() -> None:
        fault = {"operation": "logs:FilterLogEvents", "times": 4}  # botocore tries four times
        stage.control.add_fault("throttle", **fault)

    def again() -> None:
        put(stage, "gateway", "third", at=datetime.now(UTC), **here)

    put(stage, "gateway", "first", at=datetime.now(UTC), **here)
    clock = Interrupted([late, trouble, again])
    code, out, err = shell("talker", "-f", "-n", "1", "--task", "bbbb", "--no-timestamps", clock=clock)
    assert code == 130
    told = [line.split(" ", 1)[1] for line in out.splitlines()]
    assert told == ["first", "before the second, and later here", "second", "third"]
    assert err.count("warning: MH-AWS") == 1
    assert clock.slept == [2.0, 2.0, 4.0, 2.0]


def test_follow_waits_for_a_log_that_is_not_there_yet(stage: Stage, shell: Shell) -> None:
    newcomer = replace(BULK, id="newcomer")

    def begin() -> None:
        stage.client("logs").create_log_group(logGroupName=names_of(newcomer).log_group)
        put(stage, "init", "hello", of=newcomer, at=datetime.now(UTC))

    code, out, err = shell("newcomer", "-f", clock=Interrupted([lambda: None, begin]))
    assert (code, out.count("hello")) == (130, 1)
    assert "MH-LOG-001" in err
    stage.client("logs").delete_log_group(logGroupName=names_of(newcomer).log_group)


def test_a_link_leads_to_the_stream_of_the_newest_line(shell: Shell) -> None:
    _, out, err = shell("talker", "--container", "init", "--link")
    page = unquote(unquote(out.strip().replace("$", "%")))
    assert page.startswith(
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#logsV2:log-groups/"
    )
    assert f"/log-group/{names_of(TALKER).log_group}/log-events/moltbot/init/" in page
    assert "?start=1" in page
    assert err == ""
    code, out, err = shell("newcomer", "--link")
    assert (code, out.strip().endswith("/log-events")) == (0, True)
    assert err.startswith("The link leads to the whole log group: there is no log group")
