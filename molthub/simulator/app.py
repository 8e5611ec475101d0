"""The WSGI application: one request at a time, counted, judged, met by faults, answered by the engine or by moto."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from molthub.simulator import owned, replies
from molthub.simulator.backend import GLOBAL_LOCK
from molthub.simulator.faults import HOLDS, WITHOUT_EFFECT, Fault, Kind, throttled
from molthub.simulator.iam.authorisation import authorise
from molthub.simulator.ledger import Entry, Violation
from molthub.simulator.pages import forward_page
from molthub.simulator.refusals import MalformedRequestError, RefusalError
from molthub.simulator.replies import Answer
from molthub.simulator.rest import Address
from molthub.simulator.rules.book import check
from molthub.simulator.rules.secrets import label_moved
from molthub.simulator.validation import problems_of
from molthub.simulator.wire import Call, Envelope, decode, is_write, open_envelope
from molthub.simulator.world import World

StartResponse = Callable[..., Any]

_VALIDATION_CODES = {
    "json": "ValidationException",
    "cbor": "ValidationException",
    "ec2": "InvalidParameterValue",
    "rest-json": "ValidationException",
    "rest-xml": "InvalidArgument",
}
_NEVER_RIGHT = {"MalformedPolicyDocument", "ValidationError", "ValidationException"}
"""moto's refusals of requests that could never succeed."""
REQUEST_LIMIT = 16 * 1024 * 1024
"""Bytes of a body that are read; what is beyond is cut off."""


@dataclass(frozen=True, slots=True)
class _Request:
    envelope: Envelope
    account: str
    environ: dict[str, Any]
    body: bytes
    within: bool = False


