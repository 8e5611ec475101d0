"""A container definition as ECS tells it → our Container. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from molthub.aws.arns import Names
from molthub.aws.members import unmanaged
from molthub.resources.types import Container, HealthCheck, Mount, Pairs, Port, Tmpfs

Raw = Mapping[str, Any]


def project_container(raw: Raw, names: Names) -> Container:
    """The settings of one container. AWS's defaults are filled in as our types have them."""
    linux = raw.get("linuxParameters") or {}
    capabilities = linux.get("capabilities") or {}
    log = raw.get("logConfiguration") or {}
    return Container(
        name=raw["name"],
        image=raw["image"],
        essential=raw.get("essential", True),
        user=raw.get("user") or None,
        entry_point=_command(raw.get("entryPoint")),
        command=_command(raw.get("command")),
        working_directory=raw.get("workingDirectory") or None,
        environment=_pairs(raw.get("environment"), "name", "value"),
        secrets=_secrets(raw.get("secrets"), names),
        mounts=tuple(_mount(item) for item in raw.get("mountPoints") or ()),
        ports=tuple(_port(item) for item in raw.get("portMappings") or ()),
        depends_on=_pairs(raw.get("dependsOn"), "containerName", "condition"),
        labels=tuple(sorted((raw.get("dockerLabels") or {}).items())),
        health_check=_health_check(raw.get("healthCheck")),
        readonly_root=bool(raw.get("readonlyRootFilesystem")),
        privileged=bool(raw.get("privileged")),
        init_process=bool(linux.get("initProcessEnabled")),
        capabilities_add=tuple(capabilities.get("add") or ()),
        capabilities_drop=tuple(capabilities.get("drop") or ()),
        tmpfs=tuple(_tmpfs(item) for item in linux.get("tmpfs") or ()),
        cpu=raw.get("cpu") or 0,
        memory=raw.get("memory"),
        memory_reservation=raw.get("memoryReservation"),
        start_timeout=raw.get("startTimeout"),
        stop_timeout=raw.get("stopTimeout"),
        log_driver=log.get("logDriver"),
        log_options=tuple(sorted((log.get("options") or {}).items())),
        unmanaged=tuple(_unmanaged(raw)),
    )


def _unmanaged(raw: Raw) -> Iterator[tuple[str, str]]:
    yield from unmanaged("ContainerDefinition", raw)
    yield from unmanaged("LinuxParameters", raw.get("linuxParameters"), "linuxParameters.")
    yield from unmanaged("LogConfiguration", raw.get("logConfiguration"), "logConfiguration.")
    for item in raw.get("portMappings") or ():
        yield from unmanaged("PortMapping", item, f"portMappings[{item.get('containerPort')}].")


def _command(raw: Iterable[str] | None) -> tuple[str, ...] | None:
    """ECS tells an unset command as absent or as an empty list."""
    return tuple(raw) if raw else None


def _pairs(raw: Iterable[Raw] | None, key: str, value: str) -> Pairs:
    return tuple(sorted((item[key], item.get(value) or "") for item in raw or ()))


def _secrets(raw: Iterable[Raw] | None, names: Names) -> Pairs:
    return tuple(sorted((item["name"], names.symbolise(item["valueFrom"])) for item in raw or ()))


def _mount(raw: Raw) -> Mount:
    return Mount(raw.get("sourceVolume") or "", raw.get("containerPath") or "", bool(raw.get("readOnly")))


def _port(raw: Raw) -> Port:
    return Port(raw.get("containerPort") or 0, raw.get("protocol") or "tcp")


def _tmpfs(raw: Raw) -> Tmpfs:
    return Tmpfs(raw["containerPath"], raw["size"], tuple(raw.get("mountOptions") or ()))


def _health_check(raw: Raw | None) -> HealthCheck | None:
    if not raw:
        return None
    return HealthCheck(
        command=tuple(raw["command"]),
        interval=raw.get("interval") or 30,
        timeout=raw.get("timeout") or 5,
        retries=raw.get("retries") or 3,
        start_period=raw.get("startPeriod"),
    )
