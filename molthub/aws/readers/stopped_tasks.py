"""Why a deployment's tasks stopped: whose fault it is, and whether there is any doubt. Pure.

SURROUNDINGS: image pull, secrets and logs at start (ResourceInitializationError), capacity, network, host.
ITSELF: the init container refused the config, the Moltbot crashed, ran out of memory or failed its health check.
The texts are ECS's own (Developer Guide, "Stopped tasks error codes").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from molthub.resources.observation import Cause, StoppedTask

Raw = Mapping[str, Any]
LONGEST = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """What one stopped task says. certain: trying the same again cannot help, so the rollout may be ended now."""

    reason: str
    cause: Cause
    certain: bool = False


_TEXTS: tuple[tuple[re.Pattern[str], Cause, bool], ...] = (
    (
        re.compile(r"CannotPull\w*Error|pull (image|command) failed|failed to pull", re.IGNORECASE),
        Cause.SURROUNDINGS,
        True,
    ),
    (re.compile(r"ResourceInitializationError"), Cause.SURROUNDINGS, True),
    (re.compile(r"OutOfMemory|OOM", re.IGNORECASE), Cause.ITSELF, False),
    (re.compile(r"failed (container|ELB) health checks", re.IGNORECASE), Cause.ITSELF, False),
    (re.compile(r"Cannot(Start|Create)ContainerError|ContainerRuntimeError"), Cause.ITSELF, False),
    (
        re.compile(r"capacity|unable to assume|network interface|TaskFailedToStart", re.IGNORECASE),
        Cause.SURROUNDINGS,
        False,
    ),
)
_HOST_STOPS = frozenset({"SpotInterruption", "TerminationNotice", "InfrastructureHealth"})
_ON_PURPOSE = frozenset({"UserInitiated", "ServiceSchedulerInitiated"})

_EVENT = re.compile(r"unable to place a task|unable to assume the role|was unable to start", re.IGNORECASE)


def init_containers(definition: Raw) -> frozenset[str]:
    """Containers that others wait for to succeed: an exit code but 0 there ends the rollout without a doubt."""
    return frozenset(
        item["containerName"]
        for container in definition.get("containerDefinitions") or ()
        for item in container.get("dependsOn") or ()
        if item.get("condition") in ("SUCCESS", "COMPLETE")
    )


def diagnose(tasks: Iterable[Raw], inits: frozenset[str]) -> Finding | None:
    """The clearest finding of a deployment's stopped tasks, the newest first; None when none says anything."""
    ordered = sorted(tasks, key=lambda task: str(task.get("stoppedAt") or task.get("createdAt") or ""), reverse=True)
    findings = [finding for task in ordered if (finding := read_task(task, inits)) is not None]
    return next((finding for finding in findings if finding.certain), findings[0] if findings else None)


def read_task(task: Raw, inits: frozenset[str]) -> Finding | None:
    """What one stopped task says, or None when it was stopped on purpose."""
    exited = [item for item in task.get("containers") or () if item.get("exitCode")]
    failed_init = next((item for item in exited if item["name"] in inits), None)
    if failed_init is not None:
        return Finding(_exit(failed_init), Cause.ITSELF, certain=True)
    stopped = str(task.get("stoppedReason") or "")
    for text in (stopped, *(str(item.get("reason") or "") for item in task.get("containers") or ())):
        for pattern, cause, certain in _TEXTS:
            if pattern.search(text):
                return Finding(_short(text), cause, certain)
    code = str(task.get("stopCode") or "")
    if code in _HOST_STOPS or code == "TaskFailedToStart":
        return Finding(_short(stopped or code), Cause.SURROUNDINGS)
    if code in _ON_PURPOSE:
        return None
    if exited:
        return Finding(_exit(exited[0]), Cause.ITSELF)
    return Finding(_short(stopped), Cause.ITSELF) if stopped else None


def project_stopped(tasks: Iterable[Raw]) -> tuple[StoppedTask, ...]:
    """The tasks that are over, oldest first; one that still stops has not said everything yet."""
    over = [task for task in tasks if task.get("lastStatus") == "STOPPED" and task.get("stoppedAt")]
    return tuple(sorted(map(_stopped, over), key=lambda item: (item.stopped_at, item.task_id)))


def _stopped(task: Raw) -> StoppedTask:
    exited = next((item for item in task.get("containers") or () if item.get("exitCode")), None)
    stopped = str(task.get("stoppedReason") or task.get("stopCode") or "no reason is known")
    reason = f"{_exit(exited)}; {stopped}" if exited is not None else stopped
    return StoppedTask(
        task_id=str(task["taskArn"]).rsplit("/", 1)[-1],
        stopped_at=task["stoppedAt"],
        reason=_short(reason),
        exit_code=exited["exitCode"] if exited is not None else None,
    )


def placement_failure(events: Iterable[Raw], since: Any) -> Finding | None:
    """A service event since then that says ECS could not place or start a task at all."""
    for event in events:
        if since is not None and event["createdAt"] < since:
            continue
        if _EVENT.search(event["message"]):
            return Finding(_short(event["message"]), Cause.SURROUNDINGS)
    return None


def _exit(container: Raw) -> str:
    reason = str(container.get("reason") or "")
    return _short(
        f"container {container['name']} exited with code {container['exitCode']}{': ' if reason else ''}{reason}"
    )


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
