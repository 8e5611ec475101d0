"""The questions of `molthub create` on a terminal: template, environment, name, parameters, secrets without an echo.

Asks only for what the command line left open. Questions go to stderr, and every answer is judged when it is given.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from molthub.cli import context
from molthub.cli.terminal import Terminal
from molthub.cli.views.text import safe
from molthub.errors import MolthubError

if TYPE_CHECKING:
    from molthub.manifest.template import Parameter
    from molthub.pipeline.actions.create import Wanted
    from molthub.pipeline.templates.catalogue import Catalogue, Entry
    from molthub.pipeline.templates.needed import Needed
    from molthub.pipeline.types import CheckedFleet
    from molthub.provider.secrets import SecretText

WIDTH = 100

Judge = Callable[[str], str | None]
"""An answer → why it will not do, None when it will."""


def complete(wanted: Wanted, fleet: CheckedFleet, term: Terminal) -> Wanted:
    """The same with every gap filled by asking. Without a template every parameter is asked, else the required ones."""
    from molthub.pipeline.templates.catalogue import catalogue

    known = catalogue(fleet)
    whole = not wanted.template
    entry = known.find(wanted.template) if wanted.template else _template(known, term)
    _introduce(entry, term)
    environments = [str(key) for key in sorted(fleet.documents.environments)]
    environment = wanted.environment or _pick("Environment", environments, term)
    name = wanted.name or _name(fleet, environment, term)
    texts = dict(wanted.texts)
    filled = replace(wanted, template=wanted.template or entry.name, environment=environment, name=name)
    for parameter in entry.model.spec.parameters:
        if parameter.name not in texts and (parameter.required or whole) and _is_asked(entry, parameter):
            answer = _parameter(parameter, _default(filled, fleet, entry, parameter), term)
            if answer is not None:
                texts[parameter.name] = answer
    return replace(filled, texts=texts)


def ask_secrets(
    needs: Sequence[Needed], fleet: str, roots: context.Roots, term: Terminal, *, have: frozenset[str]
) -> dict[str, SecretText]:
    """The values of those that hold none yet. have: variables whose value was given; a store that cannot be asked
    ends the questions, for a value that could not be stored need not be typed."""
    from molthub.cli.secret_values import ask_value
    from molthub.pipeline.secrets.places import written

    found: dict[str, SecretText] = {}
    for item in needs:
        place = written(item.target.place)
        if item.variable in have:
            continue
        if item.shared_with:
            term.say(f"{item.variable}: {place}, shared with {', '.join(item.shared_with)}; its value stays.")
            continue
        try:
            holds = _holds_a_value(item, fleet, roots)
        except MolthubError as error:
            term.say(f"The secret store cannot be asked, so values are set later: {safe(error.diagnostic.message)}")
            return found
        if holds:
            term.say(f"{item.variable}: {place} holds a value already; it stays.")
            continue
        value = ask_value(term, what=f"{item.variable}, stored in {place}")
        if value is not None:
            found[item.variable] = value
    return found


def _holds_a_value(item: Needed, fleet: str, roots: context.Roots) -> bool:
    from molthub.pipeline.places import location_of
    from molthub.pipeline.secrets.values import check_readable

    store = roots.secrets()(location_of(item.target.environment, fleet=fleet))
    record = store.describe(item.target.place.source)
    if record is None or record.version_id is None or record.deletion_at is not None:
        return False
    if item.target.place.json_key is None:
        return True
    try:
        check_readable(store, item.target.place)
    except MolthubError as error:
        if error.ref == "MH-SCRT-007":  # the secret is there, and has no such key
            return False
        raise
    return True


def _template(known: Catalogue, term: Terminal) -> Entry:
    titles = {entry.name: safe(entry.model.metadata.title) for entry in known.entries}
    return known.find(_pick("Template", list(titles), term, said=titles))


def _introduce(entry: Entry, term: Terminal) -> None:
    from molthub.manifest.template_checks import sample_of
    from molthub.pipeline.templates.words import enables

    enabled = enables(sample_of(entry.model))
    meta = entry.model.metadata
    term.say("\n" + textwrap.fill(safe(f"{meta.title}: {' '.join(meta.description.split())}"), width=WIDTH))
    for text in entry.model.spec.enables:
        term.say(f"  - {safe(text)}")
    term.say(f"  - inbound: {enabled.inbound}; egress: {enabled.egress}\n")


def _pick(question: str, choices: list[str], term: Terminal, *, said: dict[str, str] | None = None) -> str:
    """One of a numbered list, by number or by name."""
    for number, choice in enumerate(choices, start=1):
        term.say(f"  {number}) {choice}{f'  {said[choice]}' if said else ''}")

    def chosen(answer: str) -> str | None:
        if answer.isdecimal() and 1 <= int(answer) <= len(choices):
            return choices[int(answer) - 1]
        return answer if answer in choices else None

    default = choices[0] if len(choices) == 1 else None
    answer = _ask(question, default, lambda text: None if chosen(text) else "one of the list, or its number", term)
    return chosen(answer) or answer


def _name(fleet: CheckedFleet, environment: str, term: Terminal) -> str:
    from molthub.pipeline.templates.rendering import identity_of

    taken = {item.display_name for item in fleet.documents.instances.values()}

    def judged(text: str) -> str | None:
        try:
            identity_of(text, environment)
        except MolthubError as error:
            return error.diagnostic.fix
        return "another one: that is taken" if f"{environment}/{text}" in taken else None

    return _ask("Name", None, judged, term)


def _is_asked(entry: Entry, parameter: Parameter) -> bool:
    """A place in the secret store is asked only where bots may share one: a channel's token never is."""
    from molthub.manifest.template import ParameterType
    from molthub.manifest.template_checks import sample_of, secret_variable
    from molthub.pipeline.templates.words import enables

    if parameter.type is not ParameterType.SECRET:
        return True
    variable = secret_variable(entry.model, parameter.name)
    used = [
        field for item in enables(sample_of(entry.model)).secrets if item.variable == variable for field in item.used_by
    ]
    return not any(field.startswith("channels.") for field in used)


