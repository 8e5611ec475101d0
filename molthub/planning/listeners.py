"""Which shared listener each instance with a webhook is on. Pure, and the same whoever asks: a plan of the whole
environment and a plan of one instance beside another place every instance alike.

An instance stays where its rule is. The others fill the load balancers in their order, instance by instance in the
order of their identities, up to 90 rules each: AWS's 100 target groups a load balancer are fixed, and ten are left for
what two plans at once, or a person, may add.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from molthub.resources.foundation import Listener
from molthub.resources.identity import Identity

MOST_PER_LOAD_BALANCER = 90


@dataclass(frozen=True, slots=True)
class Wanted:
    """An instance that needs a listener. present: ARN of the listener that has its rule, None where none is known."""

    identity: Identity
    host: str
    present: str | None = None


def place(
    wanted: Iterable[Wanted],
    listeners: Sequence[Listener],
    routes: Mapping[str, Sequence[str]],
    *,
    most: int = MOST_PER_LOAD_BALANCER,
) -> dict[Identity, Listener]:
    """Identity → listener; an instance that finds no room is left out.

    routes: ARN of a listener → host of each of its rules, whoever's they are ("" for a rule without one).
    """
    by_arn = {listener.arn: listener for listener in listeners}
    hosts = {host: arn for arn in reversed([*by_arn]) for host in routes.get(arn, ()) if host}
    load = {arn: len(routes.get(arn, ())) for arn in by_arn}
    placed: dict[Identity, Listener] = {}
    homeless: list[Identity] = []
    for item in sorted(wanted, key=lambda one: one.identity):
        arn = item.present if item.present in by_arn else hosts.get(item.host)
        if arn is None:
            homeless.append(item.identity)
        else:
            placed[item.identity] = by_arn[arn]
    ordered = sorted(listeners, key=lambda listener: listener.number)
    for identity in homeless:
        room = next((listener for listener in ordered if load[listener.arn] < most), None)
        if room is not None:
            placed[identity] = room
            load[room.arn] += 1
    return placed
