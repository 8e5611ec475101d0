"""Validation of what lies on the disk: whole fleets where there is one, single documents elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from molthub.cli import disk
from molthub.cli.comparing import ComparedFleet
from molthub.cli.views.validation import ComparedWith, Validation
from molthub.errors import Diagnostic, Location, StallingError
from molthub.manifest.documents import FleetDocuments
from molthub.pipeline.types import CheckedFleet, Rules


def validate_paths(paths: Iterable[Path], *, rules: Rules, now: datetime) -> Validation:
    """Everything that is wrong with these files and folders; places are told as seen from where one stands."""
    request = disk.sort_out(paths)
    parts = [_in_fleet(root, names, rules=rules, now=now) for root, names in request.roots.items()]
    if request.loose:
        parts.append(_loose(request.loose, rules=rules, now=now))
    total = Validation(
        files=sum(part.files for part in parts),
        instances=sum(part.instances for part in parts),
        diagnostics=tuple(item for part in parts for item in part.diagnostics),
        cross_checked=all(part.cross_checked for part in parts),
    )
    if not total.files and not total.diagnostics:
        named = ", ".join(str(path) for path in (*_named(request), *request.loose))
        raise StallingError(
            "MH-CLI-006", f"there is no manifest in {named}", fix="Name a manifest, or a folder that holds some"
        )
    return total


def _named(request: disk.Request) -> list[Path]:
    """What was named inside fleets: the fleet itself for all of it."""
    return [root / name for root, names in request.roots.items() for name in sorted(names)]


def validation_of(checked: CheckedFleet, *, only: frozenset[str] = frozenset({""})) -> Validation:
    """The result for a checked fleet, or for the files and folders of it that `only` names."""
    documents = checked.documents
    loaded = [item.path for item in documents.instances.values()]
    loaded += [item.path for item in documents.environments.values()]
    loaded += [item.path for item in documents.templates.values()]
    loaded += [documents.fleet.path] if documents.fleet else []
    paths = {path for path in (*loaded, *(file.path for file in documents.invalid)) if _meant(path, only)}
    found = [item for item in _all(checked) if item.location is None or _meant(item.location.path, only)]
    return Validation(
        files=len(paths),
        instances=sum(_meant(item.path, only) for item in documents.instances.values()),
        diagnostics=tuple(sorted(found, key=_order)),
        cross_checked=documents.cross_checked,
    )


def validation_of_change(compared: ComparedFleet) -> Validation:
    """What a change brought: its files, the instances it concerns, and what is wrong now and was not before."""
    from molthub.pipeline.compare.findings import new_findings

    comparison = compared.comparison
    documents, found = comparison.now.documents, new_findings(comparison)
    whole = validation_of(comparison.now, only=comparison.paths)
    return Validation(
        files=whole.files,
        instances=len(comparison.affected & documents.instances.keys()),
        diagnostics=found.new,
        cross_checked=documents.cross_checked,
        base=ComparedWith(comparison.base.ref, comparison.base.commit, found.known),
    )


def _in_fleet(root: Path, only: frozenset[str], *, rules: Rules, now: datetime) -> Validation:
    from molthub.pipeline.engine import check

    result = validation_of(check(disk.read_tree(root), rules=rules, now=now), only=only)
    return replace(result, diagnostics=tuple(_seen_from_here(item, root) for item in result.diagnostics))


def _loose(paths: tuple[Path, ...], *, rules: Rules, now: datetime) -> Validation:
    from molthub.manifest.loader import load_loose
    from molthub.pipeline.engine import judge, with_judged_templates

    snapshot, named = disk.read_loose(paths)
    files = {path: entry.content for path, entry in snapshot.files.items()}
    documents: FleetDocuments = with_judged_templates(load_loose(files, named=named), rules=rules, now=now)
    verdicts = {
        identity: judge(loaded, documents, rules=rules, now=now) for identity, loaded in documents.instances.items()
    }
    documents = replace(documents, diagnostics=(*documents.diagnostics, *snapshot.refused))
    return validation_of(CheckedFleet(snapshot, documents, verdicts))


def _all(checked: CheckedFleet) -> Iterable[Diagnostic]:
    yield from checked.documents.diagnostics
    for verdict in checked.verdicts.values():
        yield from verdict.errors
        yield from verdict.notices


def _meant(path: str, only: frozenset[str]) -> bool:
    return any(name in ("", path) or path.startswith(f"{name}/") for name in only)


def _order(item: Diagnostic) -> tuple[str, int, int, str, str]:
    place = item.location or Location("")
    return (place.path, place.line or 0, place.column or 0, item.ref, item.message)


def _seen_from_here(item: Diagnostic, root: Path) -> Diagnostic:
    if item.location is None:
        return item
    place, here = root / item.location.path, Path.cwd()
    path = place.relative_to(here) if place.is_relative_to(here) else place
    return replace(item, location=replace(item.location, path=str(path)))
