"""Lays an installed Moltbot out as its image has it, and runs a rendered container in it as Fargate would.

No container runtime is needed: a mount and a network namespace, a root of its own that is read-only, volumes that
belong to root with mode 0755, a tmpfs for /tmp, the rendered user, capabilities, command and variables and nothing
else. The network namespace has a loopback and no way out, so the rendered port is free and nobody is called: packets to
the outside are dropped.
Needs root, or a `sudo` that asks nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from molthub.resources.types import Container, Mount, TaskDefinition
from tests.moltbot.install import Installed

BLACK_HOLE = ("ip link set lo up", "ip addr add 192.0.2.2/32 dev lo", "ip route add default dev lo src 192.0.2.2")
"""A loopback, and an outside whose packets are dropped, not refused: what a security group does too."""

HOST_FOLDERS = ("usr", "lib", "lib64", "bin", "sbin")
DEFAULT_CAPABILITIES = (
    "chown", "dac_override", "fsetid", "fowner", "mknod", "net_raw", "setgid", "setuid", "setfcap", "setpcap",
    "net_bind_service", "sys_chroot", "kill", "audit_write",
)  # fmt: skip
"""What Docker, and so Fargate, gives a container that drops nothing."""


def build_image(installed: Installed, version: str, plugins: Sequence[str]) -> Path:
    """The folder that stands for the image's /app, hard-linked: the package, its dependencies, and chosen plugins."""
    modules = installed.moltbots[version] / "node_modules"
    app = installed.moltbots[version] / "-".join(["app", *plugins])
    if (app / ".complete").exists():
        return app
    shutil.rmtree(app, ignore_errors=True)
    subprocess.run(["cp", "-al", modules / "openclaw", app], check=True)
    for module in modules.iterdir():
        if module.name not in {"openclaw", ".bin", ".package-lock.json"}:
            _link_module(module, app / "node_modules" / module.name)
    for plugin in plugins:
        _add_plugin(modules / "@openclaw" / plugin, app / "dist" / "extensions" / plugin)
    (app / ".complete").touch()
    return app


def _link_module(source: Path, target: Path) -> None:
    """A dependency; of a scope the packages one by one, for the package may carry some of that scope itself."""
    target.parent.mkdir(exist_ok=True)
    if not target.exists():
        subprocess.run(["cp", "-al", source, target], check=True)
    elif source.name.startswith("@"):
        for package in source.iterdir():
            _link_module(package, target / package.name)


def _add_plugin(source: Path, target: Path) -> None:
    """As upstream's build packages a chosen plugin: its compiled files beside its manifest, not in dist/."""
    shutil.copytree(source / "dist", target)
    for name in ("openclaw.plugin.json", "node_modules", "skills", "assets"):
        if (source / name).is_dir():
            shutil.copytree(source / name, target / name, symlinks=True)
        elif (source / name).exists():
            shutil.copy(source / name, target / name)
    package = (source / "package.json").read_text().replace("./dist/", "./")
    described = json.loads(package)
    described["openclaw"]["extensions"] = ["./index.js"]
    (target / "package.json").write_text(json.dumps(described))


