"""The way in of an instance with a webhook: its host name, paths and URL, and what lets exactly these through.

caller ── HTTPS ─→ shared load balancer ── rule: host, POST, exact paths ─→ target group ─→ gate ─→ gateway
"""

from __future__ import annotations

from dataclasses import dataclass

from molthub.manifest.channels import SLACK_PATH
from molthub.manifest.environment import Ingress
from molthub.manifest.models import Inbound, InstanceSpec, SlackMode
from molthub.resources.foundation import FROM_STACK, Listener
from molthub.resources.identity import Identity, host_of, names_of
from molthub.resources.normal import canonical_json
from molthub.resources.types import DnsRecord, ListenerRule, LoadBalancer, Pairs, TargetGroup

GATE = "gate"
GATE_PORT = 8080
HEALTH_PATH = "/healthz"
GRACE_SECONDS = 300
"""How long ECS does not mind what the load balancer thinks of a new task: as long as the Moltbot may take to start."""

UNKNOWN_LISTENER = Listener(number=0, arn=FROM_STACK, load_balancer=FROM_STACK, dns_name=FROM_STACK, zone_id=FROM_STACK)
"""Stands in for the listener while none is known: before bootstrap, and in `render`."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an instance is called. paths: path → `signed` or `slack`, in the order the gate is told."""

    host: str
    paths: tuple[tuple[str, str], ...]
    hosted_zone: str | None

    @property
    def urls(self) -> tuple[str, ...]:
        return tuple(f"https://{self.host}{path}" for path, _ in self.paths)

    def dns_value(self, listener: Listener) -> str:
        """The record to make by hand where Route 53 is not Molthub's to write, as a zone file has it."""
        return f"{self.host}. CNAME {listener.dns_name}."


def endpoint_of(identity: Identity, spec: InstanceSpec, ingress: Ingress | None) -> Endpoint | None:
    """The endpoint of an instance; None without inbound traffic, a channel for it, or `spec.ingress`."""
    paths = inbound_paths(spec)
    if spec.network.inbound is not Inbound.WEBHOOK or not paths or ingress is None:
        return None
    return Endpoint(host_of(identity.id, ingress.domain), paths, ingress.hostedZoneId)


def inbound_paths(spec: InstanceSpec) -> tuple[tuple[str, str], ...]:
    """Every path that a channel is called at, with the gate's mode for it; sorted."""
    signed = [(path, "signed") for path in (spec.channels.webhook.paths if spec.channels.webhook else ())]
    slack = spec.channels.slack
    events = [(SLACK_PATH, "slack")] if slack is not None and slack.mode is SlackMode.HTTP else []
    return tuple(sorted([*signed, *events]))


def target_group(identity: Identity, *, vpc_id: str, tags: Pairs) -> TargetGroup:
    """Asks the gate for health, which asks the gateway."""
    return TargetGroup(
        name=names_of(identity).target_group, vpc_id=vpc_id, port=GATE_PORT, health_path=HEALTH_PATH, tags=tags
    )


def listener_rule(identity: Identity, endpoint: Endpoint, *, listener: Listener, tags: Pairs) -> ListenerRule:
    """Lets POSTs to the endpoint's exact paths through; the listener refuses everything else."""
    return ListenerRule(
        name=names_of(identity).target_group,
        listener=listener.arn,
        hosts=(endpoint.host,),
        methods=("POST",),
        paths=tuple(path for path, _ in endpoint.paths),
        target_groups=(names_of(identity).target_group,),
        tags=tags,
    )


def dns_record(identity: Identity, endpoint: Endpoint, *, listener: Listener) -> DnsRecord | None:
    """The alias of the load balancer; None where the zone is not named."""
    if endpoint.hosted_zone is None:
        return None
    return DnsRecord(
        name=endpoint.host,
        zone=endpoint.hosted_zone,
        target=listener.dns_name.lower(),
        target_zone=listener.zone_id,
        owner=record_owner(identity),
    )


def record_owner(identity: Identity) -> str:
    """The text of the TXT record beside an alias: whose it is."""
    return (
        f"molthub fleet={identity.fleet} workspace={identity.workspace} environment={identity.environment}"
        f" instance={identity.id}"
    )


def load_balancer(identity: Identity) -> LoadBalancer:
    return LoadBalancer(names_of(identity).target_group, GATE, GATE_PORT)


def paths_setting(endpoint: Endpoint) -> str:
    """The gate's setting PATHS."""
    items = ",".join(f'{{"path":"{path}","mode":"{mode}"}}' for path, mode in endpoint.paths)
    return canonical_json(f"[{items}]")
