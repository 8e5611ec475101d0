"""Faults to order, and clients that race or die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import Any

import botocore.exceptions
import botocore.parsers
import pytest

from tests.fakes.aws_objects import make_group, register, service_request
from tests.fakes.simulator import CLUSTER, REGION, VPC, TestSimulator


def _create_group(simulator: TestSimulator, name: str = "/bot") -> None:
    simulator.client("logs").create_log_group(logGroupName=name)


def _groups(simulator: TestSimulator) -> list[str]:
    found = simulator.client("logs").describe_log_groups()["logGroups"]
    return [group["logGroupName"] for group in found]


def _code(error: Any) -> str:
    return str(error.value.response["Error"]["Code"])


@pytest.mark.parametrize(
    ("kind", "service", "operation", "request_", "code", "status"),
    [
        ("throttle", "logs", "create_log_group", {"logGroupName": "/a"}, "ThrottlingException", 400),
        ("throttle", "iam", "list_roles", {}, "Throttling", 400),
        ("throttle", "ec2", "describe_vpcs", {}, "RequestLimitExceeded", 503),
        ("throttle", "resourcegroupstaggingapi", "get_resources", {}, "ThrottlingException", 400),
        ("server-error", "ecs", "list_clusters", {}, "InternalServerError", 500),
        ("unavailable", "iam", "list_roles", {}, "ServiceUnavailable", 503),
        ("access-denied", "ec2", "describe_vpcs", {}, "UnauthorizedOperation", 403),
        ("access-denied", "iam", "list_roles", {}, "AccessDenied", 403),
        ("access-denied", "ecs", "list_clusters", {}, "AccessDeniedException", 400),
        ("expired-token", "sts", "get_caller_identity", {}, "ExpiredToken", 403),
        ("expired-token", "ecs", "list_clusters", {}, "ExpiredTokenException", 400),
    ],
)
def test_an_error_looks_as_that_service_errs(
    simulator: TestSimulator,
    *,
    kind: str,
    service: str,
    operation: str,
    request_: dict[str, Any],
    code: str,
    status: int,
) -> None:
    simulator.control.add_fault(kind)
    with pytest.raises(botocore.exceptions.ClientError) as error:
        getattr(simulator.client(service), operation)(**request_)
    assert _code(error) == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    getattr(simulator.client(service), operation)(**request_)  # once, and not again


def test_the_nth_match_is_met_as_often_as_ordered(simulator: TestSimulator) -> None:
    simulator.control.add_fault("throttle", operation="logs:Create*", nth=2, times=2)
    outcomes = []
    for name in ("/a", "/b", "/c", "/d"):
        try:
            _create_group(simulator, name)
            outcomes.append("made")
        except botocore.exceptions.ClientError:
            outcomes.append("throttled")
    assert outcomes == ["made", "throttled", "throttled", "made"]
    assert simulator.control.faults()[0]["seen"] == 4
    simulator.control.clear_faults()
    assert simulator.control.faults() == []


def test_a_rule_may_look_at_writes_only(simulator: TestSimulator) -> None:
    simulator.control.add_fault("access-denied", access="write", times=None)
    assert _groups(simulator) == []
    with pytest.raises(botocore.exceptions.ClientError, match="AccessDeniedException"):
        _create_group(simulator)


@pytest.mark.parametrize(
    ("kind", "error", "effect"),
    [
        ("reset-before", botocore.exceptions.ConnectionClosedError, []),
        ("reset-after", botocore.exceptions.ConnectionClosedError, ["/bot"]),
        ("server-error-after", botocore.exceptions.ClientError, ["/bot"]),
    ],
)
def test_a_lost_answer_may_hide_an_effect(
    simulator: TestSimulator, kind: str, error: type[Exception], effect: list[str]
) -> None:
    simulator.control.add_fault(kind, operation="logs:CreateLogGroup")
    with pytest.raises(error):
        _create_group(simulator)
    assert _groups(simulator) == effect


def test_a_truncated_answer_is_no_error_to_botocore(simulator: TestSimulator) -> None:
    """botocore does not check the length: half a JSON answer reads as a success that holds nothing."""
    simulator.control.add_fault("truncated", operation="logs:DescribeLogGroups")
    assert "logGroups" not in simulator.client("logs").describe_log_groups()
    simulator.control.add_fault("truncated", operation="iam:ListRoles")
    with pytest.raises(botocore.parsers.ResponseParserError):
        simulator.client("iam").list_roles()


def test_retries_outlive_a_fault(simulator: TestSimulator) -> None:
    simulator.control.add_fault("reset-after", operation="ecs:CreateService")
    client = simulator.new_client("ecs", retries={"total_max_attempts": 3})
    request = service_request(register(simulator), make_group(simulator), clientToken="once")
    client.create_service(**request)
    assert simulator.control.counters()["operations"]["ecs:CreateService"] == 2


CHILD = """
import sys, boto3
client = boto3.client("logs", endpoint_url=sys.argv[1], region_name=sys.argv[2],
                      aws_access_key_id="test", aws_secret_access_key="test")
for name in "abcdef":
    client.create_log_group(logGroupName="/" + name)
"""


@pytest.mark.parametrize(("kind", "made"), [("hold-after", ["/a", "/b", "/c"]), ("hold-before", ["/a", "/b"])])
def test_a_client_can_be_killed_at_its_third_write(simulator: TestSimulator, kind: str, made: list[str]) -> None:
    rule = simulator.control.add_fault(kind, access="write", nth=3)
    child = subprocess.Popen([sys.executable, "-c", CHILD, simulator.endpoint_url, REGION])
    try:
        assert simulator.control.wait_until_held(rule)
        assert _groups(simulator) == made  # others get on meanwhile
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    simulator.control.release(rule)
    assert _groups(simulator) == made


def test_a_held_answer_arrives_when_it_is_let_go(simulator: TestSimulator) -> None:
    rule = simulator.control.add_fault("hold-after", operation="logs:CreateLogGroup")
    thread = threading.Thread(target=_create_group, args=(simulator,))
    thread.start()
    assert simulator.control.wait_until_held(rule)
    assert thread.is_alive()
    simulator.control.release(rule)
    thread.join(timeout=10)
    assert not thread.is_alive()


def test_waiting_for_a_hold_that_nobody_reaches_ends(simulator: TestSimulator) -> None:
    rule = simulator.control.add_fault("hold-after", operation="logs:CreateLogGroup")
    assert simulator.control.wait_until_held(rule, timeout=0.05) is False


@pytest.mark.parametrize("round_", range(5))
def test_of_two_that_race_one_wins(simulator: TestSimulator, round_: int) -> None:
    name, winners, losers = f"race-{round_}", [], []
    barrier = threading.Barrier(4)
    client = simulator.client("ec2")

    def attempt() -> None:
        barrier.wait()
        try:
            client.create_security_group(GroupName=name, Description="a race", VpcId=VPC)
            winners.append(1)
        except botocore.exceptions.ClientError as error:
            losers.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(winners), losers) == (1, ["InvalidGroup.Duplicate"] * 3)


def test_many_clients_at_once_lose_nothing(simulator: TestSimulator) -> None:
    definition, group = register(simulator), make_group(simulator)
    ecs = simulator.client("ecs")

    def create(index: int) -> None:
        ecs.create_service(**service_request(definition, group, name=f"bot-{index}"))

    threads = [threading.Thread(target=create, args=(index,)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ecs.list_services(cluster=CLUSTER)["serviceArns"]) == 8
