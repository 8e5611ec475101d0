"""Following a stack's operation to its end, event by event, and finding what really went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from molthub.aws.api import Api
from molthub.aws.foundation import describe_stack
from molthub.errors import Diagnostic, InvalidInputError, MolthubError, WaitingError
from molthub.provider.bootstrap import Cancelled, Follow, Progress

POLL_SECONDS = 5.0
MOST_CAUSES = 5
SUCCESS = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE"})
CONSEQUENCES = ("Resource creation cancelled", "Resource update cancelled", "Resource deletion cancelled")
"""Reasons of resources that failed only because another did."""

Raw = dict[str, Any]
Sleep = Callable[[float, Cancelled], None]
"""Waits so many seconds, or until cancelled."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How an operation ended. causes: events that failed by themselves, in the order they happened."""

    status: str
    causes: tuple[Progress, ...]

    @property
    def ok(self) -> bool:
        return self.status in SUCCESS


class Follower:
    """Reads one stack's events from a moment on. stack_id: the ARN, by which a deleted stack is still known."""

    def __init__(self, api: Api, stack_id: str, sleep: Sleep) -> None:
        self._api = api
        self._stack_id = stack_id
        self._sleep = sleep
        self._seen: str | None = None

    def mark(self) -> None:
        """What happened until now is not told."""
        events = self._api.call("cloudformation", "DescribeStackEvents", StackName=self._stack_id)["StackEvents"]
        self._seen = events[0]["EventId"] if events else None

    def to_the_end(self, follow: Follow, cancelled: Cancelled, *, about: str, begun: bool) -> Ended:
        """Tell every new event, oldest first, until nothing is under way. Raises MH-BASE-006 when cancelled.

        begun: it was under way already when the moment was marked. Else nothing counts as its end before its first
        event is there: AWS may go on telling the status from before for a while.
        """
        causes: list[Progress] = []
        while True:
            stack = describe_stack(self._api, self._stack_id)
            status = stack["StackStatus"] if stack is not None else "DELETE_COMPLETE"
            for progress in self._news():
                begun = True
                follow(progress)
                if progress.failed and progress.name and not progress.reason.startswith(CONSEQUENCES):
                    causes.append(progress)
            if (begun or status == "DELETE_COMPLETE") and not status.endswith("_IN_PROGRESS"):
                return Ended(status, tuple(causes))
            if cancelled():
                raise left_alone(about, status)
            self._sleep(POLL_SECONDS, cancelled)

    def _news(self) -> list[Progress]:
        """Events since the last look, oldest first; only as many pages are read as hold new ones."""
        found: list[Raw] = []
        more: Raw = {}
        while True:
            page = self._api.call("cloudformation", "DescribeStackEvents", StackName=self._stack_id, **more)
            for raw in page["StackEvents"]:
                if raw["EventId"] == self._seen:
                    return self._told(found)
                found.append(raw)
            if not page.get("NextToken"):
                return self._told(found)
            more = {"NextToken": page["NextToken"]}

    def _told(self, found: list[Raw]) -> list[Progress]:
        if found:
            self._seen = found[0]["EventId"]
        return [_progress(raw) for raw in reversed(found)]


def _progress(raw: Raw) -> Progress:
    is_stack = raw.get("PhysicalResourceId") == raw["StackId"]
    return Progress(
        at=raw["Timestamp"],
        name="" if is_stack else raw["LogicalResourceId"],
        kind=raw["ResourceType"],
        status=raw["ResourceStatus"],
        reason=" ".join(raw.get("ResourceStatusReason", "").split()),
        failed=raw["ResourceStatus"].endswith("_FAILED"),
    )


def left_alone(about: str, status: str) -> WaitingError:
    word = status.removesuffix("_IN_PROGRESS").replace("_", " ").lower()
    return WaitingError(
        "MH-BASE-006",
        f"no longer watching: AWS goes on with the stack of {about} ({word}), with or without you",
        after=60.0,
        fix=f"See how it ends with `molthub bootstrap --environment {about}`",
    )


def not_begun(about: str) -> WaitingError:
    return WaitingError(
        "MH-BASE-006",
        f"stopped before AWS was asked to begin: nothing of {about} was changed",
        after=60.0,
        fix=f"Go on with `molthub bootstrap --environment {about}`",
    )


def failed(ended: Ended, *, about: str, verb: str) -> MolthubError:
    """What to raise for an operation that did not succeed: a diagnostic for each cause, the first one first."""
    undone = " and took back what it had done" if "ROLLBACK_COMPLETE" in ended.status else ""
    fix = f"Mend that, then run `molthub bootstrap --environment {about}` again"
    if ended.status == "UPDATE_ROLLBACK_FAILED":
        return stuck(about, "; ".join(f"{item.name}: {item.reason}" for item in ended.causes))
    causes = ended.causes[:MOST_CAUSES]
    if not causes:
        words = f"AWS could not {verb} the stack of {about}{undone} ({ended.status})"
        return InvalidInputError((Diagnostic("MH-BASE-005", words, fix="Look at its events in the console"),))
    return InvalidInputError(
        tuple(
            Diagnostic(
                "MH-BASE-005",
                f"AWS could not {verb} the stack of {about}{undone}: {item.name} ({item.kind}): {item.reason}",
                fix=fix,
            )
            for item in causes
        )
    )


def stuck(about: str, why: str) -> MolthubError:
    detail = f": {why}" if why else ""
    return InvalidInputError(
        (
            Diagnostic(
                "MH-BASE-007",
                f"the stack of {about} can neither go on nor back: an update failed, and so did undoing it{detail}",
                fix="Mend the cause, then in the CloudFormation console choose `Continue update rollback`",
            ),
        )
    )
