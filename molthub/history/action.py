"""What a change amounts to, in the words of the trailer `Molthub-Action`, for commits that people made by hand."""

from __future__ import annotations

from molthub.history.difference import Difference, FieldChange

CREATE = "create"
DELETE = "delete"
UPDATE = "update"

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
