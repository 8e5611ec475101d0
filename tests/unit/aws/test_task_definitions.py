"""A definition written and read back is the same, leaf by leaf; what AWS says otherwise shows."""

from dataclasses import replace
from typing import Any

import pytest

from molthub.aws.arns import Account, Ids, Names
from molthub.aws.readers.task_definitions import (
    fingerprint_of,
    project_task_definition,
    settings,
)
from molthub.aws.writers.task_definitions import family_of, request_of
from molthub.resources.normal import leaves, normalise, task_fingerprint
from molthub.resources.types import Container, HealthCheck, Mount, Port, TaskDefinition, Tmpfs

ACCOUNT = Account("aws", "123456789012", "eu-west-1")
PATH = "/molthub/acme-bots/"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme/prod/model-AbCdEf"
IDS = Ids(ACCOUNT, PATH, secrets={"acme/prod/model": ARN})
NAMES = Names(ACCOUNT, PATH, secrets={ARN: "acme/prod/model"})

GATEWAY = Container(
    name="gateway",
    image="ghcr.io/openclaw/openclaw:2026.9.6",
    user="1000:1000",
    entry_point=("node",),
    command=("openclaw.mjs", "gateway"),
    working_directory="/app",
    environment=(("TZ", "UTC"), ("EMPTY", "")),
    secrets=(("WHOLE", "${secret:acme/prod/model}"), ("KEY", "${secret:acme/prod/model}:anthropic::")),
    mounts=(Mount("config", "/config", read_only=True), Mount("state", "/state")),
    ports=(Port(18789), Port(53, "udp")),
    depends_on=(("init", "SUCCESS"),),
    labels=(("molthub.secrets", "abc"),),
    health_check=HealthCheck(("CMD", "node", "-e", "0"), interval=15, timeout=10, retries=5, start_period=120),
    readonly_root=True,
    privileged=False,
    init_process=True,
    capabilities_add=("CHOWN",),
    capabilities_drop=("ALL", "NET_RAW"),
    tmpfs=(Tmpfs("/tmp", 64, ("noexec", "nosuid")),),
    cpu=512,
    memory=1024,
    memory_reservation=512,
    start_timeout=60,
    stop_timeout=120,
    log_driver="awslogs",
    log_options=(("awslogs-group", "/molthub/x"), ("awslogs-region", "eu-west-1")),
)
DEFINITION = normalise(
    TaskDefinition(
        family="molthub-x",
        cpu=1024,
        memory=2048,
        architecture="ARM64",
        task_role="mh-x-task",
        execution_role="mh-x-exec",
        containers=(Container(name="init", image="i:1", essential=False), GATEWAY),
        volumes=("state", "config"),
        ephemeral_storage_gib=30,
    )
)


def raw() -> dict[str, Any]:
    return {**request_of(DEFINITION, IDS), "taskDefinitionArn": "arn:aws:ecs:x:1:task-definition/molthub-x:3"}


def test_written_and_read_back_every_leaf_is_the_same() -> None:
    assert leaves(project_task_definition(raw(), NAMES)) == leaves(DEFINITION)


def test_roles_and_secrets_travel_as_arns() -> None:
    request = raw()
    assert request["taskRoleArn"] == "arn:aws:iam::123456789012:role/molthub/acme-bots/mh-x-task"
    values = {item["name"]: item["valueFrom"] for item in request["containerDefinitions"][1]["secrets"]}
    assert values == {"WHOLE": ARN, "KEY": f"{ARN}:anthropic::"}


def test_what_aws_fills_in_is_no_difference() -> None:
    filled = raw()
    filled |= {"status": "ACTIVE", "revision": 3, "placementConstraints": [], "registeredBy": "arn:aws:iam::1:root"}
    filled |= {"compatibilities": ["EC2", "FARGATE"], "requiresAttributes": [{"name": "x"}], "cpu": "1 vCPU"}
    filled["memory"] = "2GB"
    for item in filled["volumes"]:
        item["host"] = {}
    for container in filled["containerDefinitions"]:
        container |= {"volumesFrom": [], "systemControls": [], "versionConsistency": "enabled", "interactive": False}
        container.setdefault("environment", [])
        container.setdefault("entryPoint", [])
    assert project_task_definition(filled, NAMES) == DEFINITION


def test_order_means_nothing_but_in_commands_and_containers() -> None:
    mixed = raw()
    gateway = mixed["containerDefinitions"][1]
    for name in ("environment", "secrets", "mountPoints", "portMappings"):
        gateway[name] = gateway[name][::-1]
    assert project_task_definition(mixed, NAMES) == DEFINITION
    gateway["command"] = gateway["command"][::-1]
    assert project_task_definition(mixed, NAMES) != DEFINITION


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"pidMode": "task"}, "unmanaged[pidMode]"),
        ({"volumes": [{"name": "config"}, {"name": "state", "configuredAtLaunch": True}]}, "unmanaged[volumes[state]."),
        ({"taskRoleArn": "arn:aws:iam::123456789012:role/admin"}, "task_role"),
        ({"taskRoleArn": None}, "task_role"),
    ],
)
def test_what_molthub_never_sets_shows(change: dict[str, Any], path: str) -> None:
    have, want = leaves(project_task_definition(raw() | change, NAMES)), leaves(DEFINITION)
    differing = {name for name in have.keys() | want.keys() if have.get(name) != want.get(name)}
    assert any(name.startswith(path) for name in differing)


def test_settings_deep_in_a_container_show() -> None:
    changed = raw()
    gateway = changed["containerDefinitions"][1]
    gateway["ulimits"] = [{"name": "nofile", "softLimit": 1, "hardLimit": 2}]
    gateway["linuxParameters"]["sharedMemorySize"] = 64
    gateway["logConfiguration"]["secretOptions"] = [{"name": "a", "valueFrom": "b"}]
    for mapping in gateway["portMappings"]:
        if mapping["containerPort"] == 53:
            mapping["appProtocol"] = "http"
    found = project_task_definition(changed, NAMES).containers[1].unmanaged
    assert [path for path, _ in found] == [
        "linuxParameters.sharedMemorySize",
        "logConfiguration.secretOptions",
        "portMappings[53].appProtocol",
        "ulimits",
    ]


def test_a_recreated_secret_shows_as_its_raw_arn() -> None:
    recreated = Names(ACCOUNT, PATH, secrets={ARN[:-6] + "ZyXwVu": "acme/prod/model"})
    secrets = dict(project_task_definition(raw(), recreated).containers[1].secrets)
    assert secrets["WHOLE"] == ARN


def test_a_secret_linked_by_arn_stays_an_arn() -> None:
    pinned = replace(NAMES, pinned=frozenset({ARN}))
    assert dict(project_task_definition(raw(), pinned).containers[1].secrets)["KEY"] == f"{ARN}:anthropic::"


def test_the_fingerprint_is_that_of_the_desired_content() -> None:
    assert fingerprint_of(raw(), NAMES) == task_fingerprint(DEFINITION)


def test_family_of_an_arn() -> None:
    assert family_of("arn:aws:ecs:eu-west-1:1:task-definition/molthub-x:12") == "molthub-x"


def test_bookkeeping_is_not_cached() -> None:
    kept = settings(raw() | {"status": "ACTIVE", "revision": 3, "registeredAt": "now"})
    assert not {"status", "revision", "registeredAt"} & kept.keys()
