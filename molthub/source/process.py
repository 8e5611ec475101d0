"""Runs git, sealed: no hook, filter, prompt or pager, no surrounding repository, only the transports asked for.

Why not GitPython here: its persistent `cat-file` gave wrong blobs to concurrent readers (11 of 1,200 reads with four
threads), it cannot take a variable out of the environment (a `GIT_DIR` left by a hook would redirect every call), and
importing it costs each command 120 ms.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from molthub.errors import StallingError, TransientError
from molthub.source.locations import mask

READ_TIMEOUT = 120.0
"""Seconds a read of local objects may take: 10,000 manifests take 0.3 s, so this is a hung disk."""

MAX_OUTPUT = 256 * 1024 * 1024
"""Bytes of one answer. A tree of ten nested trees can name ten thousand million files; git would list them all."""

MIN_VERSION = (2, 31)
"""The first git that takes configuration from GIT_CONFIG_COUNT, which keeps URLs out of argument lists."""

_CHUNK = 1024 * 1024
_DETAIL_LENGTH = 300

_KEPT_VARIABLES = frozenset(
    {
        "GIT_ASKPASS",
        "GIT_CONFIG_GLOBAL",
        "GIT_EXEC_PATH",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSH_VARIANT",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "GIT_SSL_CERT",
        "GIT_SSL_KEY",
    }
)
"""What a person sets to reach a server. Every other GIT_* speaks of some other repository or prints secrets."""

_SEALED_CONFIG = (
    ("core.hooksPath", os.devnull),
    ("core.fsmonitor", "false"),
    ("core.pager", "cat"),
    ("protocol.allow", "never"),
    ("log.showSignature", "false"),
    ("i18n.logOutputEncoding", "UTF-8"),
    ("submodule.recurse", "false"),
    ("fetch.recurseSubmodules", "false"),
    ("gc.autoDetach", "false"),
    ("http.lowSpeedLimit", "1000"),
    ("http.lowSpeedTime", "30"),
)


class GitFailedError(StallingError):
    """git ended with an error that nobody has given a meaning yet; stderr is masked and printable."""

    def __init__(self, command: str, code: int, stderr: str) -> None:
        detail = summary_line(stderr)
        super().__init__("MH-GIT-015", f"git {command} failed with code {code}: {detail}")
        self.code = code
        self.stderr = stderr


def printable(text: str) -> str:
    """Text with every control character replaced, so that a server or a commit cannot drive a terminal."""
    return "".join(char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text)


def summary_line(stderr: str) -> str:
    """The line of git's complaint worth showing: `fatal:` or `error:`, else the last one; at most 300 characters."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    marked = [line for line in lines if line.startswith(("fatal:", "error:"))]
    chosen = (marked or lines[-1:] or ["no message"])[0]
    return chosen.removeprefix("fatal:").removeprefix("error:").strip()[:_DETAIL_LENGTH]


@dataclass(frozen=True, slots=True)
class Git:
    """One repository (or none) as git is to see it. Stateless, so any number of threads may share it.

    git_dir    the repository; None for a command that needs none (`ls-remote` before the first clone)
    work_tree  only for reading a working tree
    start      directory from which git shall find the repository by itself; only to open one
    config     settings for every call, handed over in the environment: never in `ps`, never on disk
    protocols  transports that may be used; none for reads, so that a partial clone cannot fetch behind our back
    secrets    texts never to be shown, whatever git prints
    variables  more of its environment: an index of its own, the person's identity
    attended   stays in the person's terminal session, so that a signing program may ask for a passphrase
    """

    git_dir: Path | None = None
    work_tree: Path | None = None
    start: Path | None = None
    config: tuple[tuple[str, str], ...] = ()
    protocols: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    attended: bool = False

    def run(self, *args: str, timeout: float = READ_TIMEOUT) -> bytes:
        """Standard output of `git ARGS`. Raises GitFailedError, or MH-GIT-010, -003 or -014 where it could not end."""
        with self.stream(*args, timeout=timeout) as output:
            return _read_limited(output, args[0])

    def feed(self, text: bytes, *args: str, timeout: float = READ_TIMEOUT) -> bytes:
        """The same for a command that reads its standard input."""
        with tempfile.TemporaryFile() as stdin:
            stdin.write(text)
            stdin.seek(0)
            with self.stream(*args, stdin=stdin, timeout=timeout) as output:
                return _read_limited(output, args[0])

    @contextlib.contextmanager
    def stream(self, *args: str, stdin: IO[bytes] | None = None, timeout: float = READ_TIMEOUT) -> Iterator[IO[bytes]]:
        """Standard output of a running git, which is judged when the block ends and killed when it raises."""
        with tempfile.TemporaryFile() as errors, self._started(args, stdin, errors) as process:
            assert process.stdout is not None
            timed_out = threading.Event()
            timer = threading.Timer(timeout, _kill, (process, timed_out))
            timer.daemon = True
            timer.start()
            finished = False
            try:
                yield process.stdout
                finished = True
            except Exception:
                if not timed_out.is_set():
                    raise
            finally:
                _finish(process, kill=not finished)
                timer.cancel()
            self._judge(args[0], process.returncode, errors, timed_out=timed_out.is_set(), timeout=timeout)

    @contextlib.contextmanager
    def _started(
        self, args: tuple[str, ...], stdin: IO[bytes] | None, errors: IO[bytes]
    ) -> Iterator[subprocess.Popen[bytes]]:
        try:
            process = subprocess.Popen(
                ["git", "--no-pager", *self._placement(), *args],
                stdin=stdin or subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=sealed_environment(os.environ, config=self.config, protocols=self.protocols) | dict(self.variables),
                cwd=self._directory,
                start_new_session=not self.attended,  # no terminal to prompt on, and one group to kill
            )
        except FileNotFoundError as error:
            raise _not_started(self._directory) from error
        except OSError as error:
            raise StallingError("MH-GIT-010", f"git could not be started: {error.strerror}") from error
        with process:
            yield process

    @property
    def _directory(self) -> Path:
        return self.start or self.work_tree or self.git_dir or Path(os.sep)

    def _placement(self) -> tuple[str, ...]:
        if self.start is not None:
            return ()
        git_dir = self.git_dir if self.git_dir is not None else Path(os.devnull)
        tree = (f"--work-tree={self.work_tree}",) if self.work_tree is not None else ()
        return (f"--git-dir={git_dir}", *tree)

    def _judge(self, command: str, code: int, errors: IO[bytes], *, timed_out: bool, timeout: float) -> None:
        if timed_out:
            raise TransientError(
                "MH-GIT-003",
                f"git {command} did not answer within {timeout:.0f} seconds",
                fix="Check the network and the server; Molthub tries again",
            )
        if code == 0:
            return
        errors.seek(0)
        raw = errors.read(_CHUNK).decode("utf-8", "replace")
        raise GitFailedError(command, code, printable(mask(raw, self.secrets)))


