"""A fleet repository beside an earlier state of itself: what `--base` compares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from molthub.cli import context

if TYPE_CHECKING:
    from molthub.manifest.loader import ReadCache
    from molthub.pipeline.compare.types import Comparison, Preview
    from molthub.pipeline.types import Scope


@dataclass(frozen=True, slots=True)
class ComparedFleet:
    """A fleet as it is and what it was at the base. roots: what it was read with."""

    roots: context.Roots
    fleet: context.ReadFleet
    comparison: Comparison

    def preview(self, scope: Scope | None = None) -> Preview:
        """What the difference would do. Asks no cloud."""
        from molthub.pipeline.compare.preview import preview

        return preview(
            self.comparison, rules=self.roots.rules(), now=self.roots.now, source=self.fleet.source, scope=scope
        )


def compare_with(base: str, *, roots: context.Roots, repo: str | None, ref: str | None) -> ComparedFleet:
    """Read a fleet (as `read_fleet` does) and the commit that it began to differ from `base` at.

    Raises MH-CI-001, -002, -003, and what reading a repository raises.
    """
    from molthub.pipeline.compare.changed import common_base, compare

    cache: ReadCache = {}
    fleet = context.read_fleet(roots, repo=repo, ref=ref, cache=cache)
    source = fleet.source
    found = common_base(source, base, fleet.commit or source.poll())
    before = source.snapshot(found.commit)
    comparison = compare(found, before, fleet.checked, rules=roots.rules(), at=roots.now(), cache=cache)
    return ComparedFleet(roots, fleet, comparison)


def has_failed(made: Preview) -> bool:
    """Whether the change is to be mended: something is wrong through it, or a manifest it touches cannot be used."""
    from molthub.resources.states import Verdict

    return bool(made.findings.errors) or any(plan.verdict is Verdict.INVALID for plan in made.plan.instances)
