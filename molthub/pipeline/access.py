"""Access, asked of Git: the judgement of a head's history, and what it stops.

What a commit is never changes: its view, its facts and its signature are kept, so that a new head costs what is new
in it. Nothing is read beyond one `rev-list` where no policy ever was.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from molthub.access.ancestry import Ancestry
from molthub.access.content import (
    ACCESS,
    FLEET_SUBJECT,
    CommitView,
    Content,
    Fact,
    FileChange,
    Subject,
    contents,
    environment_subject,
    fact_of,
    instance_subject,
)
from molthub.access.evaluate import Evaluation, evaluate
from molthub.access.signature import Keyring, Scheme, Signature, Signed
from molthub.access.versions import PATH, Roots
from molthub.errors import Diagnostic, MolthubError, Severity
from molthub.manifest.access import AccessPolicy
from molthub.manifest.reading import FLEET_PATH, read_file
from molthub.resources.identity import EnvironmentKey, Identity
from molthub.source.protocol import FleetSource
from molthub.source.signatures import SignatureChecker
from molthub.source.types import FileAt

MOST_NAMED = 3
"""Refused commits that are named one by one as the reasons of one instance."""


KEPT_HEADS = 4
"""Heads whose judgement is kept: the newest, and those that somebody still works on."""


@dataclass(frozen=True, slots=True)
class Access:
    """What access says at one head. problem: it cannot be told, so nothing may change; then evaluation is None."""

    evaluation: Evaluation | None
    problem: Diagnostic | None = None

    @property
    def mode(self) -> str:
        """As status shows it: `open`, `signatures`, `claimed-author`, `unrooted`, `invalid`, or `unknown`."""
        return self.evaluation.mode if self.evaluation is not None else "unknown"

    def blocking(self, identity: Identity, name: str) -> tuple[Diagnostic, ...]:
        """Why nothing may be done to an instance: what nobody allowed, of itself and of what it depends on."""
        if self.evaluation is None:
            return (replace(self.problem, subject=name),) if self.problem else ()
        subjects = (instance_subject(identity), environment_subject(identity.key), FLEET_SUBJECT)
        refused = [item for subject in subjects for item in self.evaluation.state(subject).refused]
        return tuple(item.diagnostic(name) for item in dict.fromkeys(refused))[:MOST_NAMED]

    def last_allowed(self, key: EnvironmentKey) -> Content | None:
        """What an Environment was last allowed to say (nothing: it never was); None where it says just that."""
        if self.evaluation is None:
            return None
        state = self.evaluation.state(environment_subject(key))
        return state.allowed[0] if state.blocked else None

    def believes(self, commit: str, trailer: str) -> bool:
        """Whether what a commit says in a trailer counts. Nothing does where access cannot be told."""
        if self.evaluation is None:
            return self.problem is None
        return self.evaluation.counts(commit, trailer)

    @property
    def notices(self) -> tuple[Diagnostic, ...]:
        """What the fleet should know of its policy: changes of it that do not count, and that it is not rooted."""
        if self.evaluation is None or self.evaluation.chain is None:
            return ()
        found = list(_ignored(self.evaluation))
        if len(self.evaluation.versions) > 1:
            found.append(_side_by_side(self.evaluation))
        if self.evaluation.mode == "unrooted":
            found.append(_UNROOTED)
        return tuple(found)


@dataclass(slots=True)
class AccessGate:
    """Judges heads. Shared by threads, one judgement at a time.

    kept  the last judgements, by head
    """

    source: FleetSource
    roots: Roots = field(default_factory=Roots)
    checker: SignatureChecker | None = None
    _kept: dict[str, Access] = field(default_factory=dict)
    _memory: _Memory = field(default_factory=lambda: _Memory())  # noqa: PLW0108 - defined below
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def at(self, head: str) -> Access:
        """What access says of a commit's history. Never raises: where it cannot be told, everything is stopped."""
        with self._lock:
            if head in self._kept:
                return self._kept[head]
            access, sure = self._judge(head)
            if sure:  # what failed may work the next time
                if len(self._kept) >= KEPT_HEADS:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[head] = access
            return access

    def _judge(self, head: str) -> tuple[Access, bool]:
        """The judgement, and whether it would be the same the next time."""
        if self.checker is None:
            self.checker = SignatureChecker(self.source)
        record = GitRecord(self.source, head, self.checker, self._memory)
        try:
            evaluation = evaluate(record, head, self.roots)
            if self.roots.keys is not None and not evaluation.versions:
                return Access(None, _GONE), True
            return Access(evaluation), not record.unsure
        except MolthubError as error:
            return Access(None, _untold(error.diagnostic.message, error.diagnostic.fix)), False
        except OSError as error:
            why = f"the machine says: {(error.strerror or type(error).__name__).lower()}"
            return Access(None, _untold(why, "Look at the machine's disk and memory")), False
        except Exception as error:  # noqa: BLE001 - a bug that one commit meets must stop everything, and say so
            why = f"a commit meets a bug in Molthub ({type(error).__name__})"
            return Access(None, _untold(why, "Report it")), False


@dataclass(slots=True)
class _Memory:
    """What was read of commits and blobs, which never change."""

    facts: dict[tuple[str, bool], Fact | None] = field(default_factory=dict)
    views: dict[str, CommitView] = field(default_factory=dict)


