"""What came of a proposal, for people and as `molthub.dev/proposal/v1`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from molthub.cli.views import actions, diagnostics, preview
from molthub.cli.views.text import safe
from molthub.errors import Diagnostic
from molthub.pipeline.proposals.run import Proposed, Status

PROPOSAL_FORMAT = "molthub.dev/proposal/v1"


def human(made: Proposed, *, colour: bool) -> str:
    """The diff, what it would do, and where it went."""
    parts = [] if made.status is Status.HOLDS else [actions.human(made.proposal, colour=colour, whole=True), ""]
    if made.status is not Status.HOLDS:
        parts += [preview.human(made.preview, colour=colour), ""]
    return "\n".join([*parts, _ending(made)])


def _ending(made: Proposed) -> str:
    onto = safe(made.proposal.branch)
    if made.status is Status.HOLDS:
        return f"Nothing to propose: it is so already on '{onto}'."
    branch = safe(made.branch)
    if made.status is Status.DRY_RUN:
        return f"Nothing was committed (--dry-run); it would go to '{branch}'."
    assert made.commit is not None
    where = "pushed" if made.pushed else "in this clone only"
    if made.status is Status.ALREADY:
        return f"Proposed already: {made.commit[:12]} on '{branch}', {where}."
    return f"Proposed {made.commit[:12]} on '{branch}', {where}. Nothing happens before it is merged into '{onto}'."


def data(made: Proposed) -> dict[str, Any]:
    """The same for machines; the shape is documented in docs/reference/json.md."""
    proposal = made.proposal
    (identity,) = proposal.edit.instances
    return {
        "format": PROPOSAL_FORMAT,
        "status": made.status.value,
        "instance": str(identity),
        "onto": proposal.branch,
        "base": proposal.base.commit,
        "branch": made.branch or None,
        "commit": made.commit,
        "pushed": made.pushed,
        "findings": [diagnostics.data(item) for item in proposal.warnings],
        "files": [{"path": path, "diff": list(actions.diff(proposal, path))} for path in sorted(proposal.edit.files)],
        "plan": preview.data(made.preview),
    }


def refusal(instance: str, found: Sequence[Diagnostic]) -> dict[str, Any]:
    """Why nothing was proposed."""
    return {
        "format": PROPOSAL_FORMAT,
        "status": "refused",
        "instance": instance,
        "findings": [diagnostics.data(item) for item in found],
    }
