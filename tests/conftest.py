"""Fixtures that every test may use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from molthub.simulator.server import RunningSimulator
    from tests.fakes.postgres import RunningPostgres
    from tests.fakes.simulator import TestSimulator


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[RunningSimulator]:
    """One simulator for the session (moto is imported only when a test asks for it)."""
    from tests.fakes import simulator  # noqa: PLC0415

    yield from simulator.running_simulator()


@pytest.fixture
def simulator(running_simulator: RunningSimulator) -> Iterator[TestSimulator]:
    """An emptied simulator holding one environment (tests/fakes/simulator.py says which)."""
    from tests.fakes import simulator as fake  # noqa: PLC0415

    yield from fake.fresh_simulator(running_simulator)


@pytest.fixture(scope="session")
def postgres() -> Iterator[RunningPostgres]:
    """One PostgreSQL server for the session; each test takes a database of its own there."""
    from tests.fakes import postgres as fake  # noqa: PLC0415

    yield from fake.running_postgres()
