"""The way in of instances with a webhook: which load balancer, what forbids it, and the DNS record to make."""

from __future__ import annotations

from collections.abc import Mapping

from molthub.desired.ingress import Endpoint, endpoint_of
from molthub.errors import Diagnostic, Severity
from molthub.manifest.documents import LoadedEnvironment, LoadedInstance
from molthub.planning.listeners import MOST_PER_LOAD_BALANCER, Wanted, place
from molthub.resources.foundation import Foundation, Listener
from molthub.resources.identity import Identity
from molthub.resources.observation import Observation, ObservedInstance

INBOUND = ("spec", "network", "inbound")


def listeners_of(
    environment: LoadedEnvironment, instances: Mapping[Identity, LoadedInstance], observation: Observation
) -> dict[Identity, Listener]:
    """The listener of every instance of the environment that has a webhook and finds room.

    All of the environment's manifests count, also where only one instance is looked at, so that two plans agree.
    """
    if observation.foundation is None:
        return {}
    wanted = []
    for identity, loaded in instances.items():
        where = endpoint(identity, loaded, environment) if identity.key == environment.key else None
        if where is not None:
            wanted.append(Wanted(identity, where.host, _present(observation.instances.get(identity))))
    return place(wanted, observation.foundation.listeners, observation.routes)


def hosts_of(environment: LoadedEnvironment, instances: Mapping[Identity, LoadedInstance]) -> dict[Identity, str]:
    """The host name of every instance of the environment that is called by one."""
    found = {
        identity: endpoint(identity, loaded, environment)
        for identity, loaded in instances.items()
        if identity.key == environment.key
    }
    return {identity: where.host for identity, where in found.items() if where is not None}


def _present(observed: ObservedInstance | None) -> str | None:
    rule = observed.resources.listener_rule if observed else None
    return rule.listener if rule else None


def endpoint(identity: Identity, loaded: LoadedInstance, environment: LoadedEnvironment) -> Endpoint | None:
    """Where an instance is called; None when it is not."""
    return endpoint_of(identity, loaded.model.spec, environment.model.spec.ingress)


def record_to_make(where: Endpoint, foundation: Foundation | None, observed: ObservedInstance | None) -> str | None:
    """The DNS record of an instance as a zone file has it: `host. CNAME load-balancer.`

    None while its load balancer is not known: there is none yet, or more than one and the rule is not made.
    """
    listeners = foundation.listeners if foundation is not None else ()
    rule = _present(observed)
    found = [listener for listener in listeners if listener.arn == rule] or list(listeners)
    return where.dns_value(found[0]) if len(found) == 1 else None


def obstacles(
    loaded: LoadedInstance, where: Endpoint | None, observation: Observation, listener: Listener | None
) -> tuple[Diagnostic, ...]:
    """MH-PIPE-011: no load balancer yet; MH-PIPE-012: none with room."""
    foundation = observation.foundation
    if where is None or foundation is None or (listener is not None and foundation.gate_members is not None):
        return ()
    if not foundation.listeners or foundation.gate_members is None:
        message = f"network.inbound is WEBHOOK, and the environment {observation.key} has no load balancer yet"
        fix = f"Run `molthub bootstrap {observation.key}`, which makes what spec.ingress asks for"
        return (_blocked("MH-PIPE-011", message, fix, loaded),)
    count = len(foundation.listeners)
    all_of_them = "the load balancer has" if count == 1 else f"all {count} load balancers have"
    message = f"{all_of_them} {MOST_PER_LOAD_BALANCER} rules, and {loaded.display_name} needs one more"
    fix = f"Set spec.ingress.loadBalancers of the environment to {count + 1} and run `molthub bootstrap`"
    return (_blocked("MH-PIPE-012", message, fix, loaded),)


def notices(
    loaded: LoadedInstance, where: Endpoint | None, observed: ObservedInstance, listener: Listener | None
) -> tuple[Diagnostic, ...]:
    """MH-PIPE-013: the DNS record that somebody must make, said as long as the rule is not there."""
    if where is None or where.hosted_zone is not None or listener is None or _present(observed) == listener.arn:
        return ()
    return (
        Diagnostic(
            ref="MH-PIPE-013",
            message=f"nobody finds {where.host} without a DNS record, which is yours to make",
            location=loaded.locate(INBOUND),
            fix=f"Make the record {where.dns_value(listener)} or set spec.ingress.hostedZoneId",
            severity=Severity.WARNING,
            subject=loaded.display_name,
        ),
    )


def _blocked(ref: str, message: str, fix: str, loaded: LoadedInstance) -> Diagnostic:
    return Diagnostic(ref, message, loaded.locate(INBOUND), fix, subject=loaded.display_name)
