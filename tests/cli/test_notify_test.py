"""`molthub controller notify-test`, and the page's way to check a signature."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.cli import Cli
from tests.fakes.receiver import receiving

PAGE = Path(__file__).resolve().parents[2] / "docs" / "notifications.md"


def test_it_says_whether_the_message_arrived(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "MH-NOTE-006" in cli.run("controller", "notify-test").err
    (tmp_path / "key").write_text("k" * 32 + "\n")
    files = ("--notify-key-file", str(tmp_path / "key"))
    with receiving() as receiver:
        (tmp_path / "url").write_text(receiver.url)
        ended = cli.run("controller", "notify-test", "--notify-url-file", str(tmp_path / "url"), *files)
        label = f"http://127.0.0.1:{receiver.port}"
        assert (ended.code, ended.err) == (0, f"The receiver at {label} took a test message (signed).\n")
        monkeypatch.setenv("MOLTHUB_NOTIFY_URL", receiver.url)
        assert "(not signed, as there is no MOLTHUB_NOTIFY_KEY)" in cli.run("controller", "notify-test").err
        receiver.answers = [(503, {})]
        ended = cli.run("controller", "notify-test")
        assert ended.code == 3
        assert f"MH-NOTE-004 the receiver at {label} did not take the message: HTTP 503" in ended.err
        assert "/services/" not in ended.err
    monkeypatch.setenv("MOLTHUB_NOTIFY_URL", "http://hooks.example.com/secret-path")
    ended = cli.run("controller", "notify-test")
    assert "MH-NOTE-001" in ended.err
    assert "secret-path" not in ended.err


def test_the_pages_check_takes_what_is_sent(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    page: dict[str, Any] = {}
    exec(code, page)
    monkeypatch.setenv("MOLTHUB_NOTIFY_KEY", "k" * 32)
    cli.cloud.clock.sleep(time.time() - cli.cloud.clock.now().timestamp(), lambda: False)
    with receiving() as receiver:
        monkeypatch.setenv("MOLTHUB_NOTIFY_URL", receiver.url)
        cli.run("controller", "notify-test")
    (got,) = receiver.got
    headers = {name.title(): value for name, value in got.headers.items()}
    assert page["is_ours"]("k" * 32, headers, got.path, got.body)
    assert not page["is_ours"]("k" * 32, headers, got.path, got.body + b" ")
    assert not page["is_ours"]("x" * 32, headers, got.path, got.body)
