"""The control path: counters, inventory, time, seeds, and simulators beside each other."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import botocore.exceptions
import pytest

from molthub.errors import StallingError
from molthub.simulator.client import SimulatorControl
from molthub.simulator.clock import SimulatedClock
from molthub.simulator.server import RunningSimulator, start_simulator
from tests.fakes.aws_objects import make_role, make_service, register, see, settled
from tests.fakes.simulator import CLUSTER, ENVIRONMENT, REGION, SUBNETS, VPC, TestSimulator, fresh_simulator

SERVE = """
import sys
from molthub.simulator.server import serve
try:
    serve(port=0, speed=1.0, on_ready=lambda url: print(url, flush=True))
except KeyboardInterrupt:
    print("ended", flush=True)
"""


def test_a_write_is_anything_but_describe_list_get(simulator: TestSimulator) -> None:
    make_role(simulator)
    ecs = simulator.client("ecs")
    ecs.list_services(cluster=CLUSTER)
    ecs.describe_services(cluster=CLUSTER, services=["bot"])
    simulator.client("sts").get_caller_identity()
    counters = simulator.control.counters()
    assert (counters["reads"], counters["writes"]) == (3, 2)
    assert counters["operations"]["iam:PutRolePolicy"] == 1
    assert [call["operation"] for call in simulator.control.calls()][:2] == ["CreateRole", "PutRolePolicy"]
    simulator.control.reset_counters()
    assert simulator.control.counters() == {"reads": 0, "writes": 0, "operations": {}}


def test_refused_calls_count_and_say_why(simulator: TestSimulator) -> None:
    with pytest.raises(botocore.exceptions.ClientError):
        simulator.client("ecs").list_services(cluster="none")
    call = simulator.control.calls()[0]
    assert (call["error"], call["write"], call["account"], call["region"]) == (
        "ClusterNotFoundException",
        False,
        "123456789012",
        REGION,
    )


def _furnish(simulator: TestSimulator) -> str:
    role = make_role(simulator)
    secret = {"Name": "bot/token", "SecretString": '{"a": "hush"}', "ClientRequestToken": "0" * 32}
    arn = simulator.client("secretsmanager").create_secret(**secret)["ARN"]
    simulator.client("logs").create_log_group(logGroupName="/bot", tags={"a": "b"})
    make_service(simulator, tags=[{"key": "a", "value": "b"}])
    secrets = [{"name": "TOKEN", "valueFrom": arn}]
    register(simulator, container={"secrets": secrets}, executionRoleArn=role)
    return json.dumps(simulator.control.inventory(), sort_keys=True)


def test_the_inventory_of_two_equal_runs_is_equal(simulator: TestSimulator) -> None:
    first = _furnish(simulator)
    simulator.control.reset()
    simulator.control.seed(environments=[ENVIRONMENT])
    assert _furnish(simulator) == first
    simulator.client("iam").put_role_policy(
        RoleName="bot-exec",
        PolicyName="more",
        PolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    )
    assert json.dumps(simulator.control.inventory(), sort_keys=True) != first


def test_the_inventory_names_what_there_is_and_no_secret(simulator: TestSimulator) -> None:
    text = _furnish(simulator)
    assert "hush" not in text
    held = json.loads(text)["123456789012"]
    assert held["roles"]["bot-exec"]["inline"]["all"]["Statement"][0]["Action"] == "*"
    place = held[REGION]
    service = place["services"]["bot"]
    assert service["spec"]["networkConfiguration"]["awsvpcConfiguration"]["securityGroups"] == ["group:bot"]
    assert place["securityGroups"]["bot"]["vpc"] == VPC
    assert place["logGroups"]["/bot"] == {"retention": None, "tags": {"a": "b"}}
    assert len(place["secrets"]["bot/token"]["versions"]) == 1
    assert [item["status"] for item in place["taskDefinitions"]["bot"]] == ["ACTIVE", "ACTIVE"]
    assert "secret:bot/token" in text


def test_the_seed_has_exactly_the_ids_it_was_given(simulator: TestSimulator) -> None:
    ec2 = simulator.client("ec2")
    assert [vpc["VpcId"] for vpc in ec2.describe_vpcs(VpcIds=[VPC])["Vpcs"]] == [VPC]
    subnets = ec2.describe_subnets(SubnetIds=list(SUBNETS))["Subnets"]
    assert {(subnet["SubnetId"], subnet["VpcId"]) for subnet in subnets} == {(name, VPC) for name in SUBNETS}
    clusters = simulator.client("ecs").describe_clusters(clusters=[CLUSTER])["clusters"]
    assert [cluster["status"] for cluster in clusters] == ["ACTIVE"]
    simulator.control.seed(environments=[ENVIRONMENT])  # again: nothing happens


def test_seeded_secrets_hold_any_key(simulator: TestSimulator) -> None:
    simulator.control.seed(environments=[ENVIRONMENT], secrets=["acme/prod/model"])
    arn = simulator.client("secretsmanager").describe_secret(SecretId="acme/prod/model")["ARN"]
    definition = register(
        simulator,
        container={"secrets": [{"name": "KEY", "valueFrom": f"{arn}:anthropic::"}]},
        executionRoleArn=make_role(simulator),
    )
    make_service(simulator, name="bot")
    simulator.client("ecs").update_service(cluster=CLUSTER, service="bot", taskDefinition=definition)
    assert settled(simulator)["deployments"][0]["rolloutState"] == "COMPLETED"


def test_another_account_is_another_account(simulator: TestSimulator) -> None:
    role = "arn:aws:iam::210987654321:role/molthub/acme-bots/reconciler"
    other = {**ENVIRONMENT, "accountId": "210987654321", "region": "us-east-1", "roleArn": role, "externalId": "hello"}
    simulator.control.seed(environments=[other])
    sts = simulator.client("sts")
    given = sts.assume_role(RoleArn=role, RoleSessionName="test", ExternalId="hello")["Credentials"]
    there = simulator.client("sts", access_key=given["AccessKeyId"])
    assert there.get_caller_identity()["Account"] == "210987654321"
    ecs = simulator.client("ecs", access_key=given["AccessKeyId"], region="us-east-1")
    assert ecs.list_clusters()["clusterArns"] == [f"arn:aws:ecs:us-east-1:210987654321:cluster/{CLUSTER}"]
    assert simulator.client("ecs", region="us-east-1").list_clusters()["clusterArns"] == []
    by_number = simulator.client("ecs", access_key="210987654321", region="us-east-1")
    assert len(by_number.list_clusters()["clusterArns"]) == 1


def test_time_runs_as_fast_as_told(simulator: TestSimulator) -> None:
    simulator.control.set_speed(200)
    make_service(simulator)
    deadline = time.monotonic() + 10
    while see(simulator)["deployments"][0]["rolloutState"] != "COMPLETED" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert see(simulator)["deployments"][0]["rolloutState"] == "COMPLETED"


def test_the_clock_keeps_dates_in_order_and_out_of_the_future() -> None:
    moment = [0.0]
    clock = SimulatedClock(steady=lambda: moment[0], wall=lambda: 1000 + moment[0], speed=10)
    moment[0] = 2.0
    clock.advance(100)
    moment[0] = 3.0
    clock.set_speed(1)
    moment[0] = 4.0
    assert clock.now() == pytest.approx(131.0)
    dates = [clock.date_of(at) for at in (0, 10, 20, 50, 119, 121, 130, 131)]
    assert dates == sorted(dates)
    assert (dates[0], dates[1], dates[-1]) == (1000, 1001, 1004)


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda control: control.set_speed(0), "speed must be above 0"),
        (lambda control: control.advance(-1), "time only goes forward"),
        (lambda control: control.add_fault("nonsense"), "'nonsense' is not a valid Kind"),
        (lambda control: control.add_fault("throttle", access="both"), "access is read or write"),
        (lambda control: control.release("fault-none"), "no fault rule fault-none"),
        (lambda control: control.add_image_rule("*", "sings"), "'sings' is not a valid Behaviour"),
        (lambda control: control.seed(environments=[{"region": "x"}]), "KeyError: 'accountId'"),
    ],
)
def test_the_control_path_says_what_it_did_not_understand(simulator: TestSimulator, act: object, words: str) -> None:
    with pytest.raises(StallingError, match=words) as error:
        act(simulator.control)  # type: ignore[operator]
    assert error.value.ref == "MH-SIM-005"


def test_two_simulators_in_one_process_are_two_accounts(simulator: TestSimulator) -> None:
    make_role(simulator, "here")
    with start_simulator(environments=[ENVIRONMENT]) as running:
        other = TestSimulator(running)
        make_role(other, "there")
        names = [[role["RoleName"] for role in each.client("iam").list_roles()["Roles"]] for each in (simulator, other)]
        assert names == [["here"], ["there"]]
    assert [role["RoleName"] for role in simulator.client("iam").list_roles()["Roles"]] == ["here"]


def test_a_taken_port_is_an_error_people_understand(simulator: TestSimulator) -> None:
    port = int(simulator.endpoint_url.rpartition(":")[2])
    with pytest.raises(StallingError, match=f"the simulator cannot listen on port {port}") as error:
        start_simulator(port=port)
    assert error.value.ref == "MH-SIM-001"


def test_it_serves_in_the_foreground_until_interrupted() -> None:
    child = subprocess.Popen([sys.executable, "-c", SERVE], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        assert SimulatorControl(url).counters()["writes"] == 0
        child.send_signal(signal.SIGINT)
        rest, _ = child.communicate(timeout=20)
    finally:
        child.kill()  # does nothing to one that has ended
    assert (rest.strip(), child.returncode) == ("ended", 0)


def test_the_pages_explain_every_reference() -> None:
    root = Path(__file__).parents[3] / "molthub"
    page = (root / "errors" / "pages" / "sim.md").read_text()
    for number in range(1, 6):
        assert f"## MH-SIM-00{number} " in page


@pytest.mark.parametrize("expected", [True, False])
def test_the_fixture_fails_a_test_that_sent_a_violation(running_simulator: RunningSimulator, *, expected: bool) -> None:
    fixture = fresh_simulator(running_simulator)
    simulator = next(fixture)
    if expected:
        simulator.expect_violations()
    with pytest.raises(botocore.exceptions.ClientError):
        simulator.raw_client("iam").get_role(RoleName="a b")
    outcome = StopIteration if expected else pytest.fail.Exception
    with pytest.raises(outcome):
        next(fixture)
