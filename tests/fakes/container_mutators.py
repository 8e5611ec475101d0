"""The part of the mutators that changes one container of a definition (see mutators.py).

A mutator gets the container's data, the whole definition's and the leaf's keys. In the paths it gives, "@" stands for
the container.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
Paths = set[str]
Change = Callable[..., Paths | None]

_LIST = r"\[(\d+)\]"
_KEY = r"\[([^\]]+)\]"


def _set(name: str, value: Any) -> Change:
    return lambda container, _data: container.update({name: value})


def _rename(container: Json, data: Json) -> Paths:
    """Another name is another container: the one is gone and the other is new."""
    name, new = container["name"], f"{container['name']}-renamed"
    container["name"] = new
    for other in data["containerDefinitions"]:
        for dependency in other.get("dependsOn", ()):
            dependency["containerName"] = new if dependency["containerName"] == name else dependency["containerName"]
    depends = {"containers[gateway].depends_on…"} if name == "init" else set()
    return {"@…", f"containers[{new}]…", *depends}


def _essential(container: Json, data: Json) -> Paths:
    """One container must be essential, and nothing waits for the success of an essential one."""
    gateway = next(item for item in data["containerDefinitions"] if item["name"] == "gateway")
    init = next(item for item in data["containerDefinitions"] if item["name"] == "init")
    gateway["dependsOn"] = [{"containerName": "init", "condition": "START"}]
    init["essential"] = True
    if container is gateway:
        gateway["essential"] = False
    own = {"containers[gateway].essential"} if container is gateway else set()
    return {"containers[init].essential", "containers[gateway].depends_on[init]", *own}


def _init_depends(container: Json, data: Json) -> Paths:
    """The other way round: a circle is refused."""
    gateway = next(item for item in data["containerDefinitions"] if item["name"] == "gateway")
    gateway["dependsOn"] = []
    container["dependsOn"] = [{"containerName": "gateway", "condition": "START"}]
    return {"containers[gateway].depends_on[init]", "@.depends_on[gateway]"}


def _dependency(container: Json, _data: Json, name: str) -> None:
    container["dependsOn"] = [{"containerName": name, "condition": "COMPLETE"}]


def _word(name: str) -> Change:
    def change(container: Json, _data: Json, index: str) -> None:
        container[name][int(index)] += " changed"

    return change


def _variable(container: Json, _data: Json, name: str) -> None:
    next(item for item in container["environment"] if item["name"] == name)["value"] = "changed"


def _secret(container: Json, _data: Json, name: str) -> None:
    entry = next(item for item in container["secrets"] if item["name"] == name)
    entry["valueFrom"] = ":".join(entry["valueFrom"].split(":")[:7]) + ":changed::"


def _a_secret(container: Json, data: Json) -> Paths:
    gateway = next(item for item in data["containerDefinitions"] if item["name"] == "gateway")
    container["secrets"] = [{"name": "STOLEN", "valueFrom": gateway["secrets"][0]["valueFrom"]}]
    return {"@.secrets[STOLEN]"}


def _label(container: Json, _data: Json, key: str) -> None:
    container["dockerLabels"][key] = "changed"


def _a_label(container: Json, _data: Json) -> Paths:
    container["dockerLabels"] = {"by": "hand"}
    return {"@.labels[by]"}


def _log_option(container: Json, _data: Json, key: str) -> None:
    changed = {"mode": "blocking", "max-buffer-size": "50m", "awslogs-region": "eu-central-1"}
    container["logConfiguration"]["options"][key] = changed.get(key, "changed")


def _log_driver(container: Json, _data: Json) -> Paths:
    """The options go with the driver: ECS refuses those of another."""
    options = {"splunk-url": "https://splunk.example.com", "splunk-token": "none"}
    container["logConfiguration"] = {"logDriver": "splunk", "options": options}
    return {"@.log_driver", "@.log_options…"}


def _mount(field: str) -> Change:
    def change(container: Json, _data: Json, index: str) -> None:
        mount = sorted(container["mountPoints"], key=lambda item: item["sourceVolume"])[int(index)]
        if field == "sourceVolume":
            mount[field] = "state" if mount[field] != "state" else "cache"
        else:
            mount[field] = not mount["readOnly"] if field == "readOnly" else f"{mount[field]}/changed"

    return change


def _linux(name: str, value: Any) -> Change:
    def change(container: Json, _data: Json) -> None:
        container.setdefault("linuxParameters", {})[name] = value

    return change


def _no_init_process(container: Json, _data: Json) -> None:
    linux = container.setdefault("linuxParameters", {})
    linux["initProcessEnabled"] = not linux.get("initProcessEnabled", False)


def _add_capability(container: Json, _data: Json) -> Paths:
    """The only one that Fargate lets a task add."""
    container["linuxParameters"]["capabilities"]["add"] = ["SYS_PTRACE"]
    return {"@.capabilities_add[0]"}


def _dropped_capability(container: Json, _data: Json, index: str) -> None:
    drops = sorted(container["linuxParameters"]["capabilities"]["drop"])
    drops[int(index)] = "WAKE_ALARM"
    container["linuxParameters"]["capabilities"]["drop"] = drops


def _tmpfs(name: str, value: Any) -> Change:
    def change(container: Json, _data: Json, index: str) -> None:
        container["linuxParameters"]["tmpfs"][int(index)][name] = value

    return change


def _tmpfs_option(container: Json, _data: Json, index: str, option: str) -> None:
    tmpfs = container["linuxParameters"]["tmpfs"][int(index)]
    options = sorted(tmpfs["mountOptions"])
    options[int(option)] = "relatime"
    tmpfs["mountOptions"] = options


def _a_port(container: Json, _data: Json) -> Paths:
    container["portMappings"] = [{"containerPort": 8080, "protocol": "tcp"}]
    return {"@.ports[0]…"}


def _health(name: str, value: int) -> Change:
    def change(container: Json, _data: Json) -> None:
        container["healthCheck"][name] = value

    return change


def _health_word(container: Json, _data: Json, index: str) -> None:
    command = container["healthCheck"]["command"]
    command[int(index)] = "CMD-SHELL" if index == "0" else f"{command[int(index)]} changed"


def _a_health_check(container: Json, _data: Json) -> Paths:
    container["healthCheck"] = {"command": ["CMD-SHELL", "true"]}
    return {"@.health_check…"}


def _interactive(container: Json, _data: Json) -> Paths:
    container["interactive"] = True
    return {"@.unmanaged[interactive]"}


CONTAINER: dict[str, Change] = {
    "name": _rename,
    "image": _set("image", "ghcr.io/openclaw/openclaw:2026.9.5"),
    "essential": _essential,
    "user": _set("user", "1001"),
    f"entry_point{_LIST}": _word("entryPoint"),
    f"command{_LIST}": _word("command"),
    "working_directory": _set("workingDirectory", "/changed"),
    f"environment{_KEY}": _variable,
    f"secrets{_KEY}": _secret,
    rf"mounts{_LIST}\.volume": _mount("sourceVolume"),
    rf"mounts{_LIST}\.path": _mount("containerPath"),
    rf"mounts{_LIST}\.read_only": _mount("readOnly"),
    "ports": _a_port,
    f"depends_on{_KEY}": _dependency,
    f"labels{_KEY}": _label,
    rf"health_check\.command{_LIST}": _health_word,
    r"health_check\.interval": _health("interval", 20),
    r"health_check\.timeout": _health("timeout", 20),
    r"health_check\.retries": _health("retries", 5),
    r"health_check\.start_period": _health("startPeriod", 200),
    "readonly_root": _set("readonlyRootFilesystem", value=False),
    "init_process": _no_init_process,
    "capabilities_add": _add_capability,
    f"capabilities_drop{_LIST}": _dropped_capability,
    rf"tmpfs{_LIST}\.path": _tmpfs("containerPath", "/changed"),
    rf"tmpfs{_LIST}\.size_mib": _tmpfs("size", 512),
    rf"tmpfs{_LIST}\.options{_LIST}": _tmpfs_option,
    "cpu": _set("cpu", 128),
    "memory": _set("memory", 1024),
    "memory_reservation": _set("memoryReservation", 512),
    "start_timeout": _set("startTimeout", 60),
    "stop_timeout": _set("stopTimeout", 30),
    "log_driver": _log_driver,
    f"log_options{_KEY}": _log_option,
    "unmanaged": _interactive,
}

INIT_ONLY: dict[str, Change] = {
    "secrets": _a_secret,
    "labels": _a_label,
    "depends_on": _init_depends,
    "health_check": _a_health_check,
}
"""What the gateway has and the init container has not: there it is one leaf, empty."""
