"""The plan of a change (`plan --base`, `propose`), for people, for machines and as a comment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from molthub.cli.views import comment, diagnostics
from molthub.cli.views import plan as plan_view
from molthub.cli.views.text import paint, plural, safe
from molthub.pipeline.compare.types import Preview
from molthub.planning.serialise import to_json

if TYPE_CHECKING:
    from molthub.cli.published import WritersWord
    from molthub.pipeline.types import Scope


def human(preview: Preview, words: Sequence[WritersWord] = (), *, colour: bool, full: bool = False) -> str:
    """What was compared, what is wrong, each instance that changes, and the summary."""
    base = preview.comparison.base
    lines = [paint(f"Compared with {safe(base.ref)} ({base.commit[:12]}); AWS was not asked.", "dim", on=colour)]
    known = len(preview.findings.known)
    if known:
        lines.append(f"{plural(known, 'finding')} of before, elsewhere; `molthub validate` shows them all.")
    if preview.notices:
        lines.append(diagnostics.human(preview.notices, colour=colour))
    lines += ["", plan_view.human(preview.plan, colour=colour, full=full, of_change=True)]
    for word in words:
        lines += _said(word)
    return "\n".join(lines)


def _said(word: WritersWord) -> list[str]:
    environment = safe(word.environment)
    if word.published is None:
        why = word.problem.message if word.problem is not None else "no controller has said anything"
        return [f"{environment}: {safe(why)}"]
    said = word.published
    applied = f", last applied in full {safe(said.applied[:12])}" if said.applied else ""
    return [f"{environment}: its controller follows {safe(said.head[:12])}{applied}; {said.not_well} not in sync"]


def markdown(preview: Preview, words: Sequence[WritersWord] = ()) -> str:
    """The comment of a pull request."""
    return comment.markdown(
        comment.Comment(
            plan=preview.plan,
            base=preview.comparison.base,
            findings=(*preview.findings.new, *preview.notices),
            known=len(preview.findings.known),
            words=tuple(words),
        )
    )


def data(preview: Preview, words: Sequence[WritersWord] = (), *, scope: Scope | None = None) -> dict[str, Any]:
    """`molthub.dev/plan/v1` and what was compared: `base`, `findings`, `known`, `notices`, and if asked `published`."""
    made = to_json(
        preview.plan,
        environments=scope.environments if scope else (),
        instances=scope.instances if scope else (),
    )
    base = preview.comparison.base
    more: dict[str, Any] = {
        "base": {"ref": base.ref, "commit": base.commit},
        "changedFiles": sorted(preview.comparison.paths),
        "findings": [diagnostics.data(item) for item in preview.findings.new],
        "known": len(preview.findings.known),
        "notices": [diagnostics.data(item) for item in preview.notices],
    }
    if words:
        more["published"] = [_published(word) for word in words]
    return made | more


def _published(word: WritersWord) -> dict[str, Any]:
    said = word.published
    return {
        "environment": word.environment,
        "head": said.head if said else None,
        "applied": said.applied if said else None,
        "at": word.published_at.isoformat() if word.published_at else None,
        "problem": diagnostics.data(word.problem) if word.problem else None,
        "instances": [
            {"id": item.id, "name": item.name, "commit": item.commit, "sync": item.sync, "health": item.health}
            for item in (said.instances if said else ())
        ],
    }
