"""`${name}` in the body of a template, replaced in the parsed tree.

A value takes the place of one scalar, or of a part of one text, and is never read again: whatever it holds, it cannot
add a field, close a quote or become another placeholder. Keys hold none.

    ${name}       alone: the value with its type; inside a text: its text (true and false for a boolean)
    $${           a plain `${`
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from molthub.manifest.template import Scalar

Path = tuple[str | int, ...]

_TOKEN = re.compile(r"\$\$\{|\$\{([A-Za-z][A-Za-z0-9]{0,63})\}|\$\{")
_WHOLE = re.compile(r"\$\{([A-Za-z][A-Za-z0-9]{0,63})\}")


class _LeftOut:
    """The type of LEFT_OUT."""


LEFT_OUT: Final = _LeftOut()
"""As a value: the field is left out, and so is a mapping that has nothing left."""

Value = Scalar | _LeftOut


@dataclass(frozen=True, slots=True)
class Use:
    """One placeholder of a body. name: None where it is none that can be read; whole: nothing is beside it."""

    path: Path
    name: str | None
    whole: bool


def uses(body: Any, path: Path = ()) -> Iterator[Use]:
    """Every placeholder of a tree, in its order; those in keys too, at the key's path and without a name."""
    if isinstance(body, str):
        whole = _WHOLE.fullmatch(body)
        if whole:
            yield Use(path, whole[1], whole=True)
            return
        yield from (Use(path, token[1], whole=False) for token in _TOKEN.finditer(body) if token[0] != "$${")
    elif isinstance(body, dict):
        for key, value in body.items():
            if _TOKEN.search(key):
                yield Use((*path, key), None, whole=False)
            yield from uses(value, (*path, key))
    elif isinstance(body, list):
        for index, item in enumerate(body):
            yield from uses(item, (*path, index))


def filled(body: Any, values: Mapping[str, Value]) -> Any:
    """The tree with every placeholder replaced. values: all the names it uses; LEFT_OUT only for whole fields."""
    if isinstance(body, str):
        whole = _WHOLE.fullmatch(body)
        return values[whole[1]] if whole else _TOKEN.sub(lambda token: _text(token, values), body)
    if isinstance(body, list):
        return [item for item in (filled(item, values) for item in body) if item is not LEFT_OUT]
    if not isinstance(body, dict):
        return body
    kept = {key: new for key, value in body.items() if (new := filled(value, values)) is not LEFT_OUT}
    return LEFT_OUT if body and not kept else kept


def chosen(body: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Where whole placeholders stand: their paths and names."""
    yield from ((use.path, use.name) for use in uses(body, path) if use.whole and use.name)


def escaped(value: Any) -> Any:
    """A tree whose texts mean themselves: `${` is written `$${`."""
    return mapped_texts(value, lambda text: text.replace("${", "$${"))


def mapped_texts(value: Any, change: Callable[[str], str]) -> Any:
    """A copy of a tree with every text changed, keys left alone."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [mapped_texts(item, change) for item in value]
    return {key: mapped_texts(item, change) for key, item in value.items()} if isinstance(value, dict) else value


def text_of(value: Scalar) -> str:
    """A value inside a text, and as people are shown it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(token: re.Match[str], values: Mapping[str, Value]) -> str:
    if token[0] == "$${":
        return "${"
    value = values[token[1]]
    assert not isinstance(value, _LeftOut), "template_checks refuses one that may be left out inside a text"
    return text_of(value)
