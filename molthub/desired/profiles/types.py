"""The shape of a runtime profile: everything Molthub must know of a Moltbot before it starts one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from molthub.desired.profiles.images import Version
from molthub.manifest.models import InstanceSpec
from molthub.resources.types import Pairs

ConfigBuilder = Callable[[InstanceSpec, str], dict[str, Any]]
"""(the manifest's spec, the instance's display name) → the Moltbot's config as plain JSON data."""


@dataclass(frozen=True, slots=True)
class RuntimeProfile:
    """How a Moltbot of some versions is configured, started and asked for its health.

    name             `openclaw-2026.9`, for people
    since            the first version of the range
    channels         channels this image can really speak; others are refused by name (MH-CHAN-001)
    plugins          plugins the image holds beyond those that every image of the range has
    gateway_token    the environment variable the gateway reads its token from
    environment      fixed variables of the gateway and of the init step
    start            the gateway's command without its options
    options          what is always appended; the loopback bind is here
    allowed_options  options a manifest's `command` may add → whether they take a value
    validate         the Moltbot's own check of the config file
    health           a JavaScript program, for `node -e`, that exits 0 when the gateway is healthy
    ready_path       answers 200 and `"ok": true` from when the gateway takes hooks until it ends
    app              working directory: where the image keeps the Moltbot
    config_path      the config file; its folder is a volume of its own, read-only to the gateway
    state_dir        everything the Moltbot remembers
    keys_dir         the keys of its auth profiles, kept apart from the state
    cache_dir        what it may lose
    native_secrets   role of a secret (`slack.botToken`, `provider:anthropic`) → the variable it reads by itself
    config           builds the config
    """

    name: str
    since: Version
    channels: frozenset[str]
    plugins: frozenset[str]
    gateway_token: str
    environment: Pairs
    start: tuple[str, ...]
    options: tuple[str, ...]
    allowed_options: Mapping[str, bool]
    validate: tuple[str, ...]
    health: str
    ready_path: str
    app: str
    config_path: str
    state_dir: str
    keys_dir: str
    cache_dir: str
    native_secrets: Mapping[str, str]
    config: ConfigBuilder

    @property
    def config_dir(self) -> str:
        return self.config_path.rsplit("/", 1)[0]

    def command(self, wanted: list[str] | None) -> tuple[str, ...]:
        """The gateway's whole command. Of a manifest's own command only allowed options are taken over."""
        return (*self.start, *self.split_command(wanted)[0], *self.options)

    def split_command(self, wanted: list[str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(options taken over, words refused) of a manifest's `command`; a guardrail reports the refused ones."""
        words = list(wanted or ())
        if tuple(words[: len(self.start)]) == self.start:
            words = words[len(self.start) :]
        elif words:
            return (), tuple(words)
        taken: list[str] = []
        refused: list[str] = []
        while words:
            self._take(words, taken, refused)
        return tuple(taken), tuple(refused)

    def _take(self, words: list[str], taken: list[str], refused: list[str]) -> None:
        word = words.pop(0)
        name, equals, _ = word.partition("=")
        needs_value = self.allowed_options.get(name, False) and not equals
        value_follows = bool(words) and not words[0].startswith("-")
        if name not in self.allowed_options or (needs_value and not value_follows):
            refused.append(word)
            return
        taken.append(word)
        if needs_value:
            taken.append(words.pop(0))
