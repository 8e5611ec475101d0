"""Before every call of a session: ask IAM, remember the answer, and refuse in AWS's words."""

from __future__ import annotations

from molthub.simulator.iam.asks.book import ASKS
from molthub.simulator.iam.asks.view import View
from molthub.simulator.iam.decisions import Judged
from molthub.simulator.iam.evaluator import Ask, decide
from molthub.simulator.iam.principals import Principal, rights_of
from molthub.simulator.refusals import RefusalError
from molthub.simulator.wire import Call
from molthub.simulator.world import World

_JSON = frozenset({"json", "cbor"})
FORBIDDEN = 403


def authorise(world: World, call: Call, account: str) -> None:
    """Raises RefusalError when the caller is a session of a role that may not do this."""
    principal = world.principals.of(call.access_key, account)
    if principal is None:
        return
    asking = ASKS.get(call.name)
    if asking is None:
        raise _refusal(call, principal, Ask(call.name, "*"), "because the simulator does not know what it asks IAM for")
    rights = rights_of(world.moto, principal.role)
    for ask in asking(View(world, call, account)):
        full = Ask(ask.action, ask.resource, {**principal.context(call.region), **ask.context})
        decision = decide(rights, full)
        world.decisions.append(Judged(call.name, full, allowed=decision.allowed))
        if not decision.allowed:
            raise _refusal(call, principal, ask, decision.why)


def _refusal(call: Call, principal: Principal, ask: Ask, why: str) -> RefusalError:
    words = f"User: {principal.arn} is not authorized to perform: {ask.action} on resource: {ask.resource} {why}"
    if call.protocol == "ec2":
        text = f"You are not authorized to perform this operation. {words}"
        return RefusalError("UnauthorizedOperation", text, status=FORBIDDEN)
    if call.protocol in _JSON:
        return RefusalError("AccessDeniedException", words)
    if call.protocol == "rest-json":
        return RefusalError("AccessDeniedException", words, status=FORBIDDEN)
    return RefusalError("AccessDenied", words, status=FORBIDDEN)
