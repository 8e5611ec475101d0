"""Keys and signed commits for tests. SSH keys are made by `ssh-keygen`, in a folder that belongs to the test."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair. format: `ssh` or `openpgp`; public: what a policy holds; signing: what git is told."""

    format: str
    public: str
    signing: str
    home: Path | None = None


def ssh_key(folder: Path, name: str, *options: str) -> Key:
    """A new key pair; ed25519 unless the options say otherwise."""
    file = folder / name
    kind = options or ("-t", "ed25519")
    subprocess.run(["ssh-keygen", "-q", *kind, "-N", "", "-C", name, "-f", str(file)], check=True)
    return Key("ssh", file.with_suffix(".pub").read_text().strip(), str(file))


def gpg_key(folder: Path, name: str, *, expires: str = "0") -> Key:
    """A new key pair in a home of its own (0.1 s)."""
    home = folder / f"gpg-{name}"
    home.mkdir(mode=0o700)
    uid = f"{name} <{name}@example.com>"
    gpg(home, "--passphrase", "", "--quick-gen-key", uid, "ed25519", "sign", expires)
    public = gpg(home, "--armor", "--export", f"{name}@example.com")
    return Key("openpgp", public, f"{name}@example.com", home)


def gpg(home: Path, *arguments: str) -> str:
    """Standard output of gpg over this home."""
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def stop_agent(home: Path) -> None:
    """End the agent that signing started."""
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)


@dataclass(slots=True)
class Signer:
    """One repository, and commits in it by whoever is named. Times may be claimed."""

    path: Path
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.variables = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
        self.variables |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        if not (self.path / ".git").exists():
            self.path.mkdir(parents=True, exist_ok=True)
            self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, key: Key | None = None, email: str = "ana@example.com", stdin: bytes = b"") -> str:
        """Standard output of git as this person, without the last line break."""
        who = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", email.split("@", maxsplit=1)[0]), ("EMAIL", email))
        }
        signing = ("-c", f"gpg.format={key.format}", "-c", f"user.signingkey={key.signing}") if key else ()
        home = {"GNUPGHOME": str(key.home)} if key and key.home else {}
        done = subprocess.run(
            ["git", *signing, "-C", str(self.path), *arguments],
            env=self.variables | who | home,
            input=stdin,
            capture_output=True,
            check=True,
        )
        return done.stdout.decode().rstrip("\n")

    def commit(
        self,
        files: Mapping[str, bytes | None] | None = None,
        message: str = "Change",
        *,
        key: Key | None = None,
        email: str = "ana@example.com",
    ) -> str:
        """Write files (None removes one) and commit everything; the hash."""
        for name, content in (files or {}).items():
            place = self.path / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                place.unlink()
            else:
                place.write_bytes(content)
        self.git("add", "-A")
        sign = ("-S",) if key else ("--no-gpg-sign",)
        self.git("commit", "-q", "--allow-empty", *sign, "-m", message, key=key, email=email)
        return self.git("rev-parse", "HEAD")

    def raw(self, content: bytes) -> str:
        """A commit object of exactly these bytes; its hash."""
        return self.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=content)

    def object(self, sha: str) -> bytes:
        """A commit's own bytes."""
        done = subprocess.run(["git", "-C", str(self.path), "cat-file", "commit", sha], capture_output=True, check=True)
        return done.stdout
