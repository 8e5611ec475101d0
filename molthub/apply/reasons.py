"""The diagnostics of applying, with their stable references. Their pages are in errors/pages/apply.md."""

from __future__ import annotations

from molthub.errors import Diagnostic
from molthub.planning.types import InstancePlan
from molthub.resources.observation import Cause, Rollout, RolloutState

BUG = "MH-APPLY-001"
ROLLOUT_FAILED = "MH-APPLY-002"
SURROUNDINGS_FAILED = "MH-APPLY-003"
ROLLOUT_TIMEOUT = "MH-APPLY-004"
HELD = "MH-APPLY-005"
CANCELLED = "MH-APPLY-006"


def bug(name: str, error: Exception) -> Diagnostic:
    """Names the exception's type only: its text may hold anything."""
    return Diagnostic(
        BUG,
        f"Molthub itself failed while applying {name} ({type(error).__name__})",
        fix="Report it with the log; it is tried again, and what was done so far is found again",
        subject=name,
    )


def rollout_failed(name: str, rollout: Rollout) -> Diagnostic:
    back = ", ECS rolled back to the version before" if rollout.state is RolloutState.ROLLED_BACK else ""
    why = rollout.reason or "ECS gave no reason"
    if rollout.cause is Cause.SURROUNDINGS:
        fix = "Nothing is wrong with the manifest as far as ECS tells; it is tried again later"
        return Diagnostic(SURROUNDINGS_FAILED, f"the rollout of {name} failed{back}: {why}", fix=fix, subject=name)
    fix = "Change the manifest, or set spec.lifecycle.restartedAt to the time now to try it again as it is"
    return Diagnostic(ROLLOUT_FAILED, f"the rollout of {name} failed{back}: {why}", fix=fix, subject=name)


def rollout_timeout(name: str, rollout: Rollout, limit: float) -> Diagnostic:
    last = f"; last heard: {rollout.reason}" if rollout.reason else ""
    return Diagnostic(
        ROLLOUT_TIMEOUT,
        f"the rollout of {name} was not over after {limit:.0f} s (deployment {rollout.deployment_id}){last}",
        fix="Look at the instance's logs; ECS goes on with it, and the next apply waits for it again",
        subject=name,
    )


def held(name: str, failures: int) -> Diagnostic:
    rollouts = "rollout of this commit" if failures == 1 else "rollouts of this commit"
    return Diagnostic(
        HELD,
        f"{name} is not started: {failures} {rollouts} failed before it",
        fix="Mend or revert what failed; spec.rollout.stopAfterFailures of the environment sets the limit",
        subject=name,
    )


def cancelled(plan: InstancePlan, done: int) -> Diagnostic:
    total = len(plan.changes)
    left = ", ".join(f"{change.action.word} {change.kind}" for change in plan.changes[done:])
    if left:
        message = f"stopped after {done} of {total} changes of {plan.name}; not done: {left}"
    else:
        message = f"every change of {plan.name} is made; its rollout goes on in AWS and was not waited for"
    return Diagnostic(CANCELLED, message, fix="Apply again to go on from there", subject=plan.name)
