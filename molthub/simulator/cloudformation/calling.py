"""How CloudFormation calls the simulated account: real requests by botocore's models, without a socket.

They pass the same judging and the same fault rules as anybody's, and are not counted: the counters are Molthub's.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from molthub.simulator.replies import Answer
from molthub.simulator.wire import service_model

Json = dict[str, Any]
Serve = Callable[[dict[str, Any], bytes], Answer]
"""A WSGI environment and a body in, the answer out."""

FIRST_FAILURE = 300


class CallFailedError(Exception):
    """The account refused a call. code and message: in the words of the service."""

    def __init__(self, service: str, code: str, message: str) -> None:
        super().__init__(f"{message} (Service: {service}, Error Code: {code})")
        self.code = code


class NotYetError(Exception):
    """What was asked for is under way; the handler looks again a little later, as AWS's handlers do."""


class Caller:
    """Calls in one account and region."""

    def __init__(self, serve: Serve, account: str, region: str) -> None:
        self._serve = serve
        self.account = account
        self.region = region

    def __call__(self, service: str, operation: str, /, **params: Any) -> Json:
        """One call; raises CallFailedError."""
        model = service_model(service)
        operation_model = model.operation_model(operation)
        protocol = model.metadata["protocol"]
        request = create_serializer(protocol, include_validation=False).serialize_to_request(params, operation_model)
        answer = self._serve(self._environ(model.signing_name, request), _body_of(request["body"]))
        parsed: Json = create_parser(protocol).parse(
            {"status_code": answer.status, "headers": _headers_of(answer), "body": answer.body},
            operation_model.output_shape,
        )
        if answer.status >= FIRST_FAILURE:
            error = parsed.get("Error", {})
            raise CallFailedError(service, str(error.get("Code")), str(error.get("Message")))
        return parsed

    def _environ(self, signing_name: str, request: Json) -> Json:
        path, _, query = str(request["url_path"]).partition("?")
        asked = request.get("query_string") or {}
        query = "&".join(part for part in (query, urlencode(asked, doseq=True)) if part)
        scope = f"Credential={self.account}/20260101/{self.region}/{signing_name}/aws4_request"
        headers = {**request["headers"], "Authorization": f"AWS4-HMAC-SHA256 {scope}", "Host": "127.0.0.1"}
        environ: Json = {
            "REQUEST_METHOD": request["method"],
            "PATH_INFO": path,
            "RAW_URI": f"{path}?{query}" if query else path,
            "QUERY_STRING": query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(),
        }
        for name, text in headers.items():
            key = name.upper().replace("-", "_")
            environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = str(text)
        return environ


def _body_of(body: Any) -> bytes:
    if isinstance(body, dict):
        return urlencode(body, doseq=True).encode()
    return body.encode() if isinstance(body, str) else bytes(body or b"")


def _headers_of(answer: Answer) -> Json:
    return {key.lower(): value for key, value in answer.headers}
