"""What the judge asks of a history. Answered from Git (pipeline/access.py), or by a test."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from molthub.access.ancestry import Ancestry
from molthub.access.content import CommitView, Content, Fact, Subject
from molthub.access.signature import Keyring, Signature


class Record(Protocol):
    """One history. Every method may raise MolthubErrors."""

    @property
    def ancestry(self) -> Ancestry:
        """Every commit of the history."""
        ...

    def policy_commits(self) -> tuple[str, ...]:
        """The commits in which access.yaml differs from that of a parent, in any order."""
        ...

    def policy_at(self, sha: str) -> Fact | None:
        """What access.yaml said in a commit; its key tells any two texts apart."""
        ...

    def views(self, shas: Iterable[str]) -> Mapping[str, CommitView]:
        """Commits with what they changed."""
        ...

    def contents_at(self, sha: str) -> Mapping[Subject, Content]:
        """Everything that a commit's tree says."""
        ...

    def signatures(self, shas: Iterable[str], keys: Keyring) -> Mapping[str, Signature]:
        """Their signatures, checked against these keys."""
        ...
