"""How an image behaves when it runs: well, unless its name or a rule says otherwise."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase


class Behaviour(StrEnum):
    """What becomes of a task that runs the image."""

    OK = "ok"
    CANNOT_PULL = "cannot-pull"
    CRASH = "crash"
    INIT_FAILS = "init-fails"
    UNHEALTHY = "unhealthy"
    OUT_OF_MEMORY = "out-of-memory"
    EXITS_LATER = "exits-later"
    FLAPS = "flaps"


BUILT_IN = (
    ("*:*-missing*", Behaviour.CANNOT_PULL),
    ("*:*-crash*", Behaviour.CRASH),
    ("*:*-init-fails*", Behaviour.INIT_FAILS),
    ("*:*-unhealthy*", Behaviour.UNHEALTHY),
    ("*:*-oom*", Behaviour.OUT_OF_MEMORY),
    ("*:*-exits-later*", Behaviour.EXITS_LATER),
    ("*:*-flaps*", Behaviour.FLAPS),
)
"""Tags that misbehave without any rule, so that a demo needs nothing but a manifest."""


@dataclass(slots=True)
class Images:
    """Rules set through the control path come first (the newest before the older), then the built-in tags."""

    rules: list[tuple[str, Behaviour]] = field(default_factory=list)

    def add(self, pattern: str, behaviour: Behaviour) -> None:
        self.rules.insert(0, (pattern, behaviour))

    def behaviour_of(self, image: str) -> Behaviour:
        for pattern, behaviour in (*self.rules, *BUILT_IN):
            if fnmatchcase(image, pattern):
                return behaviour
        return Behaviour.OK

    def worst_of(self, images: list[str]) -> Behaviour:
        """The first misbehaviour among a task's images; OK when all behave."""
        for image in images:
            behaviour = self.behaviour_of(image)
            if behaviour is not Behaviour.OK:
                return behaviour
        return Behaviour.OK
