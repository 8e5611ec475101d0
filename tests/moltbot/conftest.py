"""Installs the real thing once a session, and says how long the judging took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.moltbot.image import build_image
from tests.moltbot.install import Installed, install

STARTED = time.monotonic()


@pytest.fixture(scope="session")
def installed() -> Installed:
    """The published packages. A failed install fails every test that needs it; nothing is skipped."""
    return install()


@pytest.fixture(scope="session")
def app_of(installed: Installed) -> Callable[..., Path]:
    """(version, plugins) → the folder that stands for the image's /app."""

    def build(version: str, *plugins: str) -> Path:
        return build_image(installed, version, plugins)

    return build


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield
    if any(item for items in terminalreporter.stats.values() for item in items if "moltbot" in str(item)):
        terminalreporter.write_line(f"the real Moltbot took {time.monotonic() - STARTED:.0f} s")
