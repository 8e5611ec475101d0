"""What a proposal may touch, and the action that its patch comes to. Pure.

Everything that decides who a Moltbot is or what is allowed stands in FORBIDDEN. It is asked twice: of the paths that
operations name (any operation but `test`, as a target or as what a `move` takes away, with what is around a forbidden
place and what is below it), and of what differs in the end, whichever way that came about.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from molthub.errors import Diagnostic, InvalidInputError, StallingError
from molthub.manifest.rewriting import plain, rewrite
from molthub.manifest.selection import Selector, select
from molthub.pipeline.actions.manifests import content_of, identities
from molthub.pipeline.actions.types import Edit
from molthub.pipeline.templates.patching import Patch, patched, read_patch
from molthub.pipeline.types import CheckedFleet
from molthub.resources.identity import Identity

NO_PATCH, IDENTITY, POLICIES, DOCUMENT, CANNOT = (
    "MH-PROP-001",
    "MH-PROP-002",
    "MH-PROP-003",
    "MH-PROP-004",
    "MH-PROP-005",
)

Pointer = tuple[str, ...]

FORBIDDEN: dict[Pointer, tuple[str, str]] = {
    ("apiVersion",): (DOCUMENT, "what kind of document it is"),
    ("kind",): (DOCUMENT, "what kind of document it is"),
    ("metadata", "id"): (IDENTITY, "the identity"),
    ("metadata", "name"): (IDENTITY, "the identity"),
    ("metadata", "workspace"): (IDENTITY, "the identity"),
    ("metadata", "environment"): (IDENTITY, "the identity"),
    ("spec", "policies"): (POLICIES, "policies and waivers"),
}
"""Place in a manifest → the reference and the words of the refusal. Other documents (the Fleet, Environments, access,
templates) cannot be named at all: a proposal is about one instance's manifest."""

_FIXES = {
    IDENTITY: "Leave it out; a person renames with `molthub rename`",
    POLICIES: "Leave it out; a person changes policies, and waives a rule with a reason and a day",
    DOCUMENT: "Name the single fields that shall change, such as /spec/runtime/image",
}
PROPOSED_BY = "Molthub-Proposed-By"
_SHOWN_PATHS = 20


@dataclass(frozen=True, slots=True)
class Propose:
    """The action: one instance's manifest with the patch applied. by: who proposes, for the trailer."""

    instance: str
    patch: Patch
    by: str
    name: str = "propose"

    def edit(self, fleet: CheckedFleet) -> Edit:
        """Raises MH-PIPE-001 or -002 for the instance, MH-PROP-002 to -005 for the patch, MH-ACT-003."""
        (loaded,) = select(fleet.documents, Selector(names=(self.instance,)))
        content = content_of(fleet, loaded)
        new = rewrite(content, applied(plain(content), self.patch))
        paths = list(_named(self.patch))
        more = [f"and {len(paths) - _SHOWN_PATHS} more"] if len(paths) > _SHOWN_PATHS else []
        return Edit(
            files={} if new == content else {loaded.path: new},
            instances=identities(fleet, (loaded,)),
            subject=f"Propose a change of {loaded.display_name}",
            body="\n".join(["It touches:", *(f"  {path}" for path in paths[:_SHOWN_PATHS]), *more]),
            trailers={PROPOSED_BY: self.by},
        )


def read(content: bytes) -> Patch:
    """A patch from JSON (or YAML), looked over. Raises MH-PROP-001, and MH-PROP-002 to -004 with every refusal."""
    try:
        patch = read_patch("the patch", content)
    except StallingError as error:
        raise StallingError(NO_PATCH, error.diagnostic.message, fix=error.diagnostic.fix) from None
    if not patch.operations:
        raise StallingError(NO_PATCH, "the patch is empty", fix="Give at least one operation")
    refused = tuple(dict.fromkeys(_refusals(patch)))
    if refused:
        raise InvalidInputError(refused)
    return patch


def applied(document: dict[str, Any], patch: Patch) -> dict[str, Any]:
    """The manifest with the patch applied. Raises MH-PROP-005 where it does not apply, a `test` that fails included."""
    try:
        now = patched(document, patch)
    except StallingError as error:
        fix = "Look at the manifest as it is now, and propose against that"
        raise StallingError(CANNOT, error.diagnostic.message, fix=fix) from None
    refused = tuple(
        _refusal(place, "the patch") for place in FORBIDDEN if _value_at(document, place) != _value_at(now, place)
    )
    if refused:
        raise InvalidInputError(refused)
    return now


def branch_for(identity: Identity, patch: Patch) -> str:
    """The branch of a proposal: the same patch for the same instance always has the same."""
    content = json.dumps([list(patch.operations), *_parts(identity)], sort_keys=True, separators=(",", ":"))
    return f"molthub/propose/{identity.id}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


def _parts(identity: Identity) -> tuple[str, ...]:
    return (identity.fleet, identity.workspace, identity.environment, identity.id)


def _refusals(patch: Patch) -> Iterator[Diagnostic]:
    for number, operation in enumerate(patch.operations, start=1):
        for pointer in _touched(operation):
            for place in FORBIDDEN:
                shorter = min(len(place), len(pointer))
                if place[:shorter] == pointer[:shorter]:
                    whole = len(pointer) < len(place)
                    yield _refusal(place, f"operation {number} ({operation['op']})", whole=whole)


def _refusal(place: Pointer, who: str, *, whole: bool = False) -> Diagnostic:
    ref, what = FORBIDDEN[place]
    above = " with all that is around it" if whole else ""
    message = f"{who} would change /{'/'.join(place)}{above}, and a proposal may not touch {what}"
    return Diagnostic(ref, message, fix=_FIXES[DOCUMENT if whole else ref])


def _touched(operation: dict[str, Any]) -> Iterator[Pointer]:
    """What an operation changes: its target, and for a move also where it takes from."""
    if operation["op"] == "test":
        return
    yield _tokens(operation["path"])
    if operation["op"] == "move":
        yield _tokens(operation["from"])


def _tokens(pointer: str) -> Pointer:
    """RFC 6901: `~1` is a slash and `~0` a tilde, in that order."""
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])


def _named(patch: Patch) -> Iterator[str]:
    """The paths that are changed, each once, on one line each."""
    found = dict.fromkeys(operation["path"] for operation in patch.operations if operation["op"] != "test")
    for path in found:
        yield "".join(char if char.isprintable() else "?" for char in path)[:200]


def _value_at(document: Any, place: Pointer) -> Any:
    for key in place:
        document = document.get(key) if isinstance(document, dict) else None
    return document
