"""What Fargate accepts in a task definition, and nothing in botocore's model says.

Source: "Amazon ECS task definition differences for Fargate" and the task size table of the developer guide.
"""

from __future__ import annotations

import re

from molthub.simulator.ecs.state import Json
from molthub.simulator.refusals import MalformedRequestError

_GIB = 1024

SIZES: dict[int, tuple[int, ...]] = {
    256: (512, _GIB, 2 * _GIB),
    512: tuple(range(_GIB, 4 * _GIB + 1, _GIB)),
    1024: tuple(range(2 * _GIB, 8 * _GIB + 1, _GIB)),
    2048: tuple(range(4 * _GIB, 16 * _GIB + 1, _GIB)),
    4096: tuple(range(8 * _GIB, 30 * _GIB + 1, _GIB)),
    8192: tuple(range(16 * _GIB, 60 * _GIB + 1, 4 * _GIB)),
    16384: tuple(range(32 * _GIB, 120 * _GIB + 1, 8 * _GIB)),
}
"""CPU units → the memory sizes (MiB) that go with them."""

SMALLEST_STORAGE, LARGEST_STORAGE = 21, 200
LONGEST_TIMEOUT = 120
LONGEST_START_PERIOD = 300


def check(params: Json) -> None:
    """Refuse a definition that Fargate could never run. Definitions that do not ask for Fargate pass."""
    if "FARGATE" not in params.get("requiresCompatibilities", ()):
        return
    if params.get("networkMode") != "awsvpc":
        raise _bad("Fargate only supports network mode 'awsvpc'.")
    if "cpu" not in params or "memory" not in params:
        raise _bad("Fargate requires that 'cpu' be defined at the task level.")
    _check_size(_units(params["cpu"], {"vcpu": 1024}), _units(params["memory"], {"gb": 1024}))
    storage = params.get("ephemeralStorage", {}).get("sizeInGiB")
    if storage is not None and not SMALLEST_STORAGE <= storage <= LARGEST_STORAGE:
        raise _bad("Ephemeral storage size must be between 21 and 200 GiB.")
    names = [container["name"] for container in params["containerDefinitions"]]
    if len(set(names)) != len(names):
        raise _bad("Duplicate container names are not allowed.")
    if all(container.get("essential") is False for container in params["containerDefinitions"]):
        raise _bad("The task definition must have at least one essential container.")
    for container in params["containerDefinitions"]:
        _check_container(container, params)
    for volume in params.get("volumes", ()):
        _check_volume(volume)


def _check_volume(volume: Json) -> None:
    """Sources: EFSVolumeConfiguration and EFSAuthorizationConfig of the ECS API reference."""
    settings = volume.get("efsVolumeConfiguration")
    if settings is None:
        return
    authorisation = settings.get("authorizationConfig", {})
    secure = settings.get("transitEncryption") == "ENABLED"
    if (authorisation.get("iam") == "ENABLED" or authorisation.get("accessPointId")) and not secure:
        raise _bad("Transit encryption must be enabled when IAM authorization or an access point is used.")
    if authorisation.get("accessPointId") and settings.get("rootDirectory", "/") != "/":
        raise _bad("The root directory must be omitted or '/' when an access point is specified.")


def _check_size(cpu: int | None, memory: int | None) -> None:
    if cpu not in SIZES:
        raise _bad("Invalid 'cpu' setting for task.")
    if memory not in SIZES[cpu]:
        raise _bad("No Fargate configuration exists for given values.")


def _check_container(container: Json, params: Json) -> None:
    name = container["name"]
    if container.get("privileged"):
        raise _bad(f"Fargate does not support privileged containers: {name}.")
    for key in ("startTimeout", "stopTimeout"):
        if container.get(key, 0) > LONGEST_TIMEOUT:
            raise _bad(f"{key} must be at most 120 seconds on Fargate: {name}.")
    if container.get("healthCheck", {}).get("startPeriod", 0) > LONGEST_START_PERIOD:
        raise _bad(f"The startPeriod of a health check must be at most 300 seconds: {name}.")
    known = {item["name"] for item in params["containerDefinitions"]}
    for dependency in container.get("dependsOn", ()):
        if dependency["containerName"] not in known:
            raise _bad(f"Container {name} depends on an unknown container {dependency['containerName']}.")
    _check_references(container, params)


def _check_references(container: Json, params: Json) -> None:
    """Volumes and roles that a container needs elsewhere in the definition."""
    volumes = {volume["name"] for volume in params.get("volumes", ())}
    for mount in container.get("mountPoints", ()):
        if mount.get("sourceVolume") not in volumes:
            raise _bad(f"Unknown volume '{mount.get('sourceVolume')}'.")
    if container.get("secrets") and "executionRoleArn" not in params:
        raise _bad("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'.")
    log = container.get("logConfiguration")
    if log and log["logDriver"] == "awslogs" and "executionRoleArn" not in params:
        raise _bad("Fargate requires task definition to have execution role ARN to support log driver awslogs.")


def _units(text: str, suffixes: dict[str, int]) -> int | None:
    """`1024`, `1 vCPU`, `.5 vCPU`, `2GB` → units; None for anything else."""
    match = re.fullmatch(r"\s*([\d.]+)\s*([a-z]*)\s*", text.lower())
    if match is None or (match[2] and match[2] not in suffixes):
        return None
    return int(float(match[1]) * suffixes.get(match[2], 1))


def _bad(message: str) -> MalformedRequestError:
    return MalformedRequestError("ClientException", message)
