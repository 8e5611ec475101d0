"""Following a log: one look after the other, each a little into the past, and no line twice.

CloudWatch has no line at the very moment it is written, and lines of several containers arrive in another order than
they were written in. So every look begins OVERLAP before the newest line known, and what is known is passed over by its
id. A line that arrives later than that is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from molthub.errors import MolthubError, TransientError, WaitingError

if TYPE_CHECKING:
    from molthub.apply.settings import Clock
    from molthub.provider.logs import LogLine, LogQuery, LogReader
    from molthub.resources.identity import Identity

OVERLAP = timedelta(seconds=30)
LONGEST_PAUSE = 30.0


@dataclass(slots=True)
class Known:
    """The lines that were shown already, as far back as a look may go. newest: `at` of the newest of them."""

    newest: datetime
    _seen: dict[str, datetime] = field(default_factory=dict)

    @property
    def since(self) -> datetime:
        """Where the next look begins."""
        return self.newest - OVERLAP

    def fresh(self, lines: Iterable[LogLine]) -> Iterator[LogLine]:
        """Those not shown yet; they count as shown from here on."""
        for line in lines:
            if line.id in self._seen:
                continue
            self._seen[line.id] = line.at
            self.newest = max(self.newest, line.at)
            yield line
        self._seen = {name: at for name, at in self._seen.items() if at >= self.since - OVERLAP}


def follow(
    reader: LogReader,
    identity: Identity,
    query: LogQuery,
    *,
    known: Known,
    clock: Clock,
    interval: float,
    show: Callable[[LogLine], None],
    trouble: Callable[[MolthubError], None],
    over: Callable[[], bool] = lambda: False,
) -> None:
    """Show new lines until `over`, which people never say: they press Ctrl-C.

    interval  seconds between two looks; after a failure twice as long each time, up to LONGEST_PAUSE
    trouble   told of a failure that passes (throttling, no log yet), once in a row of the same; others are raised
    """
    pause, told = interval, ""
    while not over():
        try:
            for line in known.fresh(reader.read(identity, replace(query, since=max(query.since, known.since)))):
                show(line)
            pause, told = interval, ""
        except (TransientError, WaitingError) as error:
            if error.ref != told:
                trouble(error)
            pause, told = min(max(pause * 2, interval), LONGEST_PAUSE), error.ref
        clock.sleep(pause, over)
