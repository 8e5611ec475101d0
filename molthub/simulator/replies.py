"""Answers in the protocol of the request. Errors always look as that service's errors look."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

from botocore.model import OperationModel
from moto.core.serialize import SerializationContext, get_serializer_class
from moto.core.utils import get_service_model

from molthub.simulator import cbor


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. error: AWS's error code when it is one."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    error: str | None = None


def success(protocol: str, result: dict[str, Any], model: OperationModel) -> Answer:
    """The answer to an operation that the simulator handles itself. Dates in XML are datetimes."""
    if protocol == "cbor":
        return Answer(200, _CBOR_HEADERS, cbor.dumps(result))
    if protocol == "json":
        return Answer(200, _headers("application/x-amz-json-1.1"), json.dumps(result).encode())
    service = str(model.service_model.service_name)
    spoken = get_service_model(service).operation_model(model.name)  # moto's own subclass of botocore's
    serializer = get_serializer_class(service, protocol)(spoken, context=SerializationContext(str(uuid.uuid4())))
    answer = serializer.serialize(result)
    body = answer["body"]
    headers = tuple((key, str(value)) for key, value in answer["headers"].items())
    return Answer(int(answer["status_code"]), headers, body.encode() if isinstance(body, str) else body)


def failure(protocol: str, code: str, message: str, *, status: int = 400) -> Answer:
    """An error, as the service's own."""
    match protocol:
        case "cbor":
            return Answer(status, _CBOR_HEADERS, cbor.dumps({"__type": code, "message": message}), code)
        case "json":
            body = json.dumps({"__type": code, "message": message}).encode()
            return Answer(status, _headers("application/x-amz-json-1.1"), body, code)
        case "rest-json":
            body = json.dumps({"Code": code, "code": code, "message": message, "Message": message}).encode()
            headers = (*_headers("application/json"), ("x-amzn-ErrorType", code))
            return Answer(status, headers, body, code)
        case "rest-xml":
            text = (
                f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{escape(code)}</Code>"
                f"<Message>{escape(message)}</Message><RequestId>{uuid.uuid4()}</RequestId></Error>"
            )
        case "ec2":
            text = (
                "<?xml version='1.0' encoding='UTF-8'?><Response><Errors><Error>"
                f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
                f"</Error></Errors><RequestID>{uuid.uuid4()}</RequestID></Response>"
            )
        case _:
            text = (
                f"<ErrorResponse><Error><Type>Sender</Type><Code>{escape(code)}</Code>"
                f"<Message>{escape(message)}</Message></Error><RequestId>{uuid.uuid4()}</RequestId></ErrorResponse>"
            )
    return Answer(status, _headers("text/xml"), text.encode(), code)


def _headers(content_type: str) -> tuple[tuple[str, str], ...]:
    return (("Content-Type", content_type), ("x-amzn-RequestId", str(uuid.uuid4())))


_CBOR_HEADERS = (("Content-Type", "application/cbor"), ("smithy-protocol", "rpc-v2-cbor"))
