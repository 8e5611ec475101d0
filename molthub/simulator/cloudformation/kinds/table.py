"""Every resource type the simulator makes. Another service's types are a module more and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from molthub.simulator.cloudformation.kinds import groups, identity, ingress, network, shared, workload
from molthub.simulator.cloudformation.kinds.kind import Kind
from molthub.simulator.refusals import MalformedRequestError

KINDS: Mapping[str, Kind] = {
    **network.KINDS,
    **groups.KINDS,
    **identity.KINDS,
    **shared.KINDS,
    **ingress.KINDS,
    **workload.KINDS,
}


def kind_of(name: str) -> Kind:
    """Raises a violation for a type that nobody here makes: nothing is ever skipped."""
    if name not in KINDS:
        message = f"the simulator's CloudFormation does not know the resource type {name}"
        raise MalformedRequestError("ValidationError", message, ref="MH-SIM-003")
    return KINDS[name]