class Application:
    """AWS as a WSGI application."""

    def __init__(self, world: World, control: Callable[[str, str, bytes], Answer]) -> None:
        self._world = world
        self._control = control
        world.attach(self.within)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        length = min(int(environ.get("CONTENT_LENGTH") or 0), REQUEST_LIMIT)
        body = environ["wsgi.input"].read(length)
        path = str(environ.get("PATH_INFO", "/"))
        if path.startswith("/_molthub/"):
            answer = self._control(environ["REQUEST_METHOD"], path, body)
        else:
            answer = self._answer(environ, body)
        headers = list(answer.headers)
        if "Content-Length" not in dict(headers):
            headers.append(("Content-Length", str(len(answer.body))))
        start_response(f"{answer.status} {'OK' if answer.status < HTTPStatus.BAD_REQUEST else 'Error'}", headers)
        return [answer.body]

    def within(self, environ: dict[str, Any], body: bytes) -> Answer:
        """A call that the account makes itself (CloudFormation's): judged and met by faults, but not counted.

        It comes in the middle of another one, so nothing else happens on the way: what is due stays due.
        """
        envelope = open_envelope(_address_of(environ), body)
        request = _Request(envelope, self._world.account_of(envelope.access_key), environ, body, within=True)
        return self._meet(request, self._world.faults.due(envelope.name, write=is_write(envelope.operation)))

    def _answer(self, environ: dict[str, Any], body: bytes) -> Answer:
        envelope = open_envelope(_address_of(environ), body)
        with GLOBAL_LOCK:
            request = _Request(envelope, self._world.account_of(envelope.access_key), environ, body)
            fault = self._world.faults.due(envelope.name, write=is_write(envelope.operation))
            answer = self._meet(request, fault)
            self._record(request, answer, fault)
        return self._deliver(fault, answer)

    def _meet(self, request: _Request, fault: Fault | None) -> Answer:
        """What the call is answered with: the fault's error, or the truth."""
        if fault is None:
            return self._throttle(request) or self._carry_out(request)
        error = fault.error(request.envelope.protocol)
        if fault.kind in WITHOUT_EFFECT:
            return error or Answer(503, (), b"", str(fault.kind))
        answer = self._carry_out(request)
        return error or answer

    def _throttle(self, request: _Request) -> Answer | None:
        """AWS's answer to one call too many; None when the quota has room for it, or is not enforced."""
        envelope, world = request.envelope, self._world
        if request.within:  # AWS's own services wait and try again
            return None
        now = world.clock.now()
        if world.throttling.lets_pass(envelope.name, account=request.account, region=envelope.region, now=now):
            return None
        return throttled(envelope.protocol, "Rate exceeded")

    @staticmethod
    def _deliver(fault: Fault | None, answer: Answer) -> Answer:
        """Send the answer, or hold it back, or cut the connection. Outside the lock: others go on meanwhile."""
        if fault is None:
            return answer
        if fault.kind in HOLDS:
            fault.reached.set()
            fault.released.wait()
        if fault.kind in {Kind.RESET_BEFORE, Kind.RESET_AFTER, Kind.HOLD_BEFORE}:
            raise ConnectionResetError(f"ordered by fault rule {fault.id}")
        if fault.kind is Kind.TRUNCATED:
            length = ("Content-Length", str(len(answer.body)))
            half = answer.body[: len(answer.body) // 2]
            return Answer(answer.status, (*answer.headers, length), half, answer.error)
        return answer

    def _carry_out(self, request: _Request) -> Answer:
        """The request's effect and its answer. Whatever goes wrong in here is a violation, never a retryable 500."""
        envelope = request.envelope
        try:
            call = decode(envelope)
            problems = problems_of(call)
            if problems:
                code = _VALIDATION_CODES.get(envelope.protocol, "ValidationError")
                raise MalformedRequestError(code, "; ".join(problems), ref="MH-SIM-002")
            return self._dispatch(call, request)
        except MalformedRequestError as error:
            self._world.ledger.violate(Violation(error.ref, envelope.name, error.message))
            text = f"{error.message} ({error.ref})"
            return replies.failure(envelope.protocol, error.code, text, status=error.status)
        except RefusalError as error:
            return replies.failure(envelope.protocol, error.code, error.message, status=error.status)
        except Exception as error:  # noqa: BLE001 - anything moto throws must be loud, and not retried
            return self._broken(envelope, f"{type(error).__name__}: {error}")

    def _dispatch(self, call: Call, request: _Request) -> Answer:
        if not request.within:
            self._world.settle()
        authorise(self._world, call, request.account)
        check(self._world, call, request.account)
        result = owned.answer(self._world, call, request.account)
        if result is not None:
            return replies.success(call.protocol, result, call.model)
        answer = forward_page(
            self._world,
            call,
            request.account,
            lambda: self._world.moto.call(request.environ, request.body, request.account),
        )
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or _is_unhandled(call, answer):
            return self._broken(request.envelope, f"moto answered {answer.status}")
        if answer.status >= HTTPStatus.BAD_REQUEST:
            return self._refused_by_moto(request.envelope, answer)
        if call.name == "iam:CreateRole":
            self._world.account.role_is_born(request.account, call.params)
        if call.name == "secretsmanager:UpdateSecretVersionStage":
            label_moved(self._world, call, request.account)
        return answer

    def _refused_by_moto(self, envelope: Envelope, answer: Answer) -> Answer:
        code = _error_code(answer)
        if code in _NEVER_RIGHT:
            self._world.ledger.violate(Violation("MH-SIM-002", envelope.name, code))
        return Answer(answer.status, answer.headers, answer.body, code)

    def _broken(self, envelope: Envelope, message: str) -> Answer:
        self._world.ledger.violate(Violation("MH-SIM-004", envelope.name, message))
        return replies.failure(envelope.protocol, "SimulatorCannotAnswer", f"{message} (MH-SIM-004)")

    def _record(self, request: _Request, answer: Answer, fault: Fault | None) -> None:
        envelope = request.envelope
        self._world.ledger.record(
            Entry(
                number=len(self._world.ledger.calls) + 1,
                service=envelope.service,
                operation=envelope.operation,
                write=is_write(envelope.operation),
                account=request.account,
                region=envelope.region,
                caller=envelope.access_key,
                error=answer.error,
                fault=fault.id if fault else None,
            )
        )


def _headers_of(environ: dict[str, Any]) -> dict[str, str]:
    return {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}


def _is_unhandled(call: Call, answer: Answer) -> bool:
    """Whether moto has no such operation: a page of its own, in no service's words (HEAD has no words at all)."""
    if answer.status != HTTPStatus.NOT_FOUND or call.model.http["method"] == "HEAD":
        return False
    named = any(key.lower() == "x-amzn-errortype" for key, _ in answer.headers)
    return not named and b"Error" not in answer.body and b"__type" not in answer.body


def _address_of(environ: dict[str, Any]) -> Address:
    """Its path still quoted, so that a slash within a name stays one: werkzeug gives it as RAW_URI."""
    raw = str(environ.get("RAW_URI") or environ.get("REQUEST_URI") or environ.get("PATH_INFO", "/"))
    return Address(
        method=str(environ["REQUEST_METHOD"]),
        path=raw.partition("?")[0],
        query=str(environ.get("QUERY_STRING", "")),
        headers=_headers_of(environ),
    )


def _error_code(answer: Answer) -> str:
    """The code in moto's own error, whichever protocol it speaks."""
    text = answer.body.decode("utf-8", "replace")
    match = re.search(r"<Code>([^<]+)</Code>", text) or re.search(r'"__type"\s*:\s*"(?:[^"#]*#)?([^"]+)"', text)
    if match:
        return match[1]
    named = next((value for key, value in answer.headers if key.lower() == "x-amzn-errortype"), None)
    return named or str(answer.status)
