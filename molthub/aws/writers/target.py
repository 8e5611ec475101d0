"""What every writer is given, and the tally of what it wrote."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from molthub.aws.api import Answer, Api, Refusal
from molthub.aws.errors import foreign
from molthub.aws.lookup import Lookup
from molthub.aws.readers.task_definitions import TaskDefinitionCache
from molthub.aws.tags import TagChange, difference, whose
from molthub.provider.protocols import Location, WriteContext, WriteResult
from molthub.resources.identity import TAG_COMMIT, Identity
from molthub.resources.types import Kind, Pairs


@dataclass(slots=True)
class Target:
    """One change being carried out.

    writes  write calls made so far: 0 at the end means that everything was found done
    """

    api: Api
    location: Location
    lookup: Lookup
    cache: TaskDefinitionCache
    context: WriteContext
    new_token: Callable[[], str]
    now: Callable[[], datetime]
    writes: int = 0

    @property
    def identity(self) -> Identity:
        return self.context.identity

    @property
    def fleet(self) -> str:
        return self.context.identity.fleet

    def write(self, service: str, operation: str, /, *, subject: str = "", **params: Any) -> Answer:
        """One write call. Counted before it is made: when its answer is lost, it may have had its effect."""
        self.writes += 1
        return self.api.call(service, operation, subject=subject, **params)

    def try_write(
        self, codes: frozenset[str], service: str, operation: str, /, *, subject: str = "", **params: Any
    ) -> Answer | Refusal:
        """A write call for which these error codes are an answer; a refused one is not counted as a write."""
        answer = self.api.expecting(codes, service, operation, subject=subject, **params)
        if not isinstance(answer, Refusal):
            self.writes += 1
        return answer

    def check_ours(self, kind: Kind, name: str, tags: Mapping[str, str]) -> None:
        """Raises a StallingError when an object with our name is not ours."""
        reason = whose(tags, self.identity)
        if reason is not None:
            raise foreign(kind.value, name, reason)

    def tag_change(self, have: Mapping[str, str], want: Pairs) -> TagChange:
        """The tags that differ; the commit comes along as soon as anything was or is written."""
        change = difference(have, want)
        if self.writes == 0 and change.is_empty:
            return change
        if have.get(TAG_COMMIT) == self.context.commit:
            return change
        return TagChange({**change.put, TAG_COMMIT: self.context.commit}, change.remove)

    def result(self, detail: str, *, rollout_id: str | None = None, stays: str = "") -> WriteResult:
        return WriteResult(self.writes > 0, detail if self.writes else "already so", rollout_id, stays)
