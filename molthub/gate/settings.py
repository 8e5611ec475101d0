"""Everything the gate must know, from `MOLTHUB_GATE_*` environment variables. docs/webhooks.md lists them.

A variable that is none of these is refused, so that a misspelt limit is not silently the default. Nothing that is
said about a key repeats it.
"""

from __future__ import annotations

import dataclasses
import difflib
import ipaddress
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from molthub.errors import Diagnostic, Findings, InvalidInputError
from molthub.gate.signature import Mode

PREFIX = "MOLTHUB_GATE_"
PORT = 8080
"""Where it listens unless told otherwise: plain HTTP, for TLS ends at the load balancer."""
HEALTH_PATH = b"/healthz"
"""The gate's own, and the gateway's where no other is named."""
MAX_PATHS = 3
SHORTEST_KEY = 24
"""Characters. A key of 32 random hexadecimal digits has 32; a word that people remember has fewer."""

_PATHS = {
    Mode.SIGNED: re.compile(r"/hooks(/[a-z0-9]+([_-][a-z0-9]+)*)+"),
    Mode.SLACK: re.compile(r"/slack(/[a-z0-9]+([_-][a-z0-9]+)*)+"),
}
"""No other path of the gateway can be let through, whatever a manifest says: not its UI, its terminal, its tools."""

_KEY = re.compile(r"[\x21-\x7e]+")
_ADDRESS = re.compile(r"(?P<host>\[[0-9a-f:]+\]|[0-9.]+):(?P<port>[0-9]{1,5})")
_HEALTH = re.compile(r"/[a-z]{1,32}")
_UPSTREAM = re.compile(r"http://(?P<host>\[[0-9a-f:]+\]|[0-9.]+):(?P<port>[0-9]{1,5})/?")


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds.

    rate, burst   requests with a right signature that are let through, a second and at once
    at_once       requests under way at the gateway
    max_pending_bytes  what all bodies on their way in may hold together, so that nobody makes it outgrow its memory
    connections   open connections; a few more are held for the load balancer's health checks
    """

    max_body_bytes: int = 256 * 1024
    max_head_bytes: int = 16 * 1024
    max_headers: int = 64
    max_answer_bytes: int = 256 * 1024
    max_pending_bytes: int = 8 * 1024 * 1024
    head_seconds: float = 5.0
    body_seconds: float = 15.0
    upstream_seconds: float = 30.0
    write_seconds: float = 10.0
    stop_seconds: float = 40.0
    rate: float = 10.0
    burst: int = 40
    at_once: int = 8
    connections: int = 128
    replay_entries: int = 20_000


@dataclass(frozen=True, slots=True)
class Settings:
    """host, port: where it listens. paths: exact request target → mode, in the order given; the log says the index.

    keys            the valid ones of signed mode, the current first
    slack_secret    Slack's signing secret, b"" without a path of that mode
    upstream_token  the bearer token that the gateway expects in signed mode
    upstream_health  the gateway's path that says whether it takes requests
    """

    paths: Mapping[bytes, Mode]
    keys: tuple[bytes, ...] = field(default=(), repr=False)
    slack_secret: bytes = field(default=b"", repr=False)
    upstream_token: bytes = field(default=b"", repr=False)
    host: str = "0.0.0.0"  # noqa: S104 - to be reached is what it is for
    port: int = PORT
    upstream_host: str = "127.0.0.1"
    upstream_port: int = 18789
    upstream_health: bytes = HEALTH_PATH
    limits: Limits = field(default_factory=Limits)

    def keys_of(self, mode: Mode) -> tuple[bytes, ...]:
        return (self.slack_secret,) if mode is Mode.SLACK else self.keys


SECRETS = ("KEY", "KEY_PREVIOUS", "SLACK_SIGNING_SECRET", "UPSTREAM_TOKEN")
_LIMITS = {one.name.upper(): type(getattr(Limits(), one.name)) for one in dataclasses.fields(Limits)}
NAMES = frozenset({"LISTEN", "UPSTREAM", "UPSTREAM_HEALTH", "PATHS", *SECRETS, *_LIMITS})
"""What may follow the prefix."""


def settings_from(environ: Mapping[str, str]) -> Settings:
    """The settings in the environment's variables. Raises InvalidInputError with everything that is wrong."""
    given = {name.removeprefix(PREFIX): value for name, value in environ.items() if name.startswith(PREFIX)}
    found = Findings()
    for name in sorted(given.keys() - NAMES):
        _add_unknown(found, name)
    paths = _paths(given.get("PATHS", ""), found)
    secrets = {name: _secret(name, given.get(name, ""), found) for name in SECRETS}
    _require(secrets, paths, given, found)
    host, port = _address(given.get("LISTEN"), found)
    upstream_host, upstream_port = _upstream(given.get("UPSTREAM"), found)
    health = _health(given.get("UPSTREAM_HEALTH"), found)
    limits = _limits(given, found)
    if found.errors:
        raise InvalidInputError(found.errors)
    key = secrets["KEY"]
    return Settings(
        paths=paths,
        keys=tuple(one for one in (key, secrets["KEY_PREVIOUS"]) if one),
        slack_secret=secrets["SLACK_SIGNING_SECRET"],
        upstream_token=secrets["UPSTREAM_TOKEN"] or key,
        host=host,
        port=port,
        upstream_host=upstream_host,
        upstream_port=upstream_port,
        upstream_health=health,
        limits=limits,
    )


