"""Who descends from whom. Only parents are looked at: dates are claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Ancestry:
    """Commits and their parents; those that are missing count as having none."""

    parents: Mapping[str, tuple[str, ...]]
    _ranks: dict[str, int] = field(default_factory=dict)
    _known: dict[tuple[str, str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for number, sha in enumerate(self.in_order()):
            self._ranks[sha] = number

    def in_order(self) -> Iterator[str]:
        """Every commit after all of its parents."""
        done: set[str] = set()
        for start in self.parents:
            waiting = [start]
            while waiting:
                sha = waiting[-1]
                if sha in done:
                    waiting.pop()
                    continue
                missing = [p for p in self.parents.get(sha, ()) if p in self.parents and p not in done]
                if missing:
                    waiting.extend(reversed(missing))
                    continue
                done.add(sha)
                waiting.pop()
                yield sha

    def rank(self, sha: str) -> int:
        """Smaller for ancestors."""
        return self._ranks[sha]

    def holds(self, head: str, sha: str) -> bool:
        """Whether head is sha, or descends from it."""
        if head == sha:
            return True
        if sha not in self._ranks or head not in self._ranks or self._ranks[sha] > self._ranks[head]:
            return False
        if (head, sha) not in self._known:
            self._known[head, sha] = self._search(head, sha)
        return self._known[head, sha]

    def _search(self, head: str, sha: str) -> bool:
        floor, seen, waiting = self._ranks[sha], {head}, [head]
        while waiting:
            for parent in self.parents.get(waiting.pop(), ()):
                if parent == sha:
                    return True
                if parent not in seen and self._ranks.get(parent, -1) > floor:
                    seen.add(parent)
                    waiting.append(parent)
        return False

    def newest(self, shas: Iterable[str]) -> frozenset[str]:
        """Those that are no ancestor of another."""
        given = set(shas)
        return frozenset(sha for sha in given if not any(o != sha and self.holds(o, sha) for o in given))

    def containing(self, marks: Iterable[str]) -> dict[str, int]:
        """Commit → which of the marks hold it, as bits in the order of the marks."""
        found = dict.fromkeys(self.parents, 0)
        for bit, mark in enumerate(marks):
            if mark in found:
                found[mark] |= 1 << bit
        for sha in sorted(found, key=self._ranks.__getitem__, reverse=True):
            bits = found[sha]
            if bits:
                for parent in self.parents[sha]:
                    if parent in found:
                        found[parent] |= bits
        return found
