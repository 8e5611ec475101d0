"""The gate container: Molthub's own image, in front of the gateway of an instance with a webhook."""

from __future__ import annotations

from dataclasses import dataclass

from molthub.desired.ingress import GATE, GATE_PORT, HEALTH_PATH, Endpoint, paths_setting
from molthub.desired.payload import UID
from molthub.desired.profiles.configuration import PORT
from molthub.desired.profiles.images import parse_image
from molthub.desired.profiles.types import RuntimeProfile
from molthub.desired.secrets import SecretKey, parse_key
from molthub.desired.tags import pairs
from molthub.manifest.models import InstanceSpec, SlackMode
from molthub.resources.types import Container, HealthCheck, Pairs, Port, Tmpfs

GATE_CPU = 64
GATE_MEMORY = 128
"""MiB, a hard limit: a gate that is made to grow is restarted, and takes nothing from the Moltbot."""

STOP_TIMEOUT = 60
"""Seconds; the gate lets what is under way end within 40."""

GATEWAY = "gateway"

_PROBE = (
    "import http.client as h;c=h.HTTPConnection('127.0.0.1',{port},timeout=8);c.request('GET','{path}');"
    "raise SystemExit(c.getresponse().status!=200)"
)


@dataclass(frozen=True, slots=True)
class GateMaterials:
    """What the gate is made of."""

    spec: InstanceSpec
    profile: RuntimeProfile
    endpoint: Endpoint
    image: str
    log_options: Pairs


def gate_container(materials: GateMaterials) -> Container:
    """Uid 1000, no capability, a root it cannot write, no secret but its keys, and no way to the config or the state.

    It starts beside the gateway, not after it: it is healthy while the gateway takes hooks, so nothing is sent there
    too early, and ECS stops it first, so nothing new arrives while the gateway ends its work.
    """
    return Container(
        name=GATE,
        image=_pull(materials.image),
        essential=True,
        user=str(UID),
        entry_point=("python", "-m", "molthub.gate"),
        environment=pairs(
            {
                "MOLTHUB_GATE_LISTEN": f"0.0.0.0:{GATE_PORT}",
                "MOLTHUB_GATE_PATHS": paths_setting(materials.endpoint),
                "MOLTHUB_GATE_UPSTREAM": f"http://127.0.0.1:{PORT}",
                "MOLTHUB_GATE_UPSTREAM_HEALTH": materials.profile.ready_path,
            }
        ),
        secrets=pairs({name: key.value_from for name, key in gate_secrets(materials.spec).items()}),
        ports=(Port(GATE_PORT),),
        depends_on=((GATEWAY, "START"),),
        health_check=HealthCheck(
            command=("CMD", "python", "-c", _PROBE.format(port=GATE_PORT, path=HEALTH_PATH)),
            interval=30,
            timeout=10,
            retries=3,
            start_period=300,
        ),
        readonly_root=True,
        init_process=True,
        capabilities_drop=("ALL",),
        tmpfs=(Tmpfs("/tmp", 16, ("nodev", "noexec", "nosuid")),),  # noqa: S108 - the container's own
        cpu=GATE_CPU,
        memory=GATE_MEMORY,
        stop_timeout=STOP_TIMEOUT,
        log_driver="awslogs",
        log_options=materials.log_options,
    )


def gate_secrets(spec: InstanceSpec) -> dict[str, SecretKey]:
    """The gate's variables → secrets: what it verifies with, and nothing else."""
    webhook, slack = spec.channels.webhook, spec.channels.slack
    wanted = {
        "MOLTHUB_GATE_KEY": webhook.token if webhook else None,
        "MOLTHUB_GATE_KEY_PREVIOUS": webhook.previousToken if webhook else None,
        "MOLTHUB_GATE_SLACK_SIGNING_SECRET": slack.signingSecret if slack and slack.mode is SlackMode.HTTP else None,
    }
    by_name = {entry.name: parse_key(entry.key) for entry in spec.secrets}
    return {
        variable: by_name[reference.secret]
        for variable, reference in wanted.items()
        if reference is not None and reference.secret in by_name
    }


def _pull(image: str) -> str:
    reference = parse_image(image)
    return reference.pull if reference else image
