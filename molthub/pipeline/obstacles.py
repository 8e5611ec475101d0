"""What forbids applying that neither a guardrail nor the plan itself can see: history, moves, what is not built yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from molthub.errors import Diagnostic, MolthubError
from molthub.manifest.documents import LoadedEnvironment, LoadedInstance
from molthub.pipeline.history import History
from molthub.pipeline.places import location_of
from molthub.pipeline.types import Collaborators
from molthub.planning.plan import PlanRequest
from molthub.planning.state_reasons import missing_foundation
from molthub.provider.protocols import Query
from molthub.resources.foundation import FROM_STACK, Foundation
from molthub.resources.identity import Identity
from molthub.resources.observation import Observation, ObservedInstance


def of_instance(
    loaded: LoadedInstance, observed: ObservedInstance, history: History | None, *, foundation: Foundation | None
) -> tuple[Diagnostic, ...]:
    """What forbids applying one wanted instance."""
    found = list(_rewritten(loaded.display_name, observed, history))
    if loaded.model.spec.state.persistent:
        missing = missing_foundation(foundation, loaded.display_name)
        found += [replace(missing, location=loaded.locate(("spec", "state", "persistent")))] if missing else []
    if history is not None and observed.resources.is_empty and not observed.failures:
        former = history.moved_from(observed.identity)
        found += [_moved(former, loaded)] if former else []
    return tuple(found)


def of_removed(
    observed: ObservedInstance, wanted: Iterable[Identity], history: History | None
) -> tuple[Diagnostic, ...]:
    """What forbids deleting one instance that no manifest wants, beside the deletion guard.

    Judged anew for each plan: the guard's decision is of one environment, and a move leads to another.
    """
    found = list(_rewritten(str(observed.identity), observed, history))
    became = history.moved_to(observed.identity, wanted) if history is not None else None
    if became is not None and became.key != observed.identity.key:
        found.append(_both_blocked(observed.identity, became, str(observed.identity)))
    return tuple(found)


def _rewritten(name: str, observed: ObservedInstance, history: History | None) -> Iterator[Diagnostic]:
    """What AWS carries may be newer than this history, or another's: neither is overwritten, and neither deleted."""
    if history is None or not observed.commit:
        return
    problem = history.rewrite_problem(observed.commit, name)
    if problem is not None:
        yield replace(problem, subject=name)


def _moved(former: Identity, loaded: LoadedInstance) -> Diagnostic:
    return Diagnostic(
        ref="MH-PIPE-005",
        message=f"{former} became {loaded.display_name}: that is a move, and both would answer the same channels",
        location=loaded.locate(("metadata",)),
        fix=f"Put it back; or remove {former} in one commit, wait until it is gone, and create "
        f"{loaded.display_name} with another metadata.id in the next",
        subject=loaded.display_name,
    )


def _both_blocked(leaving: Identity, arriving: Identity, subject: str) -> Diagnostic:
    return Diagnostic(
        ref="MH-PIPE-005",
        message=f"{leaving} became {arriving}: that is a move, and both would answer the same channels",
        fix=f"Put it back, or give the new one another metadata.id once {leaving} is gone",
        subject=subject,
    )


def of_environment(
    environment: LoadedEnvironment,
    observation: Observation,
    collaborators: Collaborators,
    *,
    history: History | None,
    fleet: str,
) -> tuple[Diagnostic, ...]:
    """Whether an Environment that looks empty was moved away from a place where its instances still run."""
    if history is None or observation.failures or any(not i.resources.is_empty for i in observation.instances.values()):
        return ()
    former = history.former_environment(environment)
    if former is None:
        return ()
    there = _still_there(former, collaborators, fleet)
    if there == "":
        return ()
    return (
        Diagnostic(
            ref="MH-PIPE-006",
            message=f"the location of {environment.key} changed while {there}",
            location=environment.locate(("spec", "aws")),
            fix="Put the former account, region and cluster back; remove its instances first if it is to move",
        ),
    )


def _still_there(former: LoadedEnvironment, collaborators: Collaborators, fleet: str) -> str:
    """What is known of the former place, in words; "" when it was read and holds nothing."""
    aws = former.model.spec.aws
    place = f"account {aws.accountId}, region {aws.region}, cluster {aws.cluster or FROM_STACK}"
    try:
        provider = collaborators.providers(former.key, location_of(former, fleet))
        seen = provider.observe(Query(fleet=fleet, key=former.key))
    except MolthubError as error:
        return f"its former place ({place}) cannot be read: {error.diagnostic.message}"
    if seen.failures:
        return f"its former place ({place}) cannot be read: {seen.failures[0].message}"
    running = [identity for identity, one in seen.instances.items() if not one.resources.is_empty]
    return f"{len(running)} of its instances still exist in {place}" if running else ""


@dataclass(frozen=True, slots=True)
class Clash:
    """Ids that would go away in one environment and appear in another at the same time: a move, both sides Blocked."""

    leaving: Mapping[str, Identity]
    arriving: Mapping[str, Identity]

    @classmethod
    def across(cls, requests: list[PlanRequest]) -> Clash:
        leaving = {r.identity.id: r.identity for r in requests if r.desired is None and not r.invalid and _exists(r)}
        arriving = {r.identity.id: r.identity for r in requests if r.desired is not None and not _exists(r)}
        both = leaving.keys() & arriving.keys()
        return cls({id_: leaving[id_] for id_ in both}, {id_: arriving[id_] for id_ in both})

    def add_to(self, request: PlanRequest) -> PlanRequest:
        """The request, Blocked when it is one side of a move."""
        id_ = request.identity.id
        if request.identity not in (self.leaving.get(id_), self.arriving.get(id_)):
            return request
        if any(item.ref == "MH-PIPE-005" for item in request.blocking):
            return request
        problem = _both_blocked(self.leaving[id_], self.arriving[id_], request.name)
        return replace(request, blocking=(*request.blocking, problem))


def _exists(request: PlanRequest) -> bool:
    return request.observed is not None and not request.observed.resources.is_empty
