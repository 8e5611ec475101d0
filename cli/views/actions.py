"""What an action would commit, or has committed, for people and for machines."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from molthub.cli.views import diagnostics
from molthub.cli.views.text import paint, plural, safe
from molthub.pipeline.actions.run import Outcome, Proposal, Status

ACTION_FORMAT = "molthub.dev/action/v1"

FEW = 10
"""So many files are shown as a diff before somebody is asked; more are only named."""

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def human(proposal: Proposal, *, colour: bool, whole: bool = False) -> str:
    """The summary: what is done to which instances, then the diff. whole: the diff however long."""
    names = [safe(proposal.name_of(identity)) for identity in proposal.edit.instances]
    heading = paint(safe(proposal.edit.subject), "bold", on=colour)
    lines = [heading, *(f"  {name}" for name in names)] if len(names) > 1 else [heading]
    lines += [
        f"  {safe(key)}: {safe(line)}" for key, text in proposal.edit.trailers.items() for line in text.splitlines()
    ]
    if len(proposal.edit.files) <= FEW or whole:
        for path in shown_paths(proposal):
            lines += ["", *(_painted(line, on=colour) for line in diff(proposal, path))]
    else:
        lines.append(f"{plural(len(proposal.edit.files), 'file')} change; --dry-run shows them all.")
    if proposal.base.unpushed:
        lines += ["", f"{plural(proposal.base.unpushed, 'earlier commit')} of yours, not pushed yet, will go along."]
    if proposal.warnings:
        lines += ["", diagnostics.human(proposal.warnings, colour=colour)]
    return "\n".join(lines)


def shown_paths(proposal: Proposal) -> list[str]:
    """The files whose diff tells everything: the old path of one that moved is told with the new one."""
    moved = _moved_from(proposal)
    return [path for path in sorted(proposal.edit.files) if path not in moved.values()]


def _moved_from(proposal: Proposal) -> dict[str, str]:
    """New path → the path its instance had before."""
    before, after = proposal.before.documents.instances, proposal.after.documents.instances
    files = proposal.edit.files
    pairs = ((after[one].path, before[one].path) for one in proposal.edit.instances if one in before and one in after)
    return {new: old for new, old in pairs if new != old and new in files and files.get(old, b"") is None}


def diff(proposal: Proposal, path: str) -> Iterator[str]:
    """The unified diff of one file, each line safe to show."""
    source = _moved_from(proposal).get(path, path)
    old, new = proposal.before.snapshot.files.get(source), proposal.edit.files[path]
    before = old.content.decode("utf-8", "replace").splitlines() if old else []
    after = new.decode("utf-8", "replace").splitlines() if new is not None else []
    names = (f"a/{source}" if old else "/dev/null", f"b/{path}" if new is not None else "/dev/null")
    return (safe(line) for line in difflib.unified_diff(before, after, *names, lineterm=""))


def ending(outcome: Outcome) -> str:
    """One sentence: how it ended."""
    proposal = outcome.proposal
    if outcome.status is Status.HOLDS:
        waiting = proposal.base.unpushed
        return "Nothing to do: it is so already." + (
            f" Not pushed yet: {plural(waiting, 'commit')} of yours (git push)." if waiting else ""
        )
    if outcome.status is Status.DRY_RUN:
        return f"Nothing was committed (--dry-run); it would go to '{safe(proposal.branch)}'."
    assert outcome.commit is not None
    assert outcome.landed is not None
    done = "Pushed" if outcome.landed.pushed else "Committed"
    earlier = f", with {plural(proposal.base.unpushed, 'earlier commit')} of yours" if _takes_along(outcome) else ""
    return f"{done} {outcome.commit[:12]} to '{safe(proposal.branch)}'{earlier}: {safe(proposal.edit.subject)}"


def _takes_along(outcome: Outcome) -> bool:
    return bool(outcome.landed and outcome.landed.pushed and outcome.proposal.base.unpushed)


def data(outcome: Outcome) -> dict[str, Any]:
    """For machines; the shape is documented in docs/reference/json.md."""
    proposal = outcome.proposal
    return {
        "format": ACTION_FORMAT,
        "action": proposal.action,
        "status": outcome.status.value,
        "subject": proposal.edit.subject,
        "instances": [str(identity) for identity in proposal.edit.instances],
        "branch": proposal.branch,
        "base": proposal.base.commit,
        "commit": outcome.commit,
        "pushed": bool(outcome.landed and outcome.landed.pushed),
        "attempts": outcome.attempts,
        "notes": list(outcome.landed.notes) if outcome.landed else [],
        "warnings": [diagnostics.data(item) for item in proposal.warnings],
        "files": [
            {"path": path, "removed": proposal.edit.files[path] is None, "diff": list(diff(proposal, path))}
            for path in sorted(proposal.edit.files)
        ],
    }


def _painted(line: str, *, on: bool) -> str:
    return paint(line, _COLOURS.get(line[:1], ""), on=on)
