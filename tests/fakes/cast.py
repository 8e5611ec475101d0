"""The fleet that the examples in the help are about: a repository with a past, its clone, and what lies beside it.

acme/prod  support-bot (team=support, on Slack, keeps its state), concierge, release-bot (a webhook)
acme/dev   trial-bot, and old-bot (retired=yes)
gone       acme/prod/old-bot, deleted; its secret is still there
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.builders import INGRESS, REMOVED, environment_dict, fleet_dict, instance_dict, merged, to_yaml, tree
from tests.fakes.gate import KEY
from tests.fakes.git_repositories import git

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
SLACK_IMAGE = "registry.example.com/acme/openclaw-slack:2026."
PLAIN_IMAGE = "ghcr.io/openclaw/openclaw:2026."
BASE = {"aws": {"cluster": REMOVED, "vpcId": REMOVED, "subnetIds": REMOVED}}
PROD = environment_dict(spec={**BASE, "ingress": INGRESS})
DEV = environment_dict(metadata={"name": "dev"}, spec=BASE)
FIRST = datetime(2026, 12, 1, 9, tzinfo=UTC)
DAY = 86_400


def _secrets(bot: str, *names: str, environment: str = "prod") -> list[Json]:
    keys = [{"name": name, "key": f"acme/{environment}/{bot}#{name}"} for name in names]
    return [{"name": "ANTHROPIC_API_KEY", "key": "acme/prod/model#anthropic"}, *keys]


def support_bot(image: str = "9.6", **more: Any) -> Json:
    """Slack, persistent state, a waiter for traces, and the labels of its team."""
    channels = {
        "telegram": REMOVED,
        "slack": {"botToken": {"secret": "SLACK_BOT_TOKEN"}, "appToken": {"secret": "SLACK_APP_TOKEN"}},
    }
    spec = {
        "runtime": {"image": f"{SLACK_IMAGE}{image}"},
        "secrets": _secrets("support-bot", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "HOOK_TOKEN"),
        "channels": channels,
        "skills": {"mode": "ALLOWLIST", "allowlist": ["weather"]},
        "state": {"persistent": True},
    }
    return merged(instance_dict(metadata={"id": "support-bot", "labels": {"team": "support"}}, spec=spec), more)


def _release_bot() -> Json:
    channels = {"telegram": REMOVED, "webhook": {"token": {"secret": "HOOK_TOKEN"}, "paths": ["/hooks/agent"]}}
    spec = {
        "secrets": _secrets("release-bot", "HOOK_TOKEN"),
        "channels": channels,
        "network": {"inbound": "WEBHOOK"},
    }
    return instance_dict(metadata={"name": "release-bot"}, spec=spec)


def _telegram(name: str, environment: str = "prod", *, image: str = "9.6", **labels: str) -> Json:
    secrets = _secrets(name, "TELEGRAM_BOT_TOKEN", environment=environment)
    meta = {"name": name, "environment": environment, "labels": labels}
    return instance_dict(metadata=meta, spec={"secrets": secrets, "runtime": {"image": f"{PLAIN_IMAGE}{image}"}})


ACCESS = {
    "apiVersion": "molthub/v1",
    "kind": "AccessPolicy",
    "metadata": {"name": "access"},
    "spec": {
        "mode": "claimed-author",
        "people": [{"name": "ana", "emails": ["ana@example.com"]}, {"name": "ben", "emails": ["ben@example.com"]}],
        "bindings": [{"role": "OWNER", "subjects": ["ana"]}, {"role": "VIEWER", "subjects": ["ben"]}],
    },
}
GONE = "instances/acme/prod/old-bot.yaml"


def _past() -> list[tuple[str, Mapping[str, bytes | None]]]:
    """Subject and files of each commit, oldest first."""
    old = _telegram("old-bot", "dev", retired="yes")
    others = [_release_bot(), _telegram("concierge", image="6.11"), _telegram("trial-bot", "dev"), old]
    support = next(path for path in tree(support_bot()) if "support-bot" in path)
    return [
        ("Start the fleet", tree(fleet_dict(), PROD, DEV)),
        ("Add the support bot", {support: to_yaml(support_bot("6.11", metadata={"labels": {"team": REMOVED}}))}),
        ("Say whose it is", {support: to_yaml(support_bot("6.11"))}),
        ("Add the others", {**tree(PROD, DEV, *others), **tree(PROD, DEV, _telegram("old-bot"))}),
        ("Retire the old bot", {GONE: None}),
        ("Take a newer release", {support: to_yaml(support_bot()), **tree(PROD, _telegram("concierge", image="8.1"))}),
    ]


def documents() -> dict[str, bytes]:
    """The fleet's files at the head of main."""
    found: dict[str, bytes] = {}
    for _, files in _past():
        for path, content in files.items():
            if content is None:
                del found[path]
            else:
                found[path] = content
    return found


def lay_out(home: Path) -> None:
    """home/origin.git, home/fleet (a clone of it, with what the examples read beside the manifests), home/bin."""
    home.mkdir()
    _origin(home / "origin.git")
    git(home, "clone", "--quiet", "--template=", str(home / "origin.git"), str(home / "fleet"))
    with (home / "fleet" / ".git" / "config").open("a") as config:
        config.write("[user]\n\tname = Ana\n\temail = ana@example.com\n")
    (home / "access.yaml").write_bytes(to_yaml(ACCESS))
    for name, content in _beside().items():
        (home / "fleet" / name).write_bytes(content)
    (home / "fleet" / "manifests-example").symlink_to(ROOT / "manifests-example")
    (home / "fleet" / ".molthub").mkdir()
    (home / "new").mkdir()
    exclude = home / "fleet" / ".git" / "info" / "exclude"
    exclude.parent.mkdir()
    exclude.write_text("\n".join(["manifests-example", *_beside()]) + "\n")
    for name in ("etc/bash_completion.d", "var/lib/molthub", "bin"):
        (home / name).mkdir(parents=True)
    _script(home / "bin" / "pass", "echo xoxb-of-the-password-store")
    _script(home / "bin" / "code", 'for file do :; done; echo "# looked at" >> "$file"')


def _origin(path: Path) -> None:
    """A bare repository with the whole past, in one `git fast-import`."""
    git(path.parent, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", str(path))
    parts: list[bytes] = []
    for number, (subject, files) in enumerate(_past(), 1):
        when = int(FIRST.timestamp()) + number * DAY
        parts.append(b"commit refs/heads/main\nmark :%d\ncommitter Ana <ana@example.com> %d +0000\n" % (number, when))
        parts.append(b"data %d\n%s\n" % (len(subject), subject.encode()))
        for name, content in files.items():
            parts.append(
                b"D %s\n" % name.encode()
                if content is None
                else b"M 100644 inline %s\ndata %d\n%s\n" % (name.encode(), len(content), content)
            )
        parts.append(b"\n")
    git(path, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", stdin=b"".join(parts))


def _beside() -> dict[str, bytes]:
    """Files that the examples name, which are no part of the fleet."""
    return {
        "change.json": b'[{"op": "add", "path": "/spec/observability", "value": {"logLevel": "debug"}}]',
        "message.json": b'{"message": "hello"}',
        "bot.txt": b"xoxb-of-a-file",
        "key.txt": b"sk-of-a-file",
        "key": KEY,
        "notify-key": KEY,
    }


def _script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    os.chmod(path, 0o755)  # noqa: PTH101
