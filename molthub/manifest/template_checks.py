"""What a template must keep beyond what its model can say: its parameters, its placeholders, and what comes of it.

The instance is tried with the defaults, and with the examples of what has none, so that a template that could never
make a valid one is found where it is written and not by whoever uses it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from molthub.errors import Diagnostic, Location, Severity
from molthub.manifest.checks import document_diagnostics
from molthub.manifest.documents import Locate
from molthub.manifest.fields import API_VERSION
from molthub.manifest.models import MoltbotInstance
from molthub.manifest.parameters import compiled, misfit
from molthub.manifest.placeholders import LEFT_OUT, Path, Use, Value, filled, uses
from molthub.manifest.places import Place
from molthub.manifest.shown import shown_path
from molthub.manifest.template import GIVEN, MoltbotTemplate, Parameter, ParameterType, Scalar
from molthub.manifest.wording import model_diagnostics, nearest

BODY = ("spec", "instance")
SAMPLE = {"name": "sample", "id": "sample", "workspace": "sample", "environment": "sample"}
"""An identity to try a template with."""

_NUMBERED = (ParameterType.INTEGER, ParameterType.STRING)


def template_diagnostics(model: MoltbotTemplate, place: Place) -> list[Diagnostic]:
    """Every error of one template; the instance is only tried when its parameters and placeholders are right."""
    found = [*_parameters(model, place), *_placeholders(model, place)]
    if found:
        return found
    given = _tried(model, place, {}) + _tried(model, place, _left_out(model))
    return list(dict.fromkeys(given))


def instance_document(model: MoltbotTemplate, values: Mapping[str, Value]) -> dict[str, Any]:
    """The MoltbotInstance of a template as plain data. values: of all parameters, and of the names in GIVEN."""
    body = model.spec.instance
    labels, spec = filled(body.metadata.labels, values), filled(body.spec, values)
    metadata: dict[str, Any] = {key: values[key] for key in ("id", "name", "workspace", "environment")}
    if labels is not LEFT_OUT and labels:
        metadata["labels"] = labels
    return {
        "apiVersion": API_VERSION,
        "kind": "MoltbotInstance",
        "metadata": metadata,
        "spec": {} if spec is LEFT_OUT else spec,
    }


def secret_variable(model: MoltbotTemplate, parameter: str) -> str:
    """The environment variable whose secret a parameter of type `secret` places: that of its first entry."""
    name: str = next(
        entry["name"]
        for entry in _entries(model)
        if isinstance(entry, dict) and entry.get("key") == f"${{{parameter}}}"
    )
    return name


# -- Parameters ----------------------------------------------------------------------------------------------


def _parameters(model: MoltbotTemplate, place: Place) -> Iterator[Diagnostic]:
    names = [parameter.name for parameter in model.spec.parameters]
    for index, parameter in enumerate(model.spec.parameters):
        at: Path = ("spec", "parameters", index)
        if parameter.name in GIVEN or parameter.name in names[:index]:
            what = "given by Molthub" if parameter.name in GIVEN else "declared twice"
            fix = "Choose another name"
            yield _wrong(f"the parameter `{parameter.name}` is {what}", place((*at, "name")), fix)
        limits = list(_limits(parameter, at, place))
        yield from limits or _values(parameter, at, place)


def _limits(parameter: Parameter, at: Path, place: Place) -> Iterator[Diagnostic]:
    """Fields that its type has no use for, and limits that nothing can keep."""
    kind = parameter.type
    allowed = {
        "choices": kind is ParameterType.CHOICE,
        "pattern": kind is ParameterType.STRING,
        "min": kind in _NUMBERED,
        "max": kind in _NUMBERED,
    }
    for name, fits in allowed.items():
        if getattr(parameter, name) is not None and not fits:
            yield _wrong(f"a parameter of type {kind} has no use for `{name}`", place((*at, name)), f"Remove `{name}`")
    if kind is ParameterType.CHOICE:
        choices = parameter.choices or []
        if not choices or any(isinstance(choice, bool) for choice in choices):
            message = "a parameter of type choice needs `choices`: text or whole numbers"
            yield _wrong(message, place((*at, "choices") if choices else at), "List them, or take another type")
    if parameter.pattern is not None and compiled(parameter.pattern) is None:
        fix = "Mend it; RE2 has no look-around and no back-references"
        yield _wrong("`pattern` is no regular expression that can be used", place((*at, "pattern")), fix)
    if parameter.min is not None and parameter.max is not None and parameter.min > parameter.max:
        yield _wrong("`min` is greater than `max`", place((*at, "min")), "Exchange them")


def _values(parameter: Parameter, at: Path, place: Place) -> Iterator[Diagnostic]:
    default, example = parameter.default, parameter.example
    if parameter.required and default is not None:
        fix = "Remove `required` or `default`"
        yield _wrong("a parameter that must be given has a default", place((*at, "required")), fix)
    if default is None and example is None and parameter.type is not ParameterType.SECRET:
        message = f"the parameter `{parameter.name}` has neither `default` nor `example`"
        yield _wrong(message, place(at), "Add an `example`: the template is tried with it")
    for name, value in (("default", _sampled(parameter)), ("example", example)):
        if getattr(parameter, name) is None:
            continue
        why = misfit(parameter, value)
        if why is not None:
            message = f"the `{name}` of the parameter `{parameter.name}` must be {why}"
            yield Diagnostic("MH-TMPL-004", message, place((*at, name)), "Mend it, or what the parameter allows")


def _sampled(parameter: Parameter) -> Any:
    """A default with the given names in it replaced, as far as they can be."""
    default = parameter.default
    if parameter.type is ParameterType.SECRET and isinstance(default, str):
        known = all(use.name in GIVEN for use in uses(default))
        return filled(default, SAMPLE) if known else None
    return default


def _wrong(message: str, location: Location, fix: str) -> Diagnostic:
    return Diagnostic("MH-TMPL-005", message, location, fix)


# -- Placeholders --------------------------------------------------------------------------------------------


def _placeholders(model: MoltbotTemplate, place: Place) -> Iterator[Diagnostic]:
    known, used = model.parameters, set()
    body = {"metadata": {"labels": model.spec.instance.metadata.labels}, "spec": model.spec.instance.spec}
    for use in uses(body, BODY):
        if use.name is None:
            fix = "Write ${NAME} with a parameter's name, in values only; `$${` is a plain `${`"
            yield Diagnostic("MH-TMPL-006", f"{_where(use)} holds a `${{` that is no placeholder", place(use.path), fix)
        elif use.name not in known and use.name not in GIVEN:
            meant = nearest(use.name, [*known, *GIVEN])
            fix = f"Did you mean ${{{meant}}}?" if meant else "Declare it in `spec.parameters`"
            message = f"{_where(use)} uses the parameter `{use.name}`, which is not declared"
            yield Diagnostic("MH-TMPL-001", message, place(use.path), fix)
        elif use.name in known:
            used.add(use.name)
            yield from _misplaced(use, known[use.name], model, place)
    for index, parameter in enumerate(model.spec.parameters):
        if parameter.name not in used and parameter.name not in GIVEN:
            message = f"the parameter `{parameter.name}` is declared and not used"
            fix = f"Use ${{{parameter.name}}} in `spec.instance`, or remove it"
            yield Diagnostic("MH-TMPL-003", message, place(("spec", "parameters", index, "name")), fix)


def _misplaced(use: Use, parameter: Parameter, model: MoltbotTemplate, place: Place) -> Iterator[Diagnostic]:
    """A secret anywhere but as the key of an entry that says its variable, and what may be left out inside a text."""
    if parameter.type is ParameterType.SECRET:
        parts = use.path[len(BODY) :]
        entries = _entries(model)
        of_entry = parts[:2] == ("spec", "secrets") and parts[3:] == ("key",) and use.whole
        entry = entries[parts[2]] if of_entry and isinstance(parts[2], int) else None
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or any(uses(entry["name"])):
            message = f"{_where(use)} uses the secret `{parameter.name}`, which is only the place of one"
            fix = f"Write {{name: VARIABLE, key: ${{{parameter.name}}}}} in `spec.secrets`, and refer to VARIABLE"
            yield Diagnostic("MH-TMPL-006", message, place(use.path), fix)
    elif parameter.default is None and not parameter.required and not use.whole:
        message = f"{_where(use)} uses `{parameter.name}` inside a text, and it may be left out"
        fix = "Give the parameter a default, or make it required"
        yield Diagnostic("MH-TMPL-006", message, place(use.path), fix)


def _where(use: Use) -> str:
    return f"`{shown_path(use.path[len(BODY) :])}`"


def _entries(model: MoltbotTemplate) -> list[Any]:
    listed = model.spec.instance.spec.get("secrets")
    return listed if isinstance(listed, list) else []


# -- The instance --------------------------------------------------------------------------------------------


def _left_out(model: MoltbotTemplate) -> dict[str, Value]:
    """What is left out when nothing is said."""
    return {
        item.name: LEFT_OUT
        for item in model.spec.parameters
        if item.default is None and not item.required and item.type is not ParameterType.SECRET
    }


def samples(model: MoltbotTemplate) -> dict[str, Scalar]:
    """A value for every parameter: its default, else its example; of a secret without either, some place."""
    return {
        item.name: next(
            value for value in (_sampled(item), item.example, f"sample/sample#{item.name}") if value is not None
        )
        for item in model.spec.parameters
    }


def sample_of(model: MoltbotTemplate) -> MoltbotInstance:
    """An instance of a valid template, made with its defaults and examples."""
    return MoltbotInstance.model_validate(instance_document(model, {**SAMPLE, **samples(model)}))


def _tried(model: MoltbotTemplate, place: Place, values: Mapping[str, Value]) -> list[Diagnostic]:
    body_place = BodyPlace(place)
    document = instance_document(model, {**SAMPLE, **samples(model), **values})
    try:
        instance = MoltbotInstance.model_validate(document)
    except ValidationError as error:
        return list(model_diagnostics(error, model=MoltbotInstance, place=body_place, subject=None))
    found = document_diagnostics(instance, body_place)
    return [replace(item, subject=None) for item in found if item.severity is Severity.ERROR]


class BodyPlace(Place):
    """Places of an instance's fields in the template that it is made from."""

    __slots__ = ("_template",)

    def __init__(self, template: Place) -> None:
        self._template = template
        self.path = template.path

    def __call__(self, path: Path) -> Location:
        return located_in_body(self._template, path)

    def key(self, path: Path) -> Location:
        return self._template.key(_in_body(path))


def located_in_body(template: Locate, path: Path) -> Location:
    """The place in a template of what becomes this part of an instance."""
    return template(_in_body(path))


def _in_body(path: Path) -> Path:
    return (*BODY, *path) if path[:1] in (("metadata",), ("spec",)) else BODY
