"""Opens a fleet's past: the repository, the index of its commits brought up to the head, and who signed.

The index lies in the controller's database where MOLTHUB_DATABASE_URL names one, else in the cache directory. Whatever
is wrong with either is no reason to fail: the next best place is taken, and in the end it is kept for this process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from molthub.cli import context
from molthub.errors import MolthubError, Severity

if TYPE_CHECKING:
    from molthub.cli.terminal import Terminal
    from molthub.history.index import CommitIndex
    from molthub.history.versions import Version
    from molthub.pipeline.past.reading import Known, Past
    from molthub.pipeline.past.signers import Signers
    from molthub.source.protocol import FleetSource
    from molthub.state.store import Store

INDEX_FILE = "history.db"
TOLD_FROM = 2_000
"""Of so many commits on, reading them is told, and after every so many."""


@dataclass(frozen=True, slots=True)
class LookedBack:
    """A past to ask. store: the controller's database, where it was said and is of use."""

    source: FleetSource
    past: Past
    store: Store | None
    fleet: str

    def signers(self) -> Signers:
        """Who signs, by the versions of the access policy that count."""
        from molthub.pipeline.past.signers import signers_at

        return signers_at(self.source, context.access_gate(self.source).at(self.past.head))


@dataclass(frozen=True, slots=True)
class Running:
    """Which commit an instance runs. source: who says so, in words; commit None: nobody does."""

    commit: str | None
    source: str


@contextmanager
def look_back(*, repo: str | None, ref: str | None, term: Terminal) -> Iterator[LookedBack]:
    """The past of what a command line names. Raises MH-GIT-NNN; a database of no use is only told."""
    from molthub.manifest.reading import FLEET_PATH
    from molthub.pipeline.past.reading import Past

    source = context.open_source(repo, ref)
    head = source.fetch()
    store = _store(term)
    try:
        index = _brought_up(source, head, store, term)
        fleet = _fleet_name(source.file_at(head, FLEET_PATH))
        yield LookedBack(source, Past(index, head), store, fleet)
    finally:
        if store is not None:
            store.close()


def running_commit(
    back: LookedBack, known: Known, roots: context.Roots, *, ask_aws: bool, repo: str | None, ref: str | None
) -> Running:
    """By AWS's own tag when AWS is to be asked, else by the controller's database. Raises what asking AWS raises."""
    from molthub.resources.identity import Identity

    one = known.resource
    identity = Identity(back.fleet, one.workspace, one.environment, one.id)
    if ask_aws:
        from molthub.pipeline.planner import plan_fleet
        from molthub.pipeline.types import Scope

        fleet = context.read_fleet(roots, repo=repo, ref=ref, committed=True)
        scope = Scope(identities=frozenset({identity}))
        views = plan_fleet(fleet.checked, context.collaborators(roots, fleet), scope=scope).views
        seen = next((view.observed for view in views if view.identity == identity and view.observed), None)
        return Running(seen.commit if seen else None, "as AWS says")
    if back.store is not None:
        try:
            record = back.store.status(identity)
        except MolthubError:
            record = None
        if record is not None:
            return Running(record.running_commit, "as the controller last saw it")
    return Running(None, "")


def version_that_runs(back: LookedBack, found: tuple[Version, ...], running: Running) -> Version | None:
    """The version that a running commit holds; None when that is not known, or the history does not hold it."""
    from molthub.history.graph import everything

    past = back.past
    if running.commit is None or running.commit not in everything(past.parents, past.head):
        return None
    held = frozenset(everything(past.parents, running.commit))
    return next((one for one in found if one.record.sha in held), None)


def _store(term: Terminal) -> Store | None:
    url = context.database_url()
    if url is None:
        return None
    from molthub.state.store import open_store

    try:
        return open_store(url, create=False)
    except MolthubError as error:
        _warn(error, term)
        return None


def _brought_up(source: FleetSource, head: str, store: Store | None, term: Terminal) -> CommitIndex:
    from molthub.history.index import MemoryIndex
    from molthub.pipeline.past.indexing import bring_up

    def tell(done: int, of: int) -> None:
        if of >= TOLD_FROM and (done % TOLD_FROM == 0 or done == of):
            term.say(f"Reading the history: {done:,} of {of:,} commits.")

    for index in _places(store, term):
        try:
            bring_up(source, index, head, tell=tell)
        except MolthubError as error:
            if not error.ref.startswith("MH-STATE"):
                raise
            _warn(error, term)
        else:
            return index
    kept = MemoryIndex()
    bring_up(source, kept, head, tell=tell)
    return kept


def _places(store: Store | None, term: Terminal) -> Iterator[CommitIndex]:
    if store is not None:
        yield store.commit_index()
    from molthub.state.commit_index import open_cached_index

    try:
        yield open_cached_index(context.cache_dir() / INDEX_FILE)
    except MolthubError as error:
        _warn(error, term)


def _warn(error: MolthubError, term: Terminal) -> None:
    from molthub.cli.views import diagnostics

    warning = replace(error.diagnostic, severity=Severity.WARNING)
    term.say(diagnostics.human([warning], colour=term.colour_err))


def _fleet_name(content: bytes | None) -> str:
    """ "" where the head has no usable Fleet: its history can be read all the same."""
    from molthub.history.entries import parse
    from molthub.manifest.reading import FLEET_PATH

    told = parse(FLEET_PATH, content) if content is not None else None
    return told.resource.id if told is not None and told.resource is not None else ""
