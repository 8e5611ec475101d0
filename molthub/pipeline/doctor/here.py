"""This machine: the manifests, Git, the database, and whether the images can be pulled from their registries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from molthub.errors import MolthubError, Severity, TransientError
from molthub.pipeline.access import Access
from molthub.pipeline.doctor.running import Finding, State, fail, ok, skip
from molthub.pipeline.types import CheckedFleet
from molthub.source.protocol import FleetSource

SHOWN = 3


class Pull(StrEnum):
    """What a registry says of an image to somebody without credentials, as a task is one."""

    PRESENT = "present"
    MISSING = "is not in its registry"
    PRIVATE = "is private: a task has no credentials for its registry"
    UNREACHABLE = "cannot be looked up: its registry does not answer from here"


@dataclass(frozen=True, slots=True)
class Images:
    """How images are looked up. stored: in the cloud's own registry (None: it is elsewhere); pulled: anywhere else."""

    stored: Callable[[str], bool | None]
    pulled: Callable[[str], Pull]


def manifests(checked: CheckedFleet) -> Finding:
    errors = checked.errors
    if errors:
        more = f" (and {len(errors) - 1} more errors)" if len(errors) > 1 else ""
        return fail(errors[0].ref, f"{errors[0].message}{more}", "Run `molthub validate`")
    return ok(f"{len(checked.documents.instances)} instances are valid")


def access(found: Access, words: str) -> Finding:
    """Whether the access policy counts, and which mode it is in. words: what the mode means."""
    wrong = [found.problem] if found.problem is not None else [i for i in found.notices if i.severity is Severity.ERROR]
    if wrong:
        return fail(wrong[0].ref, wrong[0].message, wrong[0].fix)
    told = [f"{item.ref} {item.message}" for item in found.notices]
    return ok("; ".join([f"{found.mode}: {words}", *told]))


def repository(source: FleetSource) -> Finding:
    """The fleet repository, and through `fetch` the network to it."""
    commit = source.fetch()
    return ok(f"{source.label} is at {commit[:12]}")


def followed(open_followed: Callable[[], FleetSource | None]) -> Finding:
    """What a controller would follow: the remote that this clone comes from. Only polled, nothing is fetched."""
    source = open_followed()
    if source is None:
        return skip("the repository has no remote `origin`, so nothing tells what the controller follows")
    return ok(f"{source.label} is at {source.poll()[:12]}")


def database(opened: Callable[[], str] | None) -> Finding:
    """opened: opens it and says where it is; None when MOLTHUB_DATABASE_URL is not set."""
    if opened is None:
        return skip("MOLTHUB_DATABASE_URL is not set", "Set it where the controller's events are to be read")
    return ok(f"{opened()} opens, with a schema of this version")


def images(names: tuple[str, ...], look: Images) -> Finding:
    """Every image of an environment. One that cannot be looked up makes it a SKIP, one that is not there a FAIL."""
    if not names:
        return ok("no instance")
    states: Mapping[str, Pull] = {name: _state(name, look) for name in names}
    bad = [f"{name} {state.value}" for name, state in states.items() if state in (Pull.MISSING, Pull.PRIVATE)]
    if bad:
        more = f" and {len(bad) - SHOWN} more" if len(bad) > SHOWN else ""
        fix = "Correct spec.runtime.image, or copy the image to a public registry or to ECR"
        return fail("MH-DOC-006", f"{', '.join(bad[:SHOWN])}{more}", fix)
    unknown = [f"{name} {state.value}" for name, state in states.items() if state is Pull.UNREACHABLE]
    if unknown:
        return Finding(State.SKIP, unknown[0], "Run it where the network reaches the registry")
    return ok(f"{len(names)} found in their registries")


def _state(name: str, look: Images) -> Pull:
    try:
        stored = look.stored(name)
    except TransientError:
        return Pull.UNREACHABLE
    except MolthubError as error:
        if error.ref == "MH-AWS-003":
            return Pull.UNREACHABLE
        raise
    if stored is None:
        return look.pulled(name)
    return Pull.PRESENT if stored else Pull.MISSING