@dataclass(slots=True)
class GitRecord:
    """A head's history, read from Git. A Record.

    unsure  a signature could not be checked this time
    """

    source: FleetSource
    head: str
    checker: SignatureChecker
    memory: _Memory
    unsure: bool = False
    _ancestry: Ancestry | None = None

    @property
    def ancestry(self) -> Ancestry:
        if self._ancestry is None:
            self._ancestry = Ancestry(self.source.ancestry(self.head))
        return self._ancestry

    def policy_commits(self) -> tuple[str, ...]:
        return self.source.touching(PATH, self.head)

    def policy_at(self, sha: str) -> Fact | None:
        content = self.source.file_at(sha, PATH)
        if content is None:
            return None
        read = read_file(PATH, content, expected=True)
        model = read.model if read is not None and isinstance(read.model, AccessPolicy) else None
        # By its very text: a comment may be all that an OWNER changes to stand for the rest.
        return Fact(Subject(ACCESS), hashlib.sha256(content).hexdigest(), model)

    def views(self, shas: Iterable[str]) -> Mapping[str, CommitView]:
        wanted = list(shas)
        missing = [sha for sha in wanted if sha not in self.memory.views]
        infos = self.source.commit_infos(missing)
        changes = self.source.path_changes((info.sha, info.parents) for info in infos)
        blobs = [
            (change.path, oid)
            for found in changes.values()
            for change in found
            for oid in (_regular(change.before), _regular(change.after))
            if oid is not None
        ]
        self._read(blobs)
        for info in infos:
            self.memory.views[info.sha] = CommitView(
                sha=info.sha,
                parents=info.parents,
                email=info.email,
                subject=info.subject,
                trailers=info.trailers,
                changes=tuple(
                    FileChange(
                        self._fact(change.path, _regular(change.before)),
                        self._fact(change.path, _regular(change.after)),
                    )
                    for change in changes.get(info.sha, ())
                ),
            )
        return {sha: self.memory.views[sha] for sha in wanted}

    def contents_at(self, sha: str) -> Mapping[Subject, Content]:
        files = self.source.yaml_ids(sha)
        self._read(files.items())
        return contents(self._fact(path, oid) for path, oid in files.items())

    def signatures(self, shas: Iterable[str], keys: Keyring) -> Mapping[str, Signature]:
        found = self.checker.check(shas, keys)
        self.unsure |= any(one.kind is Signed.UNCHECKED and one.scheme is not Scheme.X509 for one in found.values())
        return found

    def _read(self, files: Iterable[tuple[str, str]]) -> None:
        """Parse the blobs that were not parsed yet."""
        new = {(oid, _expected(path)): path for path, oid in files if (oid, _expected(path)) not in self.memory.facts}
        contents_ = self.source.contents({oid for oid, _ in new})
        for (oid, expected), path in new.items():
            content = contents_[oid]
            read = read_file(path, content) if content is not None else None
            self.memory.facts[oid, expected] = fact_of(read, oid)

    def _fact(self, path: str, oid: str | None) -> Fact | None:
        found = None if oid is None else self.memory.facts[oid, _expected(path)]
        if found is not None and found.subject == FLEET_SUBJECT and path != FLEET_PATH:
            return (
                None  # the loader takes none but the one at the root, so it is no second one, and a move takes it away
            )
        return found


def _regular(file: FileAt | None) -> str | None:
    """The blob of a file that is read; links and submodules never are."""
    return file.oid if file is not None and file.regular else None


def _expected(path: str) -> bool:
    """Whether a file at this path is ours whatever it says: the only way in which a path matters to what it says."""
    return path == FLEET_PATH


def _untold(why: str, fix: str) -> Diagnostic:
    return Diagnostic("MH-ACCESS-014", f"it cannot be told who was allowed to change what: {why}", fix=fix)


def _ignored(evaluation: Evaluation) -> Iterable[Diagnostic]:
    """Changes of the policy since the version in force that do not count, newest last: the rest is history."""
    assert evaluation.chain is not None
    ancestry = evaluation.chain.record.ancestry
    for sha, why in evaluation.chain.ignored.items():
        if not any(ancestry.holds(version.commit, sha) for version in evaluation.versions if version.policy):
            yield (
                why
                if not evaluation.versions or why.ref == "MH-ACCESS-012"
                else replace(why, severity=Severity.WARNING)
            )


def _side_by_side(evaluation: Evaluation) -> Diagnostic:
    commits = ", ".join(version.commit[:12] for version in evaluation.versions)
    return Diagnostic(
        "MH-ACCESS-013",
        f"two versions of the access policy stand side by side ({commits}): only what both allow is allowed",
        fix="Have an OWNER in both of them sign a commit that changes access.yaml",
        severity=Severity.WARNING,
    )


_GONE = Diagnostic(
    "MH-ACCESS-018",
    "root keys are set, and the history holds no access policy: it may have gone with the history that held it",
    fix="Bring the right history back; for a first policy commit access.yaml, signed with a root key; for none, set no "
    "root keys",
)
_UNROOTED = Diagnostic(
    "MH-ACCESS-015",
    "no root keys are set, so the first version of the access policy is taken on trust",
    fix="Set MOLTHUB_ROOT_KEYS to the SSH public keys that may sign it",
    severity=Severity.WARNING,
)
