"""What docs/webhooks.md tells callers is what the gate takes."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from molthub.gate.refusals import Refusal
from molthub.gate.settings import NAMES, Limits
from molthub.gate.signature import sign

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "webhooks.md").read_text(encoding="utf-8")
KEY = "k" * 40
BODY = b'{"message": "h\xc3\xa9llo"}\n'


def block(language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


def signed_at(timestamp: str) -> dict[str, str]:
    assert abs(int(timestamp) - time.time()) < 60
    return sign(KEY.encode(), timestamp=int(timestamp), path=b"/hooks/agent", body=BODY)


def test_the_python_signs() -> None:
    names: dict[str, Any] = {}
    exec(block("python"), names)
    headers = names["sign"](KEY.encode(), "/hooks/agent", BODY)
    assert headers == signed_at(headers["X-Molthub-Timestamp"])


def test_the_shell_signs(tmp_path: Path) -> None:
    (tmp_path / "body.json").write_bytes(BODY)
    script = 'curl() { for word in "$@"; do echo "$word"; done; }\n' + block("sh")
    done = subprocess.run(
        ["sh", "-euc", script],
        cwd=tmp_path,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "KEY": KEY, "HOST": "bot.example.com"},
        capture_output=True,
        text=True,
        check=True,
    )
    words = done.stdout.splitlines()
    assert words[-3:] == ["--data-binary", "@body.json", "https://bot.example.com/hooks/agent"]
    headers = dict(word.split(": ") for word in words if word.startswith("X-"))
    assert headers == signed_at(headers["X-Molthub-Timestamp"])


@pytest.mark.parametrize("refusal", Refusal, ids=lambda refusal: refusal.reason)
def test_every_refusal_is_in_the_table(refusal: Refusal) -> None:
    assert re.search(rf"^\| {refusal.status} \|[^|]*`{refusal.reason}`[^|]*\| \S", PAGE, re.MULTILINE)


def test_every_setting_is_in_the_table_with_its_default() -> None:
    section = PAGE.partition("## The gate's container")[2]
    named = {one.removeprefix("MOLTHUB_GATE_") for one in re.findall(r"`([A-Z_]+)`", section)}
    assert named == NAMES
    checked: set[str] = set()
    defaults = {field.name.upper(): f"{getattr(Limits(), field.name):.9g}" for field in dataclasses.fields(Limits)}
    for row in section.splitlines():
        limits = [one.removeprefix("MOLTHUB_GATE_") for one in re.findall(r"`([A-Z_]+)`", row)]
        if row.startswith("|") and limits[:1] and limits[0] in defaults:
            assert row.split(" | ")[-1].rstrip(" |").split(", ") == [defaults[one] for one in limits]
            checked.update(limits)
    assert checked == defaults.keys()
