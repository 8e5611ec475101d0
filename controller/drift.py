"""What counts as drift: AWS differs, though nothing that the instance is made of changed in Git since."""

from __future__ import annotations

from typing import Any

from molthub.controller.world import Head, affected
from molthub.errors import MolthubError
from molthub.health.types import StatusRecord
from molthub.pipeline.types import InstanceView
from molthub.resources.identity import Identity
from molthub.resources.states import Verdict
from molthub.source.protocol import FleetSource
from molthub.source.types import CommitInfo

SECRET_TRAILER = "molthub-secret"  # noqa: S105 - a trailer's name


def tells_of_a_secret(commit: CommitInfo) -> bool:
    """Whether it is the trail of `molthub secret`: a value changed, and no manifest shows it."""
    return SECRET_TRAILER in commit.trailers


class DriftJudge:
    """Used by the loop's thread only. Keeps what it read of Git for the newest head it was asked about."""

    def __init__(self, source: FleetSource, log: Any) -> None:
        self._source = source
        self._log = log
        self._head = ""
        self._changed: dict[str, frozenset[Identity] | None] = {}

    def is_drift(self, head: Head, view: InstanceView, last: StatusRecord | None) -> bool:
        """Whether the changes planned for the instance undo what somebody did on AWS. last: its status before."""
        if last is None or last.sync is not Verdict.SYNCED or last.head_commit is None or not view.plan.may_apply:
            return False
        changed = self._changed_since(last.head_commit, head)
        return changed is not None and view.identity not in changed

    def _changed_since(self, commit: str, head: Head) -> frozenset[Identity] | None:
        """Whom the commits since then concern; None for anybody: a secret has a new value, or nobody can say."""
        if head.commit != self._head:
            self._head, self._changed = head.commit, {}
        if commit not in self._changed:
            self._changed[commit] = self._read(commit, head)
        return self._changed[commit]

    def _read(self, commit: str, head: Head) -> frozenset[Identity] | None:
        if commit == head.commit:
            return frozenset()
        try:
            if any(tells_of_a_secret(item) for item in self._source.commits_between(commit, head.commit)):
                return None
            return affected(None, head.checked.documents, self._source.changed_paths(commit, head.commit))
        except MolthubError as error:
            self._log.warning("cannot compare with an earlier head", ref=error.ref, error=error.diagnostic.message)
            return None
