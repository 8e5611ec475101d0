"""The Condition element. After the IAM user guide, "Condition operators" and "Multiple context keys or values".

All operators and all keys must hold; of the values of a key one must match, and with a negated operator none may. A key
that the request does not have fails an operator, but passes a negated one, one that ends in IfExists, and ForAllValues.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from molthub.simulator.iam.matching import Context, filled, is_arn_like, is_like, plain

Compare = Callable[[str, str], bool]
"""Given the request's value and the policy's: does it match?"""


class UnknownOperatorError(ValueError):
    """A condition operator that IAM does not have, or that is not emulated: nothing may be concluded from it."""


def holds(conditions: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    """Whether a statement's Condition holds. Raises UnknownOperatorError."""
    return all(
        _one(operator, context.get(key.lower()), listed(values), context)
        for operator, keys in conditions.items()
        for key, values in keys.items()
    )


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _one(operator: str, have: tuple[str, ...] | None, wanted: list[Any], context: Context) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    if name == "Null":
        return any((not have) == (_text(value).lower() == "true") for value in wanted)
    negated, compare = _comparison(name)
    texts = [_text(value) for value in wanted]
    if have is None or not have:
        return if_exists or quantifier == "ForAllValues" or (negated and quantifier != "ForAnyValue")

    def fits(value: str) -> bool:
        return any(_fits(compare, value, text, context, wild=name in _WILD) for text in texts) != negated

    if quantifier == "ForAllValues":
        return all(fits(value) for value in have)
    if quantifier == "ForAnyValue":
        return any(fits(value) for value in have)
    if quantifier:
        raise UnknownOperatorError(operator)
    # A key of several values under a plain operator: AWS compares each, and one that matches is enough.
    return all(fits(value) for value in have) if negated else any(fits(value) for value in have)


def _fits(compare: Compare, value: str, text: str, context: Context, *, wild: bool) -> bool:
    known = filled(text, context)
    if known is None:
        return False
    try:
        return compare(value, known if wild else plain(known))
    except ValueError:
        return False  # what is no number, date or address compares with none


def _comparison(name: str) -> tuple[bool, Compare]:
    for negated, table in ((False, _POSITIVE), (True, _NEGATED)):
        if name in table:
            return negated, table[name]
    raise UnknownOperatorError(name)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _when(text: str) -> float:
    return float(text) if text.replace(".", "", 1).isdigit() else datetime.fromisoformat(text).timestamp()


def _within(value: str, block: str) -> bool:
    return ipaddress.ip_address(value) in ipaddress.ip_network(block, strict=False)


def _by(convert: Callable[[str], float]) -> Iterable[tuple[str, Compare]]:
    yield "Equals", lambda value, text: convert(value) == convert(text)
    yield "LessThan", lambda value, text: convert(value) < convert(text)
    yield "LessThanEquals", lambda value, text: convert(value) <= convert(text)
    yield "GreaterThan", lambda value, text: convert(value) > convert(text)
    yield "GreaterThanEquals", lambda value, text: convert(value) >= convert(text)


_POSITIVE: Mapping[str, Compare] = {
    "StringEquals": lambda value, text: value == text,
    "StringEqualsIgnoreCase": lambda value, text: value.lower() == text.lower(),
    "StringLike": is_like,
    "ArnEquals": is_arn_like,
    "ArnLike": is_arn_like,
    "Bool": lambda value, text: value.lower() == text.lower(),
    "IpAddress": _within,
    **{f"Numeric{name}": compare for name, compare in _by(float)},
    **{f"Date{name}": compare for name, compare in _by(_when)},
}
_NEGATED: Mapping[str, Compare] = {
    "StringNotEquals": _POSITIVE["StringEquals"],
    "StringNotEqualsIgnoreCase": _POSITIVE["StringEqualsIgnoreCase"],
    "StringNotLike": is_like,
    "ArnNotEquals": is_arn_like,
    "ArnNotLike": is_arn_like,
    "NotIpAddress": _within,
    "NumericNotEquals": _POSITIVE["NumericEquals"],
    "DateNotEquals": _POSITIVE["DateEquals"],
}
_WILD = frozenset({"StringLike", "StringNotLike", "ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"})
