"""Decoding and judging requests, pages, and answers that fit the services' own models."""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molthub.simulator import cbor
from molthub.simulator.validation import compile_pattern
from molthub.simulator.wire import SERVICES, service_model
from tests.fakes.aws_objects import TRUST, make_group, make_role, make_service, register, service_request, settled
from tests.fakes.simulator import CLUSTER, VPC, TestSimulator

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_cbor_comes_back_as_it_went(value: Any) -> None:
    assert cbor.loads(cbor.dumps(value)) == value


@pytest.mark.parametrize("data", [b"", b"\x19\x01", b"\x62a", b"\xa1\x61", b"\x5f\x41"])
def test_what_is_not_cbor_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match="not CBOR"):
        cbor.loads(data)


def test_indefinite_cbor_is_read_too() -> None:
    assert cbor.loads(b"\xbf\x61a\x9f\x01\x02\xff\x61b\x7f\x61x\x61y\xff\xff") == {"a": [1, 2], "b": "xy"}


@pytest.mark.parametrize("service", sorted(SERVICES.values()))
def test_every_pattern_of_the_models_compiles(service: str) -> None:
    model = service_model(service)
    patterns = {model.shape_for(name).metadata.get("pattern") for name in model.shape_names} - {None}
    for pattern in patterns:
        compile_pattern(str(pattern))


@pytest.mark.parametrize(
    ("service", "operation", "request_"),
    [
        ("iam", "simulate_custom_policy", {"PolicyInputList": ["{}"], "ActionNames": ["a:b"]}),
        ("ecs", "create_capacity_provider", {"name": "x"}),
        ("sqs", "list_queues", {}),
    ],
)
def test_what_nobody_handles_is_a_violation_and_not_retried(
    simulator: TestSimulator, service: str, operation: str, request_: dict[str, Any]
) -> None:
    simulator.expect_violations()
    client = simulator.new_client(service, retries={"total_max_attempts": 4})
    with pytest.raises(botocore.exceptions.ClientError) as error:
        getattr(client, operation)(**request_)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert len(simulator.control.calls()) == 1
    assert len(simulator.control.violations()) == 1


def test_a_violation_never_repeats_a_value(simulator: TestSimulator) -> None:
    simulator.expect_violations()
    with pytest.raises(botocore.exceptions.ClientError) as error:
        simulator.raw_client("secretsmanager").create_secret(Name="bot", SecretString="x", KmsKeyId=["hush"])
    assert "hush" not in str(error.value)
    assert simulator.control.violations() == ["MH-SIM-002 secretsmanager:CreateSecret: KmsKeyId: must be a string"]


def test_every_problem_of_a_request_is_told(simulator: TestSimulator) -> None:
    simulator.expect_violations()
    with pytest.raises(botocore.exceptions.ClientError):
        simulator.raw_client("ecs").create_service(desiredCount="1", propagateTags="ALL")
    told = (
        "MH-SIM-002 ecs:CreateService: serviceName: required; desiredCount: must be a integer; "
        "propagateTags: must be one of TASK_DEFINITION, SERVICE, NONE"
    )
    assert simulator.control.violations() == [told]


def _pages(client: Any, operation: str, key: str, size: int, **request: Any) -> list[list[Any]]:
    pages = client.get_paginator(operation).paginate(**request, PaginationConfig={"PageSize": size})
    return [page[key] for page in pages]


def _make_services(simulator: TestSimulator, count: int) -> None:
    definition, group = register(simulator), make_group(simulator)
    for index in range(count):
        tags = [{"key": "number", "value": str(index)}]
        request = service_request(definition, group, name=f"bot-{index:02d}", tags=tags)
        simulator.client("ecs").create_service(**request)


def test_services_come_ten_a_page_unless_more_are_asked_for(simulator: TestSimulator) -> None:
    _make_services(simulator, 23)
    ecs = simulator.client("ecs")
    first = ecs.list_services(cluster=CLUSTER)
    assert len(first["serviceArns"]) == 10
    assert [len(page) for page in _pages(ecs, "list_services", "serviceArns", 10, cluster=CLUSTER)] == [10, 10, 3]
    assert [len(page) for page in _pages(ecs, "list_services", "serviceArns", 100, cluster=CLUSTER)] == [23]
    simulator.control.advance(100)
    tasks = _pages(ecs, "list_tasks", "taskArns", 20, cluster=CLUSTER)
    assert [len(page) for page in tasks] == [20, 3]


def test_a_page_goes_on_after_what_it_gave_although_the_list_changed(simulator: TestSimulator) -> None:
    _make_services(simulator, 12)
    ecs = simulator.client("ecs")
    first = ecs.list_services(cluster=CLUSTER)
    ecs.delete_service(cluster=CLUSTER, service="bot-00", force=True)
    second = ecs.list_services(cluster=CLUSTER, nextToken=first["nextToken"])
    assert [arn.rpartition("/")[2] for arn in second["serviceArns"]] == ["bot-10", "bot-11"]


