"""How an apply shows that it is getting on: a line for each thing that happens, and on a terminal a live summary."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from molthub.apply.types import Report
from molthub.cli.terminal import Terminal
from molthub.cli.views.text import paint, plural, safe
from molthub.events.types import Event, EventType
from molthub.resources.identity import Identity

if TYPE_CHECKING:
    from rich.status import Status

COLOURS = {
    EventType.CHANGE_APPLIED: "green",
    EventType.ROLLOUT_COMPLETED: "green",
    EventType.SYNCED: "green",
    EventType.CHANGE_WAITING: "yellow",
    EventType.HELD: "yellow",
    EventType.BLOCKED: "yellow",
    EventType.CHANGE_FAILED: "red",
    EventType.ROLLOUT_FAILED: "red",
    EventType.ROLLED_BACK: "red",
    EventType.INVALID: "red",
}

TOLD = frozenset({EventType.BLOCKED, EventType.INVALID})
"""What the plan has just said, and the result says again."""


@contextmanager
def progress(term: Terminal, names: Mapping[Identity, str]) -> Iterator[Report]:
    """A Report that tells on stderr. names: what people call the instances. Safe to call from any thread."""
    lock = threading.Lock()
    if not term.interactive:

        def plain(event: Event) -> None:
            if event.type in TOLD:
                return
            with lock:
                term.say(line(event, names, colour=term.colour_err))

        yield plain
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=term.err, no_color=not term.colour_err, highlight=False)
    started: set[Identity] = set()
    with console.status(Text("Applying")) as status:

        def live(event: Event) -> None:
            with lock:
                if event.type not in TOLD:
                    console.print(Text.from_ansi(line(event, names, colour=term.colour_err)))
                started.add(event.identity)
                _summarise(status, len(started), len(names))

        yield live


def _summarise(status: Status, started: int, total: int) -> None:
    status.update(f"Applying: {started} of {plural(total, 'instance')} begun; Ctrl-C stops cleanly")


def line(event: Event, names: Mapping[Identity, str], *, colour: bool) -> str:
    """`acme/prod/bot: change-applied: service …`, in one line, escaped."""
    name = names.get(event.identity, str(event.identity))
    kind = paint(event.type.value, COLOURS.get(event.type, ""), on=colour)
    ref = f" ({event.ref})" if event.ref else ""
    return f"{safe(name)}: {kind}: {safe(event.message)}{ref}"
