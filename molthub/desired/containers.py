"""The two containers of a task: init, which prepares, and the gateway, which is the Moltbot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from molthub.desired.payload import INIT_VARIABLE, UID, init_payload, init_program
from molthub.desired.profiles.images import parse_image
from molthub.desired.profiles.types import RuntimeProfile
from molthub.desired.secrets import SecretKey
from molthub.desired.state import KEYS, ROOT, ROOT_DIR, STATE
from molthub.desired.tags import pairs
from molthub.manifest.models import InstanceSpec
from molthub.resources.types import Container, HealthCheck, Mount, Pairs, Tmpfs

GATEWAY = "gateway"
INIT = "init"

CONFIG_VOLUME = "config"
CACHE_VOLUME = "cache"

# What Docker grants by default, less what the init step needs: CHOWN hands the volumes over, SETUID and SETGID run the
# config check as the Moltbot's user. Fargate lets a task add none but SYS_PTRACE, so each drop is named.
INIT_DROPS = (
    "AUDIT_WRITE", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP",
    "SETPCAP", "SYS_CHROOT",
)  # fmt: skip

HEAP_SHARE = 0.75
TMPFS_MIB = 256
STOP_TIMEOUT = 120
"""Fargate's longest; the Moltbot's own drain budget is longer still (315 s)."""


@dataclass(frozen=True, slots=True)
class Materials:
    """What both containers are made of. secrets: by variable; labels: of the gateway container.

    gate_memory  MiB of the task that are not the gateway's
    """

    spec: InstanceSpec
    profile: RuntimeProfile
    service_name: str
    secrets: Mapping[str, SecretKey]
    labels: Mapping[str, str]
    log_options: Pairs
    gate_memory: int = 0

    @property
    def image(self) -> str:
        reference = parse_image(self.spec.runtime.image)
        return reference.pull if reference else self.spec.runtime.image


def init_container(materials: Materials) -> Container:
    """Root, because Fargate's volumes are root's; so: no secret, few capabilities, nothing of the manifest's `env`."""
    profile = materials.profile
    persistent = materials.spec.state.persistent
    restored = {"root": ROOT_DIR, "dirs": [KEYS, STATE]} if persistent else None
    config = profile.config(materials.spec, materials.service_name)
    payload = init_payload(profile, config, materials.secrets, restored=restored)
    root = (Mount(ROOT, ROOT_DIR),) if persistent else ()
    return Container(
        name=INIT,
        image=materials.image,
        essential=False,
        user="0",
        entry_point=("node",),
        command=("-e", init_program(persistent=persistent)),
        working_directory=profile.app,
        environment=pairs({**dict(profile.environment), INIT_VARIABLE: payload}),
        mounts=(*_mounts(profile, config_read_only=False), *root),
        readonly_root=True,
        capabilities_drop=INIT_DROPS,
        tmpfs=(_tmp(),),
        log_driver="awslogs",
        log_options=materials.log_options,
    )


def gateway_container(materials: Materials) -> Container:
    """The Moltbot: uid 1000, no capability, a root it cannot write, a config it cannot change, bound to loopback."""
    profile, runtime = materials.profile, materials.spec.runtime
    program, *arguments = profile.command(runtime.command)
    return Container(
        name=GATEWAY,
        image=materials.image,
        essential=True,
        user=str(UID),
        entry_point=(program,),
        command=tuple(arguments),
        working_directory=profile.app,
        environment=_environment(materials),
        secrets=pairs({name: key.value_from for name, key in materials.secrets.items()}),
        mounts=_mounts(profile, config_read_only=True),
        depends_on=((INIT, "SUCCESS"),),
        labels=pairs(dict(materials.labels)),
        health_check=HealthCheck(
            command=("CMD", "node", "-e", profile.health), interval=30, timeout=10, retries=3, start_period=300
        ),
        readonly_root=True,
        init_process=True,
        capabilities_drop=("ALL",),
        tmpfs=(_tmp(),),
        stop_timeout=STOP_TIMEOUT,
        log_driver="awslogs",
        log_options=materials.log_options,
    )


def volumes(*, persistent: bool) -> tuple[str, ...]:
    """The volumes that are gone with the task."""
    return (CACHE_VOLUME, CONFIG_VOLUME) if persistent else (CACHE_VOLUME, CONFIG_VOLUME, KEYS, STATE)


def log_options(*, group: str, region: str) -> Pairs:
    """Non-blocking: a slow CloudWatch may lose lines (after 25 MiB), it may not stop the Moltbot."""
    return pairs(
        {
            "awslogs-group": group,
            "awslogs-region": region,
            "awslogs-stream-prefix": "moltbot",
            "max-buffer-size": "25m",
            "mode": "non-blocking",
        }
    )


def heap_option(memory: int) -> str:
    """Node's heap limit where so many MiB are the gateway's; the rest is for its helpers and buffers."""
    return f"--max-old-space-size={int(memory * HEAP_SHARE)}"


def _environment(materials: Materials) -> Pairs:
    """The manifest's literals, then what the profile fixes; a variable that is a secret is no literal."""
    runtime = materials.spec.runtime
    fixed = {**dict(materials.profile.environment), "NODE_OPTIONS": heap_option(runtime.memory - materials.gate_memory)}
    merged = {**runtime.env, **fixed}
    return pairs({name: value for name, value in merged.items() if name not in materials.secrets})


def _mounts(profile: RuntimeProfile, *, config_read_only: bool) -> tuple[Mount, ...]:
    return (
        Mount(CACHE_VOLUME, profile.cache_dir),
        Mount(CONFIG_VOLUME, profile.config_dir, read_only=config_read_only),
        Mount(KEYS, profile.keys_dir),
        Mount(STATE, profile.state_dir),
    )


def _tmp() -> Tmpfs:
    return Tmpfs("/tmp", TMPFS_MIB, ("nodev", "noexec", "nosuid"))  # noqa: S108 - the container's own
