"""What the tests of `molthub bootstrap` stand in; a module with an account of its own says so itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from molthub.simulator.server import RunningSimulator, start_simulator
from tests.fakes.bootstrap import Bootstrap, bootstrap_in


@pytest.fixture(scope="module")
def account() -> Iterator[RunningSimulator]:
    """One simulator for a module."""
    with start_simulator() as running:
        yield running


@pytest.fixture
def there(
    account: RunningSimulator, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bootstrap]:
    """The command and a fleet, and the account with nothing in it."""
    with bootstrap_in(account, tmp_path, capsys, monkeypatch) as made:
        yield made
