"""`molthub bootstrap` on the simulator: the command, an account with nothing in it, and a fleet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from molthub.cli.context import Roots
from molthub.simulator.server import RunningSimulator
from tests.builders import REMOVED, environment_dict
from tests.fakes.bases import CERTIFICATE
from tests.fakes.cli import Cli, Result
from tests.fakes.simulator import TestSimulator
from tests.fakes.stage import SimulatedTime, aws_variables

Json = dict[str, Any]


class Bootstrap:
    """The command, the account and the fleet."""

    def __init__(self, cli: Cli, simulator: RunningSimulator) -> None:
        self.cli = cli
        self.control = simulator.control
        self.client = TestSimulator(simulator).client
        self.cli.roots = Roots(clock=lambda: SimulatedTime(self.control))

    def environment(self, *documents: Json, **spec: Any) -> None:
        """Commit acme/prod with nothing of its base named, and this beside."""
        base = {"aws": {"cluster": REMOVED, "vpcId": REMOVED, "subnetIds": REMOVED}}
        self.cli.repository.commit(environment_dict(spec=base | spec), *documents)

    def run(self, *arguments: str) -> Result:
        return self.cli.run("bootstrap", "--environment", "acme/prod", *arguments)

    def output(self, name: str) -> str:
        """One of the stack's outputs."""
        return next(item["OutputValue"] for item in self.stacks()[0]["Outputs"] if item["OutputKey"] == name)

    def stacks(self) -> list[Json]:
        found: list[Json] = self.client("cloudformation").describe_stacks()["Stacks"]
        return found


@contextmanager
def bootstrap_in(
    account: RunningSimulator, path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bootstrap]:
    """With the account emptied; fails at the end when something was sent that no AWS takes."""
    account.control.reset()
    account.control.seed(
        environments=[{"accountId": "123456789012", "region": "eu-west-1", "certificateArn": CERTIFICATE}]
    )
    cli = Cli(path, capsys, monkeypatch)
    for name, text in aws_variables(account.endpoint_url).items():
        monkeypatch.setenv(name, text)
    cli.repository.git("config", "user.name", "Ana")
    cli.repository.git("config", "user.email", "ana@example.com")
    yield Bootstrap(cli, account)
    assert account.control.violations() == []
