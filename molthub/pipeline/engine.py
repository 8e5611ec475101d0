"""The steps of the one way through, called by every command and by the controller.

    load     snapshot → documents                     (pure)
    check    documents → the guardrails' verdicts      (pure)
    render   instance + facts → desired resources      (pure; molthub.desired)
    observe  environment → what AWS has                (reads)
    plan     desired × observed × now → plan           (pure; molthub.planning)
    apply    plan → AWS                                (writes; molthub.apply)
    record   events and statuses → the caller's store  (the caller)

`load` and `check` need no cloud: they are all of `validate`. `plan` and `apply` continue in `planner.py` and
`applier.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from molthub.desired.render import RenderFacts, render
from molthub.errors import Diagnostic
from molthub.guard.engine import Subject, Verdicts, run
from molthub.manifest.documents import FleetDocuments, InvalidFile, LoadedInstance
from molthub.manifest.loader import ReadCache, load_files
from molthub.manifest.template_checks import located_in_body, sample_of
from molthub.pipeline.types import CheckedFleet, Rules
from molthub.resources.types import ResourceSet
from molthub.source.types import Snapshot

BUG = "MH-PIPE-010"


def load(snapshot: Snapshot, *, cache: ReadCache | None = None) -> FleetDocuments:
    """The documents of a snapshot. What Git refused to read counts as invalid: it may have been a manifest.

    cache: the same one for several snapshots, so that a file they share is parsed once.
    """
    documents = load_files({path: entry.content for path, entry in snapshot.files.items()}, cache=cache)
    if not snapshot.refused:
        return documents
    refused = tuple(
        InvalidFile(path=item.location.path if item.location else "", diagnostics=(item,)) for item in snapshot.refused
    )
    return replace(
        documents,
        invalid=(*documents.invalid, *refused),
        diagnostics=(*documents.diagnostics, *snapshot.refused),
    )


def check(snapshot: Snapshot, *, rules: Rules, now: datetime, cache: ReadCache | None = None) -> CheckedFleet:
    """Load a snapshot and let every guardrail judge every instance that loaded. cache: as for `load`."""
    documents = with_judged_templates(load(snapshot, cache=cache), rules=rules, now=now)
    verdicts = {
        identity: judge(loaded, documents, rules=rules, now=now) for identity, loaded in documents.instances.items()
    }
    return CheckedFleet(snapshot=snapshot, documents=documents, verdicts=verdicts)


def with_judged_templates(documents: FleetDocuments, *, rules: Rules, now: datetime) -> FleetDocuments:
    """The documents with the guardrails' errors on what each template makes of its defaults and examples, told at
    their places in the template. It has no Environment, so rules about rendered resources have nothing to look at.
    """
    found: list[Diagnostic] = []
    nowhere = FleetDocuments(fleet=None, environments={}, instances={})
    for template in documents.templates.values():
        locate = partial(located_in_body, template.locate)
        loaded = LoadedInstance(template.path, sample_of(template.model), locate)
        verdicts = judge(loaded, nowhere, rules=rules, now=now)
        found += [replace(item, subject=None) for item in verdicts.errors]
    return replace(documents, diagnostics=(*documents.diagnostics, *found)) if found else documents


def judge(loaded: LoadedInstance, documents: FleetDocuments, *, rules: Rules, now: datetime) -> Verdicts:
    """The guardrails' word on one instance. A bug of ours that it meets stops it, and no neighbour."""
    try:
        subject = Subject(
            instance=loaded,
            environment=documents.environments.get(loaded.key),
            desired=_desired_for_rules(loaded, documents),
        )
        return run(rules, subject, today=now.astimezone(UTC).date())
    except Exception as error:  # noqa: BLE001 - whatever it is, the neighbours go on
        return Verdicts(errors=(bug(loaded, error),), notices=())


def bug(loaded: LoadedInstance, error: Exception) -> Diagnostic:
    """What people are told of a bug that one manifest meets. The exception's text may repeat the manifest: left out."""
    return Diagnostic(
        ref=BUG,
        message=f"{loaded.display_name} meets a bug in Molthub ({type(error).__name__}), so nothing is done to it",
        location=loaded.locate(()),
        fix="Report it with the manifest, its secrets' names taken out",
        subject=loaded.display_name,
    )


def _desired_for_rules(loaded: LoadedInstance, documents: FleetDocuments) -> ResourceSet | None:
    """What the rules look at: rendered without facts from AWS; None where its Environment is not known."""
    environment = documents.environments.get(loaded.key)
    if environment is None or documents.fleet is None:
        return None
    fleet = documents.fleet.model.metadata.name
    return render(loaded, environment, fleet=fleet, facts=RenderFacts(secret_versions={})).resources
