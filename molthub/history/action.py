"""What a change amounts to, in the words of the trailer `Molthub-Action`, for commits that people made by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping

from molthub.history.difference import Difference, FieldChange

CREATE = "create"
DELETE = "delete"
UPDATE = "update"
TRAILER = "molthub-action"

_PLACES = (
    (("metadata", "name"), "rename"),
    (("metadata", "labels"), "label"),
    (("spec", "runtime", "image"), "image-set"),
    (("spec", "lifecycle", "restartedAt"), "restart"),
)


def inferred(change: Difference, *, created: bool = False, deleted: bool = False) -> str:
    """`create`, `delete`, `pause`, `resume`, `rename`, …; `update` where several things changed, or something else."""
    if created or deleted:
        return CREATE if created else DELETE
    found = {_of_field(field) for field in change.fields}
    return found.pop() if len(found) == 1 else UPDATE


def _of_field(field: FieldChange) -> str:
    if field.path[:3] == ("spec", "lifecycle", "paused"):
        return "resume" if field.after is None else "pause"
    return next((action for place, action in _PLACES if field.path[: len(place)] == place), UPDATE)


ALIASES: Mapping[str, frozenset[str]] = {
    "rename": frozenset({"rename"}),
    "label": frozenset({"label"}),
    "image-set": frozenset({"image-set"}),
    "pause": frozenset({"pause"}),
    "resume": frozenset({"resume"}),
    "restart": frozenset({"restart"}),
    "retry": frozenset({"restart"}),
    CREATE: frozenset({CREATE}),
    DELETE: frozenset({DELETE}),
}
"""What a change must amount to for a trailer with this word to be believed; another word may stand for any update."""

_WORD = re.compile(r"[a-z][a-z0-9-]{0,39}")
_MAKES_ONE = frozenset({"rollback", "import", "propose"})


def told(amounts_to: str, trailers: Mapping[str, tuple[str, ...]]) -> str:
    """The action of a change: what the commit's `Molthub-Action` says, unless the change shows that it is another.

    A trailer is written by whoever writes the commit: `label` on a commit that deletes is not believed.
    """
    said = (trailers.get(TRAILER) or ("",))[-1]
    if not _WORD.fullmatch(said):
        return amounts_to
    if said in ALIASES:
        return said if amounts_to in ALIASES[said] else amounts_to
    if amounts_to == CREATE:
        return said if said in _MAKES_ONE else amounts_to
    return said if amounts_to != DELETE else amounts_to
