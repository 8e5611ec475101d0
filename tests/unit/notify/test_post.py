"""One request: signed, not redirected, to https or this machine only, and told without its URL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from molthub.errors import StallingError
from molthub.gate.signature import Mode, claim, verify
from molthub.notify.post import Answer, GivenTarget, sender, target_of
from tests.fakes.receiver import Receiver, receiving

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
KEY = "k" * 32
PATH_SECRET = "T0" + "hunter2"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def post(receiver: Receiver, *, key: str | None = KEY, body: bytes = b"{}") -> Answer:
    target = target_of(GivenTarget(url=receiver.url, key=key))
    assert target is not None
    return sender(target, now=lambda: NOW, agent="molthub/1")(body)


def test_a_request_is_signed_as_the_gate_wants_it(receiver: Receiver) -> None:
    assert post(receiver, body=b'{"text":"x"}') == Answer(arrived=True)
    (got,) = receiver.got
    assert (got.path, got.headers["content-type"], got.headers["user-agent"]) == (
        "/services/T0/B0?x=1",
        "application/json",
        "molthub/1",
    )
    found = claim(Mode.SIGNED, {name.encode(): value.encode() for name, value in got.headers.items()})
    assert found is not None
    assert found.timestamp == int(NOW.timestamp())
    assert verify(Mode.SIGNED, [KEY.encode()], found, path=got.path.encode(), body=got.body)
    assert not verify(Mode.SIGNED, [KEY.encode()], found, path=got.path.encode(), body=got.body + b" ")


def test_without_a_key_it_is_not_signed(receiver: Receiver) -> None:
    assert post(receiver, key=None).arrived
    assert "x-molthub-signature" not in receiver.got[0].headers


@pytest.mark.parametrize(
    ("status", "headers", "answer"),
    [
        (500, {}, Answer(arrived=False, why="HTTP 500", again=True)),
        (429, {"Retry-After": "7"}, Answer(arrived=False, why="HTTP 429", again=True, retry_after=7.0)),
        (503, {"Retry-After": "99999"}, Answer(arrived=False, why="HTTP 503", again=True, retry_after=600.0)),
        (503, {"Retry-After": "soon"}, Answer(arrived=False, why="HTTP 503", again=True)),
        (404, {}, Answer(arrived=False, why="HTTP 404")),
        (302, {"Location": "/elsewhere"}, Answer(arrived=False, why="HTTP 302")),
        (307, {"Location": "/elsewhere"}, Answer(arrived=False, why="HTTP 307")),
    ],
)
def test_what_an_answer_means(receiver: Receiver, status: int, headers: dict[str, str], answer: Answer) -> None:
    receiver.answers = [(status, headers)]
    assert post(receiver) == answer
    assert len(receiver.got) == 1, "no redirect is followed"


def test_a_receiver_that_is_not_there_may_come_back(receiver: Receiver) -> None:
    with receiving() as gone:
        pass
    assert post(gone) == Answer(arrived=False, why="connection refused", again=True)


@pytest.mark.parametrize(
    "url",
    [
        f"http://hooks.example.com/{PATH_SECRET}",
        f"ftp://127.0.0.1/{PATH_SECRET}",
        f"https:///{PATH_SECRET}",
        f"https://ana:{PATH_SECRET}@hooks.example.com/",
        f"https://hooks.example.com/{PATH_SECRET} x",
        f"https://hooks.example.com:port/{PATH_SECRET}",
        f"https://hooks.example.com/#{PATH_SECRET}",
        f"file:///{PATH_SECRET}",
        f"http://127.0.0.1.example.com/{PATH_SECRET}",
    ],
)
def test_any_other_url_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(StallingError) as caught:
        target_of(GivenTarget(url=url))
    assert caught.value.ref == "MH-NOTE-001"
    assert PATH_SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("https://hooks.slack.com/services/T0/B0/x", "https://hooks.slack.com"),
        ("https://hooks.example.com:8443/x", "https://hooks.example.com:8443"),
        ("http://localhost:8080/x", "http://localhost:8080"),
        ("http://[::1]:8080/x", "http://[::1]:8080"),
    ],
)
def test_a_target_is_shown_by_scheme_and_host(url: str, label: str) -> None:
    target = target_of(GivenTarget(url=url, key=KEY))
    assert target is not None
    assert target.label == label
    assert "/x" not in repr(target)
    assert KEY not in repr(target)


def test_url_and_key_may_lie_in_files(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("https://hooks.example.com/x\n")
    (tmp_path / "key").write_text(f"{KEY}\n")
    (tmp_path / "empty").write_text("\n")
    target = target_of(GivenTarget(url_file=tmp_path / "url", key_file=tmp_path / "key"))
    assert target is not None
    assert (target.url, target.key) == ("https://hooks.example.com/x", KEY.encode())
    assert target_of(GivenTarget(key=KEY)) is None
    assert target_of(GivenTarget(url=" ")) is None

    def refused(given: GivenTarget) -> str:
        with pytest.raises(StallingError) as caught:
            target_of(given)
        return f"{caught.value.ref} {caught.value.diagnostic.message}"

    assert refused(GivenTarget(url="https://a.example.com", url_file=tmp_path / "url")) == (
        "MH-NOTE-003 MOLTHUB_NOTIFY_URL and MOLTHUB_NOTIFY_URL_FILE are both set"
    )
    assert refused(GivenTarget(url_file=tmp_path / "no")).endswith("cannot be read: no such file or directory")
    assert refused(GivenTarget(url_file=tmp_path / "empty")).endswith("MOLTHUB_NOTIFY_URL_FILE is empty")
    assert refused(GivenTarget(url="https://a.example.com", key="short")) == (
        "MH-NOTE-002 the key for notifications has fewer than 16 characters"
    )
