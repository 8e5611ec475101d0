"""Tags, in every service's spelling: nobody may set `aws:` tags, no key comes twice, and 50 are the most."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from molthub.simulator.refusals import MalformedRequestError
from molthub.simulator.wire import Call

MOST_TAGS = 50
LONGEST_KEY, LONGEST_VALUE = 128, 256

_CODES = {"ec2": "InvalidParameterValue", "iam": "InvalidInput", "ecs": "InvalidParameterException"}


def check(call: Call) -> None:
    """Look at every set of tags in the request."""
    code = _CODES.get(call.service, "InvalidParameterException")
    for pairs in _sets_of(call.params):
        keys = [key for key, _ in pairs]
        if any(key.lower().startswith("aws:") for key in keys):
            raise MalformedRequestError(code, "Tag keys starting with 'aws:' are reserved for internal use")
        folded = [key.lower() for key in keys] if call.service == "iam" else keys  # IAM's tag keys ignore case
        if len(set(folded)) < len(folded):
            raise MalformedRequestError(
                code, "Duplicate tag keys found. Please note that Tag keys are case insensitive."
            )
        if len(keys) > MOST_TAGS:
            raise MalformedRequestError(code, "The maximum number of tags (50) has been exceeded.")
        if any(len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE for key, value in pairs):
            raise MalformedRequestError(code, "A tag key has at most 128 characters, a tag value at most 256.")


def _sets_of(params: dict[str, Any]) -> Iterator[list[tuple[str, str]]]:
    found = params.get("tags", params.get("Tags"))
    if isinstance(found, dict):
        yield list(found.items())
    elif found:
        yield [_pair(item) for item in found]
    for specification in params.get("TagSpecifications", ()):
        yield [_pair(item) for item in specification.get("Tags", ())]


def _pair(tag: dict[str, str]) -> tuple[str, str]:
    """KMS calls them TagKey and TagValue."""
    key = tag.get("Key", tag.get("key", tag.get("TagKey", "")))
    return key, tag.get("Value", tag.get("value", tag.get("TagValue", "")))
