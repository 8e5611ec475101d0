"""`create`: the manifest of a new instance, made from a template, as a commit.

Everything is worked out anew on the base that is tried: the template may be another one there, and the name taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from molthub.errors import Diagnostic, InvalidInputError, StallingError
from molthub.manifest.loader import load_loose
from molthub.manifest.wording import nearest
from molthub.manifest.writing import same
from molthub.manifest.yaml_events import parse
from molthub.pipeline.actions.types import Edit
from molthub.pipeline.secrets.places import written
from molthub.pipeline.templates.catalogue import catalogue
from molthub.pipeline.templates.choosing import choose
from molthub.pipeline.templates.needed import Needed, needed
from molthub.pipeline.templates.patching import Patch
from molthub.pipeline.templates.rendering import (
    Order,
    document_of,
    identity_of,
    manifest_of,
    path_for,
    points_at_schema,
)
from molthub.pipeline.types import CheckedFleet
from molthub.resources.identity import Identity

SECRET_TRAILER = "Molthub-Secret"  # noqa: S105 -- the name of a trailer
TEMPLATE_TRAILER = "Molthub-Template"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants made.

    environment  WORKSPACE/NAME
    id           None: the name
    texts        parameter → value, as text
    """

    name: str
    environment: str
    template: str
    id: str | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    patch: Patch | None = None

    def identity(self, fleet: CheckedFleet) -> Identity:
        """Who it will be in a fleet. Raises MH-TMPL-010 for a name that is none."""
        root = fleet.documents.fleet
        return identity_of(self.name, self.environment, id_=self.id, fleet=root.model.metadata.name if root else "")

    def order(self, fleet: CheckedFleet) -> Order:
        """What is asked of which template. Raises what the catalogue and `choose` raise."""
        entry = catalogue(fleet).find(self.template)
        choices = choose(entry, self.texts, self.identity(fleet))
        return Order(entry, choices, self.name, self.labels, self.patch, schema=points_at_schema(fleet))


@dataclass(frozen=True, slots=True)
class Create:
    """secrets: variables whose values go to the secret store before the commit is made, which tells of them."""

    wanted: Wanted
    secrets: tuple[str, ...] = ()
    name: str = "create"

    def edit(self, fleet: CheckedFleet) -> Edit:
        identity, order = self.wanted.identity(fleet), self.wanted.order(fleet)
        subject = f"Create {identity.key}/{self.wanted.name} from the template {order.entry.name}"
        path = path_for(identity.workspace, identity.environment, self.wanted.name)
        content = manifest_of(order).encode()
        places = [written(item.target.place) for item in _to_be_set(fleet, identity, path, content, self.secrets)]
        if _exists(fleet, identity, order, path):
            return Edit(files={}, instances=(identity,), subject=subject)
        trailers = {TEMPLATE_TRAILER: order.entry.name}
        if places:
            trailers[SECRET_TRAILER] = f"set {', '.join(places)}"
        return Edit(files={path: content}, instances=(identity,), subject=subject, trailers=trailers)


@dataclass(frozen=True, slots=True)
class SecretsSet:
    """The trail of secrets that were set for an instance which was there already."""

    identity: Identity
    places: tuple[str, ...]
    name: str = "create"

    def edit(self, fleet: CheckedFleet) -> Edit:  # noqa: ARG002 -- it is so on every base
        return Edit(
            files={},
            instances=(self.identity,),
            subject=f"Set secrets of {self.identity}",
            trailers={SECRET_TRAILER: f"set {', '.join(self.places)}"},
            empty_commit=True,
        )


def secrets_of(fleet: CheckedFleet, wanted: Wanted) -> tuple[Needed, ...]:
    """The secrets that the instance would have in this fleet; () where it would not be valid."""
    identity = wanted.identity(fleet)
    path = path_for(identity.workspace, identity.environment, wanted.name)
    return _needed(fleet, identity, path, manifest_of(wanted.order(fleet)).encode()) or ()


def _needed(fleet: CheckedFleet, identity: Identity, path: str, content: bytes) -> tuple[Needed, ...] | None:
    """None where the manifest or its environment is wrong, which the check of the edit tells better."""
    loaded = next(iter(load_loose({path: content}).instances.values()), None)
    if loaded is None or loaded.key not in fleet.documents.environments:
        return None
    return needed(fleet, loaded, identity.fleet)


def _to_be_set(
    fleet: CheckedFleet, identity: Identity, path: str, content: bytes, variables: tuple[str, ...]
) -> list[Needed]:
    """The secrets that are to get a value. Raises MH-TMPL-018 for one it has not, -019 for one that others use."""
    found_all = _needed(fleet, identity, path, content) if variables else None
    if found_all is None:
        return []
    known = {item.variable: item for item in found_all}
    problems = []
    for variable in variables:
        found = known.get(variable)
        if found is None:
            meant = nearest(variable, list(known))
            fix = f"Did you mean {meant}?" if meant else f"It has: {', '.join(known) or 'none'}"
            problems.append(Diagnostic("MH-TMPL-018", f"the instance has no secret {variable!a}", fix=fix))
        elif found.shared_with:
            message = f"{variable} is in {written(found.target.place)}, which {', '.join(found.shared_with)} uses too"
            fix = f"Leave it out to share the value; `molthub secret set {found.shared_with[0]}` changes it for both"
            problems.append(Diagnostic("MH-TMPL-019", message, fix=fix))
    if problems:
        raise InvalidInputError(tuple(problems))
    return [known[variable] for variable in variables]


def _exists(fleet: CheckedFleet, identity: Identity, order: Order, path: str) -> bool:
    """Whether it is there already, just so. Raises MH-TMPL-017 when it is there and differs, -016 for a taken path."""
    name = f"{identity.key}/{order.name}"
    documents = fleet.documents
    loaded = next((item for item in documents.instances.values() if item.display_name == name), None)
    broken = next((item for item in documents.invalid if _is(item.workspace, item.environment, item.name, name)), None)
    if loaded is not None and same(parse(fleet.snapshot.files[loaded.path].content), document_of(order)):
        return True
    there = loaded or broken
    if there is not None:
        raise StallingError(
            "MH-TMPL-017",
            f"{name} is there already ({there.path}), and not as it would be made now",
            fix=f"Change it where it is with `molthub edit {name}`, or choose another name",
        )
    if path in fleet.snapshot.files:
        raise StallingError("MH-TMPL-016", f"{path} is there already and holds something else", fix="Move it first")
    return False


def _is(workspace: str | None, environment: str | None, name: str | None, wanted: str) -> bool:
    return f"{workspace}/{environment}/{name}" == wanted
