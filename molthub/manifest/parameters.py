"""Values of a template's parameters: whether one fits, and what is meant by a text that somebody gave. Pure."""

from __future__ import annotations

import re

from pydantic_core import SchemaError, SchemaValidator, core_schema

from molthub.manifest.fields import SECRET_KEY_PATTERN
from molthub.manifest.placeholders import text_of
from molthub.manifest.template import Parameter, ParameterType, Scalar
from molthub.manifest.yaml_text import unwanted_character

MAX_TEXT = 4096
"""Characters of a text given for a parameter, where its `max` says nothing smaller."""

_DIGITS = re.compile(r"-?[0-9]{1,17}", re.ASCII)  # with its sign no longer than the loader reads
_SECRET = re.compile(SECRET_KEY_PATTERN, re.ASCII)


def value_of(parameter: Parameter, text: str) -> Scalar | None:
    """What a text from a command line or a prompt means for a parameter; None when it is no value of its type."""
    if parameter.type is ParameterType.INTEGER:
        return int(text) if _DIGITS.fullmatch(text) else None
    if parameter.type is ParameterType.BOOLEAN:
        return {"true": True, "false": False}.get(text)
    if parameter.type is ParameterType.CHOICE:
        return next((choice for choice in parameter.choices or () if text_of(choice) == text), None)
    return text


def wanted(parameter: Parameter) -> str:
    """What a value must be: completes "must be …"."""
    if parameter.type is ParameterType.INTEGER:
        return "a whole number" + _limits(parameter, "")
    if parameter.type is ParameterType.BOOLEAN:
        return "true or false"
    if parameter.type is ParameterType.CHOICE:
        return "one of " + ", ".join(text_of(choice) for choice in parameter.choices or ())
    if parameter.type is ParameterType.SECRET:
        return "a place in the secret store: PATH#KEY, or an ARN"
    form = f" of the form {parameter.pattern}" if parameter.pattern else ""
    return "text" + _limits(parameter, " characters") + form


def misfit(parameter: Parameter, value: object) -> str | None:
    """Why a value does not fit, completing "must be …"; None when it does. Never repeats the value."""
    kind = parameter.type
    if kind is ParameterType.CHOICE:
        fits = any(type(value) is type(choice) and value == choice for choice in parameter.choices or ())
    elif kind is ParameterType.BOOLEAN:
        fits = isinstance(value, bool)
    elif kind is ParameterType.INTEGER:
        fits = isinstance(value, int) and not isinstance(value, bool) and _within(parameter, value)
    elif not isinstance(value, str):
        fits = False
    elif unwanted_character(value) is not None or len(value) > MAX_TEXT:
        return f"text of at most {MAX_TEXT} characters, none of them a control character"
    elif kind is ParameterType.SECRET:
        fits = _SECRET.fullmatch(value) is not None and len(value) <= MAX_TEXT // 2
    else:
        fits = _within(parameter, len(value)) and _matches(parameter.pattern, value)
    return None if fits else wanted(parameter)


def compiled(pattern: str) -> SchemaValidator | None:
    """The pattern, to be matched as a whole; None when it is none.

    Rust's regular expressions and not Python's: they take time in proportion to the text whatever the pattern, which
    somebody may have written to make a controller stand still.
    """
    try:
        return SchemaValidator(core_schema.str_schema(pattern=rf"^(?:{pattern})$", regex_engine="rust-regex"))
    except SchemaError:
        return None


def _matches(pattern: str | None, value: str) -> bool:
    if pattern is None:
        return True
    validator = compiled(pattern)
    return validator is not None and validator.isinstance_python(value)


def _within(parameter: Parameter, number: int) -> bool:
    low, high = parameter.min, parameter.max
    return (low is None or number >= low) and (high is None or number <= high)


def _limits(parameter: Parameter, unit: str) -> str:
    low, high = parameter.min, parameter.max
    if low is None and high is None:
        return ""
    if low is None:
        return f" of at most {high}{unit}"
    return f" of at least {low}{unit}" if high is None else f" of {low} to {high}{unit}"