def _default(wanted: Wanted, fleet: CheckedFleet, entry: Entry, parameter: Parameter) -> str | None:
    """What Enter means, as text; None where something must be said, "" where the field is left out."""
    from molthub.manifest.placeholders import LEFT_OUT, text_of
    from molthub.manifest.template import Scalar
    from molthub.pipeline.templates.choosing import default_of

    if parameter.required:
        return None
    value = default_of(entry.model, parameter, wanted.identity(fleet))
    return "" if value is LEFT_OUT or not isinstance(value, Scalar) else text_of(value)


def _parameter(parameter: Parameter, default: str | None, term: Terminal) -> str | None:
    """The answer; None when it is what would be so anyway."""
    from molthub.manifest.parameters import wanted
    from molthub.manifest.template import ParameterType
    from molthub.pipeline.templates.choosing import problem_with

    example = f", such as {parameter.example}" if default is None and parameter.example is not None else ""
    term.say(safe(f"{' '.join(parameter.description.split())}{example}"))
    hint = f" ({safe(wanted(parameter))})" if parameter.type in (ParameterType.CHOICE, ParameterType.BOOLEAN) else ""

    def judged(text: str) -> str | None:
        return None if text == default else problem_with(parameter, text)

    answer = _ask(f"{parameter.name}{hint}", default, judged, term)
    return None if answer == default else answer


def _ask(question: str, default: str | None, judge: Judge, term: Terminal) -> str:
    """Asks until an answer will do."""
    while True:
        answer: str = typer.prompt(question, default=default, show_default=bool(default), err=True)
        answer = answer.strip()
        why = judge(answer)
        if why is None:
            return answer
        term.say(f"  It must be {safe(why)}.")
