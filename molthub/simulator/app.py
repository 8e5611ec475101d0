"""The WSGI application: one request at a time, counted, judged, met by faults, answered by the engine or by moto."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from molthub.simulator import replies
from molthub.simulator.backend import GLOBAL_LOCK, MotoWorld
from molthub.simulator.ledger import Entry, Violation
from molthub.simulator.refusals import MalformedRequest, Refusal
from molthub.simulator.replies import Answer
from molthub.simulator.validation import problems_of
from molthub.simulator.wire import Call, Envelope, decode, is_write, open_envelope
from molthub.simulator.world import World

StartResponse = Callable[..., Any]

_VALIDATION_CODES = {"json": "ValidationException", "cbor": "ValidationException", "ec2": "InvalidParameterValue"}
_REQUEST_LIMIT = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Request:
    envelope: Envelope
    account: str
    environ: dict[str, Any]
    body: bytes


class Application:
    """AWS as a WSGI application."""

    def __init__(self, world: World, control: Callable[[str, str, bytes], Answer]) -> None:
        self._world = world
        self._control = control

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        length = min(int(environ.get("CONTENT_LENGTH") or 0), _REQUEST_LIMIT)
        body = environ["wsgi.input"].read(length)
        path = str(environ.get("PATH_INFO", "/"))
        if path.startswith("/_molthub/"):
            answer = self._control(environ["REQUEST_METHOD"], path, body)
        else:
            answer = self._answer(environ, path, body)
        headers = [*answer.headers, ("Content-Length", str(len(answer.body)))]
        start_response(f"{answer.status} {'OK' if answer.status < 400 else 'Error'}", headers)  # noqa: PLR2004
        return [answer.body]

    def _answer(self, environ: dict[str, Any], path: str, body: bytes) -> Answer:
        envelope = open_envelope(_headers_of(environ), path, body)
        with GLOBAL_LOCK:
            request = _Request(envelope, self._world.account_of(envelope.access_key), environ, body)
            answer = self._carry_out(request)
            self._record(request, answer, fault=None)
        return answer

    def _carry_out(self, request: _Request) -> Answer:
        """The request's effect and its answer. Whatever goes wrong in here is a violation, never a retryable 500."""
        envelope = request.envelope
        try:
            call = decode(envelope)
            problems = problems_of(call)
            if problems:
                code = _VALIDATION_CODES.get(envelope.protocol, "ValidationError")
                raise MalformedRequest(code, "; ".join(problems), ref="MH-SIM-002")
            return self._dispatch(call, request)
        except MalformedRequest as error:
            self._world.ledger.violate(Violation(error.ref, envelope.name, error.message))
            text = f"{error.message} ({error.ref})"
            return replies.failure(envelope.protocol, error.code, text, status=error.status)
        except Refusal as error:
            return replies.failure(envelope.protocol, error.code, error.message, status=error.status)
        except Exception as error:  # noqa: BLE001 - anything moto throws must be loud, and not retried
            return self._broken(envelope, f"{type(error).__name__}: {error}")

    def _dispatch(self, call: Call, request: _Request) -> Answer:
        self._world.settle()
        result = self._world.handle(call, request.account)
        if result is not None:
            return replies.success(call.protocol, result)
        answer = self._world.moto.call(request.environ, request.body, request.account)
        if answer.status >= 500 or answer.status == 404 and b"Error" not in answer.body:  # noqa: PLR2004
            return self._broken(request.envelope, f"moto answered {answer.status}")
        if answer.status >= 400:  # noqa: PLR2004
            return Answer(answer.status, answer.headers, answer.body, _error_code(answer))
        self._world.after(call, request.account)
        return answer

    def _broken(self, envelope: Envelope, message: str) -> Answer:
        self._world.ledger.violate(Violation("MH-SIM-004", envelope.name, message))
        return replies.failure(envelope.protocol, "SimulatorCannotAnswer", f"{message} (MH-SIM-004)")

    def _record(self, request: _Request, answer: Answer, fault: str | None) -> None:
        envelope = request.envelope
        self._world.ledger.record(
            Entry(
                number=len(self._world.ledger.calls) + 1,
                service=envelope.service,
                operation=envelope.operation,
                write=is_write(envelope.operation),
                account=request.account,
                region=envelope.region,
                error=answer.error,
                fault=fault,
            )
        )


def _headers_of(environ: dict[str, Any]) -> dict[str, str]:
    return {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}


def _error_code(answer: Answer) -> str:
    """The code in moto's own error, whichever protocol it speaks."""
    text = answer.body.decode("utf-8", "replace")
    match = re.search(r"<Code>([^<]+)</Code>", text) or re.search(r'"__type"\s*:\s*"(?:[^"#]*#)?([^"]+)"', text)
    return match[1] if match else str(answer.status)
