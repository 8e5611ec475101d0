"""The order in which people expect the fields of a document: that of its model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, get_args

from pydantic import BaseModel

from molthub.manifest.models import KINDS
from molthub.manifest.yaml_events import Path


def field_order(kind: str) -> Callable[[Path], Sequence[str]]:
    """Path of a mapping in a document of this kind → its fields in order; none where the keys are free."""
    return partial(_fields, KINDS.get(kind))


def _fields(model: Any, path: Path) -> Sequence[str]:
    found = model_at(model, path)
    return tuple(found.model_fields) if found is not None else ()


def model_at(model: Any, path: Path) -> type[BaseModel] | None:
    """The model of the mapping at a path below a model; None for a free mapping, a scalar, or what does not exist."""
    here: Any = model
    for part in path:
        here = next(_inside(here, part), None)
    return next(models_in(here), None)


def _inside(annotation: Any, part: str | int) -> Iterator[Any]:
    for found in models_in(annotation):
        if isinstance(part, str) and part in found.model_fields:
            yield found.model_fields[part].annotation


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models that an annotation speaks of: itself, or inside of `list[…]`, `… | None`, `Annotated[…]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        return
    for inner in get_args(annotation):
        yield from models_in(inner)
