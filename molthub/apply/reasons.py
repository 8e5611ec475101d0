"""The diagnostics of applying, with their stable references. Their pages are in errors/pages/apply.md."""

from __future__ import annotations

from collections.abc import Sequence

from molthub.errors import Diagnostic
from molthub.planning.types import Change, InstancePlan
from molthub.resources.observation import Cause, Rollout, RolloutState
from molthub.resources.secret_versions import changed_secrets, only_secrets_changed, points_to_a_secret
from molthub.resources.types import Kind

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


def rollout_failed(name: str, rollout: Rollout, changes: Sequence[Change] = ()) -> Diagnostic:
    """changes: what was rolled out; a secret whose version changed with it is named when the failure points there."""
    back = ", ECS rolled back to the version before" if rollout.state is RolloutState.ROLLED_BACK else ""
    why = rollout.reason or "ECS gave no reason"
    ref = SURROUNDINGS_FAILED if rollout.cause is Cause.SURROUNDINGS else ROLLOUT_FAILED
    suspicion = _suspicion(rollout, changes)
    if suspicion:
        fix = f"Set a good value: molthub secret rotate {name} VARIABLE"
    elif "vCPU" in why:
        fix = "Ask for more Fargate vCPUs in Service Quotas; `molthub doctor` compares them with what the fleet needs"
    elif rollout.cause is Cause.SURROUNDINGS:
        fix = "Nothing is wrong with the manifest as far as ECS tells; it is tried again later"
    else:
        fix = f"`molthub rollback {name}` goes back; `molthub retry {name}` tries it again as it is"
    return Diagnostic(ref, f"the rollout of {name} failed{back}: {why}{suspicion}", fix=fix, subject=name)


def _suspicion(rollout: Rollout, changes: Sequence[Change]) -> str:
    """`; the secret … is the likely cause: …`, or "" when the failure or the change has nothing to do with secrets."""
    definition = next((change for change in changes if change.kind is Kind.TASK_DEFINITION), None)
    if definition is None or not points_to_a_secret(rollout):
        return ""
    changed = changed_secrets(definition.before, definition.after)
    if not changed:
        return ""
    names = " and ".join(map(str, changed))
    likely = "is the likely cause" if only_secrets_changed(definition.before, definition.after) else "may be the cause"
    return f"; the secret {names} {likely}: its value changed with this rollout, and every start reads the new one"


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
