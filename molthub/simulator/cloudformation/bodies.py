"""The template that a request brings: in itself, or in an object of S3."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, unquote

from molthub.simulator.cloudformation.calling import Caller, CallFailedError
from molthub.simulator.cloudformation.state import Json
from molthub.simulator.refusals import MalformedRequestError, RefusalError

MOST_BYTES = 51_200
MOST_IN_S3 = 1_048_576
_HOST = r"s3[.-][a-z0-9-]+\.amazonaws\.com(?:\.cn)?"
_OBJECT = (
    re.compile(rf"https://(?P<bucket>[a-z0-9.-]+)\.{_HOST}/(?P<key>[^?]+)(?:\?(?P<query>.*))?"),
    re.compile(rf"https://{_HOST}/(?P<bucket>[a-z0-9.-]+)/(?P<key>[^?]+)(?:\?(?P<query>.*))?"),
)


def template_body(params: Json, caller: Caller) -> str:
    """The template's text. Raises what AWS refuses: one that is too large, two at once, none, no object of S3."""
    body, url = params.get("TemplateBody"), params.get("TemplateURL")
    if (body is None) == (url is None):
        message = "Specify exactly one of 'TemplateBody' and 'TemplateUrl'"
        raise MalformedRequestError("ValidationError", message)
    if body is None:
        return _from_s3(str(url), caller)
    text = str(body)
    if len(text.encode()) > MOST_BYTES:
        message = (
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            "length less than or equal to 51200"
        )
        raise MalformedRequestError("ValidationError", message)
    return text


def _from_s3(url: str, caller: Caller) -> str:
    found = next((match for pattern in _OBJECT if (match := pattern.fullmatch(url))), None)
    if found is None:
        raise MalformedRequestError("ValidationError", "TemplateURL must be a supported URL.")
    version = parse_qs(found["query"] or "").get("versionId")
    named = {"VersionId": version[0]} if version else {}
    try:
        answer = caller("s3", "GetObject", Bucket=found["bucket"], Key=unquote(found["key"]), **named)
    except CallFailedError as error:
        raise RefusalError("ValidationError", f"S3 error: {error}") from error
    text = str(answer["Body"])
    if len(text.encode()) > MOST_IN_S3:
        raise MalformedRequestError("ValidationError", f"Template may not exceed {MOST_IN_S3} bytes in size.")
    return text