def test_tagged_resources_come_by_tag_and_type_a_hundred_a_page(simulator: TestSimulator) -> None:
    logs = simulator.client("logs")
    for index in range(103):
        logs.create_log_group(logGroupName=f"/bot/{index}", tags={"fleet": "acme"})
    logs.create_log_group(logGroupName="/other", tags={"fleet": "other"})
    make_service(simulator, tags=[{"key": "fleet", "value": "acme"}])
    tagging = simulator.client("resourcegroupstaggingapi")
    wanted = {"TagFilters": [{"Key": "fleet", "Values": ["acme"]}]}
    pages = _pages(tagging, "get_resources", "ResourceTagMappingList", 100, **wanted)
    assert [len(page) for page in pages] == [100, 4]
    groups = _pages(tagging, "get_resources", "ResourceTagMappingList", 100, **wanted, ResourceTypeFilters=["logs"])
    assert sum(map(len, groups)) == 103
    assert groups[0][0] == {
        "ResourceARN": "arn:aws:logs:eu-west-1:123456789012:log-group:/bot/0",
        "Tags": [{"Key": "fleet", "Value": "acme"}],
    }
    services = tagging.get_resources(ResourceTypeFilters=["ecs:service"])["ResourceTagMappingList"]
    assert [item["ResourceARN"].rpartition("/")[2] for item in services] == ["bot"]


def test_roles_and_groups_come_in_pages_that_moto_does_not_know(simulator: TestSimulator) -> None:
    iam, ec2 = simulator.client("iam"), simulator.client("ec2")
    for index in range(12):
        path = "/molthub/acme/" if index < 7 else "/"
        iam.create_role(RoleName=f"bot-{index:02d}", AssumeRolePolicyDocument=TRUST, Path=path)
        tags = [{"ResourceType": "security-group", "Tags": [{"Key": "fleet", "Value": "acme"}]}]
        ec2.create_security_group(GroupName=f"bot-{index}", Description="a bot", VpcId=VPC, TagSpecifications=tags)
    details = _pages(iam, "get_account_authorization_details", "RoleDetailList", 5, Filter=["Role"])
    assert [len(page) for page in details] == [5, 5, 2]
    assert [len(page) for page in _pages(iam, "list_roles", "Roles", 4, PathPrefix="/molthub/acme/")] == [4, 3]
    filters = [{"Name": "tag:fleet", "Values": ["acme"]}]
    groups = _pages(ec2, "describe_security_groups", "SecurityGroups", 5, Filters=filters)
    assert [len(page) for page in groups] == [5, 5, 2]
    assert len({group["GroupId"] for page in groups for group in page}) == 12


def test_secrets_and_log_groups_come_in_pages(simulator: TestSimulator) -> None:
    secrets, logs = simulator.client("secretsmanager"), simulator.client("logs")
    for index in range(12):
        secrets.create_secret(Name=f"bot/{index}", SecretString="{}")
        logs.create_log_group(logGroupName=f"/bot/{index}")
    assert [len(page) for page in _pages(secrets, "list_secrets", "SecretList", 5)] == [5, 5, 2]
    assert [len(page) for page in _pages(logs, "describe_log_groups", "logGroups", 5)] == [5, 5, 2]


def test_the_request_token_of_a_new_secret_is_its_version(simulator: TestSimulator) -> None:
    secrets = simulator.client("secretsmanager")
    secrets.create_secret(Name="bot", SecretString="{}", ClientRequestToken="0" * 32)
    listed = secrets.list_secrets()["SecretList"][0]
    assert listed["SecretVersionsToStages"] == {"0" * 32: ["AWSCURRENT"]}


def test_every_answer_of_the_ecs_engine_fits_the_model(simulator: TestSimulator) -> None:
    """botocore drops what its model does not have, so the raw answers are looked at."""
    ecs = simulator.new_client("ecs")
    strange: list[str] = []
    ecs.meta.events.register("before-parse.ecs", lambda **event: strange.extend(_strangers(event)))
    definition = register(simulator, executionRoleArn=make_role(simulator))
    ecs.create_service(**service_request(definition, make_group(simulator), tags=[{"key": "a", "value": "b"}]))
    settled(simulator)
    ecs.update_service(cluster=CLUSTER, service="bot", taskDefinition=register(simulator, "bot:2-crash"))
    simulator.control.advance(200)
    ecs.describe_services(cluster=CLUSTER, services=["bot", "none"], include=["TAGS"])
    for status in ("RUNNING", "STOPPED"):
        tasks = ecs.list_tasks(cluster=CLUSTER, desiredStatus=status)["taskArns"]
        ecs.describe_tasks(cluster=CLUSTER, tasks=tasks, include=["TAGS"])
    deployments = ecs.list_service_deployments(cluster=CLUSTER, service="bot")["serviceDeployments"]
    arns = [item["serviceDeploymentArn"] for item in deployments]
    ecs.describe_service_deployments(serviceDeploymentArns=arns)
    ecs.describe_service_revisions(serviceRevisionArns=[item["targetServiceRevisionArn"] for item in deployments])
    ecs.describe_task_definition(taskDefinition=definition, include=["TAGS"])
    ecs.describe_clusters(clusters=[CLUSTER])
    ecs.list_task_definitions(familyPrefix="bot")
    ecs.list_task_definition_families()
    ecs.delete_service(cluster=CLUSTER, service="bot", force=True)
    ecs.deregister_task_definition(taskDefinition=definition)
    ecs.delete_task_definitions(taskDefinitions=[definition])
    assert strange == []


def _strangers(event: dict[str, Any]) -> list[str]:
    return list(_unknown(event["operation_model"].output_shape, json.loads(event["response_dict"]["body"]), ""))


def _unknown(shape: Any, value: Any, path: str) -> Any:
    if shape.type_name == "structure":
        for name, item in value.items():
            if name not in shape.members:
                yield f"{path}.{name}"
            else:
                yield from _unknown(shape.members[name], item, f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from _unknown(shape.member, item, path)
    elif (shape.type_name == "string" and (not isinstance(value, str) or (shape.enum and value not in shape.enum))) or (
        shape.type_name == "integer" and not isinstance(value, int)
    ):
        yield f"{path} is {value!r}"
