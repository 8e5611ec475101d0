"""Walks over commits by their parents: the main line, and what each merge brought into it.

The main line is the first parents from a head: what the branch itself was, one step after another. Everything is a
function of sha → parents; a commit that is not in there ends its walk.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

Parents = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class MainLine:
    """order: the first parents, newest first. brought: commits of a merge of the line that its first parent lacks."""

    order: tuple[str, ...]
    brought: Mapping[str, frozenset[str]] = field(default_factory=dict)


def main_line(parents: Parents, head: str) -> MainLine:
    """The first parents from a head. Each commit is looked at once, however many merges there are."""
    order: list[str] = []
    current: str | None = head
    while current is not None and current in parents:
        order.append(current)
        above = parents[current]
        current = above[0] if above else None
    seen = set(order)
    brought: dict[str, frozenset[str]] = {}
    for sha in reversed(order):
        if len(parents[sha]) > 1:
            brought[sha] = frozenset(_unseen(parents, parents[sha][1:], seen))
    return MainLine(tuple(order), brought)


def _unseen(parents: Parents, starts: tuple[str, ...], seen: set[str]) -> list[str]:
    """What can be reached from starts and was not seen; it counts as seen from then on."""
    found, waiting = [], list(starts)
    while waiting:
        sha = waiting.pop()
        if sha not in seen and sha in parents:
            seen.add(sha)
            found.append(sha)
            waiting.extend(parents[sha])
    return found


def everything(parents: Parents, head: str) -> tuple[str, ...]:
    """Every commit that can be reached, children before parents; of two lines the one of the earlier parent first."""
    reachable = set(_unseen(parents, (head,), set()))
    children = dict.fromkeys(reachable, 0)
    for sha in reachable:
        for above in parents[sha]:
            if above in children:
                children[above] += 1
    order: list[str] = []
    ready = [(0, head)] if head in reachable else []
    step = 0
    while ready:
        _, sha = heapq.heappop(ready)
        order.append(sha)
        for above in reversed(parents[sha]):  # the last brought line first, so that the main line ends the list
            if above in children:
                children[above] -= 1
                if children[above] == 0:
                    step -= 1
                    heapq.heappush(ready, (step, above))
    return tuple(order)
