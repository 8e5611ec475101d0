"""Publishes how each environment is, beside its lease: written by the lease's holder, and only when it changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from molthub.controller.world import Head, World
from molthub.errors import MolthubError
from molthub.health.types import StatusRecord
from molthub.leases.holding import Holding
from molthub.leases.published import STATUS, Published, dump, parse, summary, with_applied
from molthub.provider.documents import SharedDocuments
from molthub.resources.identity import EnvironmentKey
from molthub.resources.states import Verdict

_DONE = frozenset({Verdict.SYNCED, Verdict.SUSPENDED})


class Publisher:
    """Used by the loop's thread only. Not being able to publish stops nothing: it is logged, and tried at the next."""

    def __init__(self, *, holding: Holding, world: World, now: Callable[[], datetime], log: Any) -> None:
        self._holding = holding
        self._world = world
        self._now = now
        self._log = log
        self._written: dict[EnvironmentKey, tuple[Published, str]] = {}
        self._said: dict[EnvironmentKey, str] = {}

    def publish(self, head: Head, records: Iterable[StatusRecord]) -> None:
        """Publish every environment whose lease is ours and that changed since. records: of the whole fleet."""
        fleet = head.checked.documents.fleet
        if fleet is None:
            return
        mine = [record for record in records if record.identity.fleet == fleet.model.metadata.name]
        for key in head.checked.documents.environments:
            epoch, documents = self._holding.epoch(key), self._holding.documents(key)
            if epoch is None or documents is None:
                continue
            try:
                self._publish(key, head, [item for item in mine if item.identity.key == key], epoch, documents)
                self._said.pop(key, None)
            except MolthubError as error:
                self._say(key, error)

    def _publish(
        self,
        key: EnvironmentKey,
        head: Head,
        records: list[StatusRecord],
        epoch: int,
        documents: SharedDocuments,
    ) -> None:
        before, tag = self._written.get(key) or self._read(key, documents)
        if before is not None and before.epoch > epoch:
            return  # a newer holder speaks for the environment now
        fresh = summary(
            environment=str(key),
            writer=self._holding.holder.name,
            epoch=epoch,
            head=head.commit,
            records=records,
        )
        fresh = with_applied(fresh, before, done=self._is_done(head, records), now=self._now())
        if fresh == before:
            return
        self._holding.guard(key)()
        new = documents.write(STATUS, dump(fresh), replaces=tag or None)
        if new is None:
            self._written.pop(key, None)  # somebody else wrote it: read it at the next look
        else:
            self._written[key] = fresh, new

    def _read(self, key: EnvironmentKey, documents: SharedDocuments) -> tuple[Published | None, str]:
        """What is there; something that cannot be understood is written over."""
        found = documents.read(STATUS)
        if found is None:
            return None, ""
        try:
            return parse(found.body, environment=str(key)), found.tag
        except MolthubError as error:
            self._say(key, error)
            return None, found.tag

    def _is_done(self, head: Head, records: list[StatusRecord]) -> bool:
        """Whether nothing of this head is left to do: what it changed has been looked at since, and all is well."""
        return all(
            record.sync in _DONE
            and (self._world.touched.get(record.identity, 0) < head.generation or record.head_commit == head.commit)
            for record in records
        )

    def _say(self, key: EnvironmentKey, error: MolthubError) -> None:
        if self._said.get(key) != error.ref:
            self._said[key] = error.ref
            self._log.warning("cannot publish", environment=str(key), ref=error.ref, error=error.diagnostic.message)
