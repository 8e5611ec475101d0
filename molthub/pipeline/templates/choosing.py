"""What somebody gives for a template's parameters → the value of each. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from molthub.errors import Diagnostic, InvalidInputError
from molthub.manifest.parameters import misfit, value_of, wanted
from molthub.manifest.placeholders import LEFT_OUT, Value, filled
from molthub.manifest.template import MoltbotTemplate, Parameter, ParameterType, Scalar
from molthub.manifest.template_checks import secret_variable
from molthub.manifest.wording import nearest
from molthub.pipeline.secrets.places import default_place, written
from molthub.pipeline.templates.catalogue import Entry
from molthub.resources.identity import Identity


@dataclass(frozen=True, slots=True)
class Choices:
    """Every parameter's value.

    values  by name; LEFT_OUT where nothing was said and the field goes
    given   the names that somebody gave; the others have their defaults
    samples the names that have an example for want of a value: a manifest to look at and not to keep
    """

    values: Mapping[str, Value]
    given: frozenset[str]
    samples: frozenset[str] = frozenset()


def assignments(texts: Iterable[str], *, option: str) -> dict[str, str]:
    """`NAME=VALUE` texts as a mapping. Raises MH-TMPL-010 for one without `=`, or a name that is given twice."""
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or name in found:
            why = f"{name!a} is given twice" if name in found else "it is not NAME=VALUE"
            raise InvalidInputError(
                (Diagnostic("MH-TMPL-010", f"a {option} cannot be read: {why}", fix=f"Write {option} NAME=VALUE"),)
            )
        found[name] = value
    return found


def choose(entry: Entry, texts: Mapping[str, str], identity: Identity, *, examples: bool = False) -> Choices:
    """The value of every parameter. texts: what was given, as text; identity: the instance that is made.

    examples: what must be given and was not has its example, instead of being an error.
    Raises InvalidInputError with every MH-TMPL-001, -002 and -004 found, those of the template with a place in it.
    """
    problems = [*_unknown(entry.model, texts), *_unfit(entry.model, texts)]
    values: dict[str, Value] = {}
    samples = set()
    for index, parameter in enumerate(entry.model.spec.parameters):
        if parameter.name in texts:
            value = value_of(parameter, texts[parameter.name])
            values[parameter.name] = LEFT_OUT if value is None else value
        elif parameter.required and not examples:
            problems.append(_missing(entry, index, parameter))
        elif parameter.required:
            samples.add(parameter.name)
            values[parameter.name] = _example(entry.model, parameter, identity)
        else:
            values[parameter.name] = default_of(entry.model, parameter, identity)
    if problems:
        raise InvalidInputError(tuple(problems))
    return Choices({**given_names(identity), **values}, frozenset(texts), frozenset(samples))


def given_names(identity: Identity, name: str | None = None) -> dict[str, Scalar]:
    """The names that a template need not declare. name: where it is not the id."""
    return {
        "name": name or identity.id,
        "id": identity.id,
        "workspace": identity.workspace,
        "environment": identity.environment,
    }


def default_of(model: MoltbotTemplate, parameter: Parameter, identity: Identity) -> Value:
    """What a parameter is when nothing is said."""
    if parameter.type is ParameterType.SECRET:
        if parameter.default is None:
            return written(default_place(identity, secret_variable(model, parameter.name)))
        place: str = filled(parameter.default, given_names(identity))
        return place
    value: Value = LEFT_OUT if parameter.default is None else parameter.default
    return value


def problem_with(parameter: Parameter, text: str) -> str | None:
    """Why a text will not do, completing "must be …"; None when it will."""
    value = value_of(parameter, text)
    return wanted(parameter) if value is None else misfit(parameter, value)


def _example(model: MoltbotTemplate, parameter: Parameter, identity: Identity) -> Value:
    if parameter.example is None:  # a secret's: any place will do
        return default_of(model, parameter, identity)
    value: Value = parameter.example
    return value


def _unknown(model: MoltbotTemplate, texts: Mapping[str, str]) -> Iterator[Diagnostic]:
    for name in texts:
        if name not in model.parameters:
            meant = nearest(name, list(model.parameters))
            known = ", ".join(model.parameters) or "none"
            fix = f"Did you mean {meant}?" if meant else f"It has: {known}"
            message = f"the template {model.metadata.name} has no parameter {name!a}"
            yield Diagnostic("MH-TMPL-001", message, fix=fix)


def _unfit(model: MoltbotTemplate, texts: Mapping[str, str]) -> Iterator[Diagnostic]:
    for name, text in texts.items():
        parameter = model.parameters.get(name)
        why = problem_with(parameter, text) if parameter else None
        if parameter and why:
            fix = parameter.description
            if parameter.type is ParameterType.SECRET:
                fix = "Give the place of the secret; its value goes through --secret, or `molthub secret set`"
            yield Diagnostic("MH-TMPL-004", f"the parameter `{name}` must be {why}", fix=fix)


def _missing(entry: Entry, index: int, parameter: Parameter) -> Diagnostic:
    message = f"the template {entry.name} needs a value for `{parameter.name}`: {parameter.description}"
    where = entry.locate(("spec", "parameters", index)) if entry.path else None
    example = "VALUE" if parameter.example is None else parameter.example
    return Diagnostic("MH-TMPL-002", message, where, f"Give --set {parameter.name}={example}")