@dataclass(slots=True)
class Task:
    """One task: its volumes live in `folder`, its containers run one after the other with the same volumes."""

    folder: Path
    definition: TaskDefinition
    app: Path
    node: Path
    secrets: Mapping[str, str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for volume in self.definition.volumes:
            (self.folder / "volumes" / volume).mkdir(parents=True, mode=0o755)
        _sudo(["chown", "-R", "root:root", str(self.folder / "volumes")])

    def container(self, name: str) -> Container:
        return next(item for item in self.definition.containers if item.name == name)

    def log(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def read_volume(self, volume: str, path: str) -> bytes:
        return _sudo(["cat", str(self.folder / "volumes" / volume / path)]).stdout

    def stat_volume(self, volume: str, path: str = ".") -> str:
        """`uid mode` of a path in a volume."""
        done = _sudo(["stat", "-c", "%u %a", str(self.folder / "volumes" / volume / path)])
        return done.stdout.decode().strip()

    def start(self, name: str) -> subprocess.Popen[bytes]:
        """Start a container as rendered; its output goes to a log."""
        container = self.container(name)
        script = self.folder / f"{name}.sh"
        script.write_text(self._setup(container) + f"exec {_quoted(self._inside(container))}\n")
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen(
                [*_prefix(), "unshare", "--mount", "--net", "sh", "-eu", str(script)], stdout=log, stderr=log
            )
        self.processes.append(process)
        return process

    def run(self, name: str, *, timeout: float) -> int:
        """Run a container to its end; its exit code."""
        return self.start(name).wait(timeout=timeout)

    def execute(
        self, process: subprocess.Popen[bytes], name: str, command: Sequence[str]
    ) -> subprocess.CompletedProcess[bytes]:
        """Run a command inside a running container, as its user with its variables (a health check does so)."""
        container = self.container(name)
        enter = ["nsenter", f"--target={process.pid}", "--mount", "--net", f"--root=/proc/{process.pid}/root"]
        moved = ["sh", "-c", f'cd {container.working_directory} && exec "$@"', "sh"]
        wanted = [*enter, *moved, *self._as_user(container), *command]
        return subprocess.run([*_prefix(), *wanted], capture_output=True, timeout=60, check=False)

    def terminate(self, process: subprocess.Popen[bytes]) -> None:
        """SIGTERM, as ECS sends it."""
        _sudo(["kill", f"-{int(signal.SIGTERM)}", str(process.pid)])

    def stop(self, process: subprocess.Popen[bytes], *, timeout: float) -> int:
        """SIGTERM and the exit code; SIGKILL and an error after the timeout."""
        self.terminate(process)
        try:
            return process.wait(timeout=timeout)
        finally:
            self.kill(process)

    def close(self) -> None:
        for process in self.processes:
            self.kill(process)

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is None:
            _sudo(["kill", "-9", str(process.pid)])
            process.wait(timeout=10)

    def _setup(self, container: Container) -> str:
        """Shell that makes the container's root in the new namespaces."""
        root = self.folder / f"root-{container.name}"
        root.mkdir()
        lines = [
            *BLACK_HOLE,
            "mount --make-rprivate /",
            f"mount -t tmpfs -o mode=755 none {root}",
            f"cd {root}",
        ]
        lines += ["mkdir -p proc dev etc/ssl app tmp home/node usr/local/bin", "mount --rbind /dev dev"]
        for folder in HOST_FOLDERS:
            if Path(f"/{folder}").is_symlink():
                lines.append(f"ln -s {Path(f'/{folder}').readlink()} {folder}")
            elif Path(f"/{folder}").is_dir():
                lines.append(f"mkdir -p {folder}; mount --rbind /{folder} {folder}")
        lines += [f"mount --bind {self.app} app", "mkdir -p image", f"mount --bind {self.node.parents[1]} image"]
        lines += ["mount -t proc proc proc", "chown 1000:1000 home/node", "echo 127.0.0.1 localhost >etc/hosts"]
        lines += ["echo 'node:x:1000:1000::/home/node:/bin/sh' >etc/passwd", "echo 'node:x:1000:' >etc/group"]
        lines += [line for mount in container.mounts for line in self._mount(mount)]
        for tmpfs in container.tmpfs:
            options = ",".join((f"size={tmpfs.size_mib}m", "mode=1777", *tmpfs.options))
            lines.append(f"mount -t tmpfs -o {options} none .{tmpfs.path}")
        lines += ["mount -o remount,ro,bind app"]
        lines += [f"mount -o remount,ro {root}"] if container.readonly_root else []
        return "\n".join(lines) + "\n"

    def _mount(self, mount: Mount) -> list[str]:
        source = self.folder / "volumes" / mount.volume
        lines = [f"mkdir -p .{mount.path}", f"mount --bind {source} .{mount.path}"]
        return [*lines, f"mount -o remount,ro,bind .{mount.path}"] if mount.read_only else lines

    def _inside(self, container: Container) -> list[str]:
        command = [*(container.entry_point or ()), *(container.command or ())]
        root = f"{self.folder}/root-{container.name}"
        moved = ["chroot", root, "sh", "-c", f'cd {container.working_directory} && exec "$@"', "sh"]
        return [*moved, *self._as_user(container), *command]

    def _as_user(self, container: Container) -> list[str]:
        """Its user, capabilities and variables, and no other."""
        kept = [] if "ALL" in container.capabilities_drop else DEFAULT_CAPABILITIES
        kept = [cap for cap in kept if cap.upper() not in container.capabilities_drop]
        bounding = ",".join(["-all", *(f"+{cap}" for cap in kept)])
        user = container.user or "0"
        secrets = {name: self.secrets[name] for name, _ in container.secrets}
        variables = {"PATH": "/image/bin:/usr/bin:/bin", **dict(container.environment), **secrets}
        who = [f"--reuid={user}", f"--regid={user}", "--clear-groups", f"--bounding-set={bounding}", "--inh-caps=-all"]
        return ["setpriv", *who, "env", "-i", *(f"{name}={value}" for name, value in variables.items())]


def wait_until_healthy(task: Task, process: subprocess.Popen[bytes], *, timeout: float) -> float:
    """Run the rendered health check until it passes; the seconds it took. Fails when the process ends before."""
    check = task.container("gateway").health_check
    assert check is not None
    assert check.command[0] == "CMD"
    started = time.monotonic()
    while time.monotonic() - started < timeout:
        assert process.poll() is None, f"the gateway ended with {process.returncode}:\n{task.log('gateway')[-4000:]}"
        if task.execute(process, "gateway", check.command[1:]).returncode == 0:
            return time.monotonic() - started
        time.sleep(1)
    message = f"not healthy after {timeout:.0f} s:\n{task.log('gateway')[-4000:]}"
    raise AssertionError(message)


def _prefix() -> list[str]:
    return [] if os.geteuid() == 0 else ["sudo", "-n"]


def _sudo(command: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*_prefix(), *command], capture_output=True, check=True)


def _quoted(words: Sequence[str]) -> str:
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)
