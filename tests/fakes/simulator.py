"""The simulator as a fixture: one server for the whole session, emptied before each test.

Use it as `simulator` (in tests/conftest.py): it has the environment below, and the test fails at its end when
it sent anything that no AWS would accept, unless it said `simulator.expect_violations()`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config

from molthub.simulator.client import SimulatorControl
from molthub.simulator.server import RunningSimulator, start_simulator

ACCOUNT = "123456789012"
REGION = "eu-west-1"
CLUSTER = "molthub-acme-prod"
VPC = "vpc-0a1b"
SUBNETS = ("subnet-0a1b2c3d4e5f60718", "subnet-0b1b2c3d4e5f60718")
SPEED = 60.0
ENVIRONMENT: dict[str, Any] = {
    "accountId": ACCOUNT,
    "region": REGION,
    "cluster": CLUSTER,
    "vpcId": VPC,
    "subnetIds": list(SUBNETS),
}

_CLIENTS: dict[tuple[str, str, str], Any] = {}


class TestSimulator:
    """What a test sees of the simulator. `control` has everything else."""

    __test__ = False

    def __init__(self, running: RunningSimulator) -> None:
        self.endpoint_url = running.endpoint_url
        self.control: SimulatorControl = running.control
        self.violations_expected = False

    def expect_violations(self) -> None:
        """This test sends malformed requests on purpose."""
        self.violations_expected = True

    def client(self, service: str, **options: Any) -> Any:
        """A boto3 client without retries, made once for the session (making one costs more than most tests)."""
        key = (self.endpoint_url, service, repr(sorted(options.items())))
        if key not in _CLIENTS:
            _CLIENTS[key] = self.new_client(service, **options)
        return _CLIENTS[key]

    def raw_client(self, service: str) -> Any:
        """A client that sends what it is told, checked by nobody but the simulator."""
        return self.client(service, parameter_validation=False)

    def new_client(self, service: str, *, region: str = REGION, access_key: str = "test", **config: Any) -> Any:
        """A client of the test's own; config goes to botocore's Config."""
        options: dict[str, Any] = {"retries": {"total_max_attempts": 1}, **config}
        return boto3.client(
            service,
            endpoint_url=self.endpoint_url,
            region_name=region,
            aws_access_key_id=access_key,
            aws_secret_access_key="test",
            config=Config(**options),
        )


def running_simulator() -> Iterator[RunningSimulator]:
    """The body of the session's fixture."""
    os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    with start_simulator(speed=SPEED) as running:
        yield running


def fresh_simulator(running: RunningSimulator) -> Iterator[TestSimulator]:
    """The body of the test's fixture: an empty account with ENVIRONMENT in it."""
    running.control.reset()
    running.control.set_speed(SPEED)
    running.control.seed(environments=[ENVIRONMENT])
    simulator = TestSimulator(running)
    yield simulator
    violations = running.control.violations()
    if violations and not simulator.violations_expected:
        pytest.fail("requests that AWS would not accept:\n" + "\n".join(violations), pytrace=False)
