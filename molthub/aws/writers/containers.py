"""Our Container → a container definition as RegisterTaskDefinition takes it. Pure; the mirror of readers/containers."""

from __future__ import annotations

from typing import Any

from molthub.aws.arns import Ids
from molthub.resources.types import Container, HealthCheck, Pairs


def definition_of(container: Container, ids: Ids) -> dict[str, Any]:
    """Only what is set: AWS's defaults stay unsaid."""
    raw: dict[str, Any] = {
        "name": container.name,
        "image": container.image,
        "essential": container.essential,
        "readonlyRootFilesystem": container.readonly_root,
        "privileged": container.privileged,
        "user": container.user,
        "entryPoint": _listed(container.entry_point),
        "command": _listed(container.command),
        "workingDirectory": container.working_directory,
        "environment": _pairs(container.environment, "name", "value"),
        "secrets": [{"name": name, "valueFrom": ids.resolve(text)} for name, text in container.secrets],
        "mountPoints": [
            {"sourceVolume": mount.volume, "containerPath": mount.path, "readOnly": mount.read_only}
            for mount in container.mounts
        ],
        "portMappings": [
            {"containerPort": port.port, "hostPort": port.port, "protocol": port.protocol} for port in container.ports
        ],
        "dependsOn": _pairs(container.depends_on, "containerName", "condition"),
        "dockerLabels": dict(container.labels),
        "healthCheck": _health_check(container.health_check),
        "linuxParameters": _linux(container),
        "cpu": container.cpu,
        "memory": container.memory,
        "memoryReservation": container.memory_reservation,
        "startTimeout": container.start_timeout,
        "stopTimeout": container.stop_timeout,
        "logConfiguration": _log(container),
    }
    return {name: value for name, value in raw.items() if value is not None and value not in ([], {})}


def _listed(items: tuple[str, ...] | None) -> list[str] | None:
    return None if items is None else list(items)


def _pairs(pairs: Pairs, key: str, value: str) -> list[dict[str, str]]:
    return [{key: first, value: second} for first, second in pairs]


def _health_check(check: HealthCheck | None) -> dict[str, Any] | None:
    if check is None:
        return None
    raw: dict[str, Any] = {
        "command": list(check.command),
        "interval": check.interval,
        "timeout": check.timeout,
        "retries": check.retries,
    }
    return raw if check.start_period is None else raw | {"startPeriod": check.start_period}


def _linux(container: Container) -> dict[str, Any]:
    raw: dict[str, Any] = {}
    if container.init_process:
        raw["initProcessEnabled"] = True
    capabilities = {"add": list(container.capabilities_add), "drop": list(container.capabilities_drop)}
    if any(capabilities.values()):
        raw["capabilities"] = {way: names for way, names in capabilities.items() if names}
    if container.tmpfs:
        raw["tmpfs"] = [
            {"containerPath": item.path, "size": item.size_mib, "mountOptions": list(item.options)}
            for item in container.tmpfs
        ]
    return raw


def _log(container: Container) -> dict[str, Any]:
    if container.log_driver is None:
        return {}
    return {"logDriver": container.log_driver, "options": dict(container.log_options)}