def sealed_environment(
    inherited: Mapping[str, str], *, config: tuple[tuple[str, str], ...] = (), protocols: tuple[str, ...] = ()
) -> dict[str, str]:
    """The environment git runs in: what is inherited, without any other repository's GIT_*, and our settings."""
    kept = {name: value for name, value in inherited.items() if not is_foreign(name)}
    settings = (*_SEALED_CONFIG, *config)
    pairs: dict[str, str] = {"GIT_CONFIG_COUNT": str(len(settings))}
    for index, (key, value) in enumerate(settings):
        pairs[f"GIT_CONFIG_KEY_{index}"] = key
        pairs[f"GIT_CONFIG_VALUE_{index}"] = value
    return {
        **kept,
        **pairs,
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,  # a graft would give a commit other parents than it was signed with
        "GIT_NO_LAZY_FETCH": "1",
        # Overrides every protocol.*.allow of the person's own configuration, which protocol.allow does not.
        "GIT_ALLOW_PROTOCOL": ":".join(protocols) or "none",
    }


def is_foreign(variable: str) -> bool:
    """Whether an environment variable speaks to git of something that is not ours."""
    return variable.startswith("GIT_") and variable not in _KEPT_VARIABLES


def require_git() -> None:
    """Raise MH-GIT-010 unless a git of at least MIN_VERSION is on the PATH (asked once a process)."""
    version = installed_version()
    if version < MIN_VERSION:
        found, needed = (".".join(str(part) for part in parts) for parts in (version, MIN_VERSION))
        raise StallingError("MH-GIT-010", f"git {found} is too old", fix=f"Install git {needed} or newer")


@functools.cache
def installed_version() -> tuple[int, int]:
    """Major and minor version of the git on the PATH."""
    return parse_version(Git().run("version"))


def parse_version(answer: bytes) -> tuple[int, int]:
    """`git version 2.39.5 (Apple Git-154)` → (2, 39); an answer of another shape counts as too old."""
    found = re.match(rb"git version (\d+)\.(\d+)", answer)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _not_started(directory: Path) -> StallingError:
    if not directory.exists():
        return StallingError("MH-GIT-002", f"there is no repository at {directory}", fix="Check the path")
    return StallingError("MH-GIT-010", "git is not installed", fix="Install git 2.31 or newer and put it on the PATH")


def _read_limited(output: IO[bytes], command: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := output.read(_CHUNK):
        size += len(chunk)
        if size > MAX_OUTPUT:
            raise StallingError(
                "MH-GIT-014",
                f"git {command} answers with more than {MAX_OUTPUT // 1024**2} MiB",
                fix="A fleet repository holds manifests: keep other files elsewhere",
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _kill(process: subprocess.Popen[bytes], timed_out: threading.Event) -> None:
    timed_out.set()
    _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill it with all that it started; an attended one leads no group, and goes alone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _finish(process: subprocess.Popen[bytes], *, kill: bool) -> None:
    if kill:
        _end(process)
    process.wait()
