"""A fleet that lived: a bot that was moved, renamed, broken, mended, merged and deleted, and one with its name."""

from __future__ import annotations

from typing import Any

from tests.builders import instance_dict, to_yaml, tree
from tests.fakes.past import Made

ANA, BEN, HUB = "Ana <ana@example.com>", "Ben <ben@example.com>", "Code Host <noreply@example.com>"
FIRST, MOVED = "instances/acme/prod/support-bot.yaml", "bots/helper.yaml"
PAUSED = {"by": "ben@example.com", "reason": "holiday", "until": "2027-01-07T08:00:00Z"}
RETAGGED = {"runtime": {"image": "ghcr.io/openclaw/openclaw:2026.6.11"}}


def bot(name: str = "support-bot", **more: Any) -> bytes:
    metadata = {"id": "support-bot", "name": name, **more.pop("metadata", {})}
    return to_yaml(instance_dict(metadata=metadata, **more))


def helper(**spec: Any) -> bytes:
    return bot("helper", metadata={"labels": {"team": "support"}}, spec=spec)


LIFE = (
    Made("Start the fleet", tree()),
    Made("Add the bot", {FIRST: bot()}),
    Made("Comment only", {FIRST: b"# who owns it: support\n" + bot()}),
    Made("Move it", {FIRST: None, MOVED: b"# who owns it: support\n" + bot()}),
    Made(
        "Rename it\n\nMolthub-Action: rename\nMolthub-Instance: acme/prod/support-bot",
        {MOVED: bot("helper")},
        author=BEN,
        mark="renamed",
    ),
    Made("Label it", {MOVED: helper()}, mark="labelled"),
    Made("Another image", {MOVED: bot("helper", spec=RETAGGED)}, author=BEN, mark="image", parents=("renamed",)),
    Made(
        "Merge the image",
        {MOVED: helper(**RETAGGED), "README.md": b"merged\n"},
        author=HUB,
        mark="merge",
        parents=("labelled", "image"),
    ),
    Made("Break it", {MOVED: b"kind: MoltbotInstance\n  oops: [\n"}, mark="broken"),
    Made("Break it more", {MOVED: b"kind: MoltbotInstance\n  oops: [[\n"}),
    Made("Mend and pause it", {MOVED: helper(**RETAGGED, lifecycle={"paused": PAUSED})}, author=BEN, mark="mended"),
    Made("Unrelated", {"README.md": b"more\n"}),
    Made("Remove it", {MOVED: None}, mark="removed"),
    Made(
        "Another bot of that name",
        {FIRST: to_yaml(instance_dict(metadata={"id": "second", "name": "helper"}))},
        mark="second",
    ),
)
"""Oldest first."""