def _add_unknown(found: Findings, name: str) -> None:
    near = difflib.get_close_matches(name, NAMES, n=1)
    fix = f"Did you mean {PREFIX}{near[0]}?" if near else "Remove it"
    found.add(Diagnostic("MH-GATE-001", f"{PREFIX}{name} is no setting of the gate", fix=fix))


def _paths(text: str, found: Findings) -> dict[bytes, Mode]:
    """Of `[{"path": "/hooks/agent", "mode": "signed"}]`."""
    fix = (
        f'Set {PREFIX}PATHS to JSON such as [{{"path": "/hooks/agent", "mode": "signed"}}], one to {MAX_PATHS} entries'
    )
    paths: dict[bytes, Mode] = {}
    try:
        entries = json.loads(text) if text else []
        for entry in entries:
            mode = Mode(entry["mode"])
            if entry.keys() != {"path", "mode"} or mode_of(entry["path"]) is not mode:
                raise ValueError
            paths[entry["path"].encode()] = mode
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
        entries = []
    if not 0 < len(entries) <= MAX_PATHS or len(paths) != len(entries):
        found.add(Diagnostic("MH-GATE-002", f"{PREFIX}PATHS does not name the paths to let through", fix=fix))
    return paths


def _secret(name: str, value: str, found: Findings) -> bytes:
    """b"" for none."""
    if value and not usable_key(value):
        why = f"it is shorter than {SHORTEST_KEY} characters, or holds a space or a line's end"
        message = f"{PREFIX}{name} cannot be a key: {why}"
        found.add(Diagnostic("MH-GATE-003", message, fix="Make one with `openssl rand -hex 32`, without a newline"))
        return b""
    return value.encode()


def mode_of(path: str) -> Mode | None:
    """Who signs the requests of a path; None for one that can never be let through."""
    return next((mode for mode, pattern in _PATHS.items() if pattern.fullmatch(path)), None)


def usable_key(value: str) -> bool:
    """Whether it can be a key: long enough, and visible ASCII, as it is also sent in a header."""
    return len(value) >= SHORTEST_KEY and _KEY.fullmatch(value) is not None


def _require(
    secrets: Mapping[str, bytes], paths: Mapping[bytes, Mode], given: Mapping[str, str], found: Findings
) -> None:
    needed = {Mode.SIGNED: "KEY", Mode.SLACK: "SLACK_SIGNING_SECRET"}
    for mode in sorted(set(paths.values())):
        if not given.get(needed[mode]):
            message = f"{PREFIX}{needed[mode]} is not set, and a path of mode {mode} needs it"
            found.add(Diagnostic("MH-GATE-003", message, fix="Give it from the secret store"))
    if secrets["KEY"] and secrets["KEY"] == secrets["KEY_PREVIOUS"]:
        message = f"{PREFIX}KEY_PREVIOUS is the same as {PREFIX}KEY"
        found.add(
            Diagnostic("MH-GATE-003", message, fix=f"Leave {PREFIX}KEY_PREVIOUS out when no rotation is under way")
        )


def _address(text: str | None, found: Findings) -> tuple[str, int]:
    """Port 0 is for tests: the system chooses."""
    if text is None:
        return "0.0.0.0", PORT  # noqa: S104 - to be reached is what it is for
    match = _ADDRESS.fullmatch(text)
    host = _ip(match["host"]) if match else None
    if match is None or host is None or int(match["port"]) > 65535:  # noqa: PLR2004 - the last port
        fix = f"Set it to an address and a port such as 0.0.0.0:{PORT}"
        found.add(Diagnostic("MH-GATE-004", f"{PREFIX}LISTEN is no address to listen at", fix=fix))
        return "", 0
    return str(host), int(match["port"])


def _upstream(text: str | None, found: Findings) -> tuple[str, int]:
    """Only a loopback address: the gateway is in the same task, and nothing else may ever be asked."""
    match = _UPSTREAM.fullmatch(text or "http://127.0.0.1:18789")
    host = _ip(match["host"]) if match else None
    if match is None or host is None or not host.is_loopback or not 0 < int(match["port"]) <= 65535:  # noqa: PLR2004
        fix = "Set it to the gateway's own, http://127.0.0.1:18789"
        found.add(Diagnostic("MH-GATE-004", f"{PREFIX}UPSTREAM is no http:// URL on the loopback", fix=fix))
        return "", 0
    return str(host), int(match["port"])


def _health(text: str | None, found: Findings) -> bytes:
    if text is not None and not _HEALTH.fullmatch(text):
        fix = f"Set it to the gateway's own, such as {HEALTH_PATH.decode()}"
        found.add(Diagnostic("MH-GATE-004", f"{PREFIX}UPSTREAM_HEALTH is no health path", fix=fix))
    return HEALTH_PATH if text is None else text.encode()


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def _limits(given: Mapping[str, str], found: Findings) -> Limits:
    values: dict[str, float] = {}
    for name in sorted(given.keys() & _LIMITS.keys()):
        pattern = r"[0-9]{1,9}" if _LIMITS[name] is int else r"[0-9]{1,9}(\.[0-9]{1,6})?"
        value = _LIMITS[name](given[name]) if re.fullmatch(pattern, given[name]) else 0
        if value <= 0:
            fix = f"Set it to a {'whole ' if _LIMITS[name] is int else ''}number above 0, or leave it out"
            found.add(Diagnostic("MH-GATE-005", f"{PREFIX}{name} is no limit", fix=fix))
        values[name.lower()] = value
    return Limits(**values)  # type: ignore[arg-type]  # each was made by its own field's type
