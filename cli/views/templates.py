"""Templates for people, and as `molthub.dev/templates/v1` and `molthub.dev/template/v1`."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from molthub.cli.views.text import columns, paint, safe
from molthub.manifest.placeholders import text_of
from molthub.manifest.template import Parameter, ParameterType
from molthub.manifest.template_checks import sample_of
from molthub.pipeline.templates.catalogue import Catalogue, Entry
from molthub.pipeline.templates.words import Enables, enables

LIST_FORMAT = "molthub.dev/templates/v1"
SHOW_FORMAT = "molthub.dev/template/v1"
WIDTH = 100
HEAD = ("NAME", "TITLE", "FROM", "ENABLES", "MUST BE GIVEN")


def listing(known: Catalogue, *, colour: bool) -> str:
    """A table; the fleet's own that cannot be used are in it, in red."""
    rows = [_cells(entry) for entry in known.entries]
    broken = [(safe(file.name or "?"), "cannot be used", safe(file.path), "-", "-") for file in known.broken]
    lines = columns([HEAD, *rows, *broken])
    colours = ["bold", *[""] * len(rows), *["red"] * len(broken)]
    return "\n".join(paint(line, code, on=colour) for line, code in zip(lines, colours, strict=True))


def _cells(entry: Entry) -> tuple[str, ...]:
    needed = ", ".join(item.name for item in entry.model.spec.parameters if item.required)
    channels = ", ".join(enables(sample_of(entry.model)).channels) or "no channel"
    return (entry.name, safe(entry.model.metadata.title), safe(_origin(entry)), safe(channels), needed or "-")


def _origin(entry: Entry) -> str:
    if entry.path is None:
        return "built in"
    return f"{entry.path} (replaces the built-in)" if entry.replaces else entry.path


def list_data(known: Catalogue) -> dict[str, Any]:
    """The same for machines."""
    return {
        "format": LIST_FORMAT,
        "templates": [
            {**_basics(entry), "parameters": [item.name for item in entry.model.spec.parameters]}
            for entry in known.entries
        ],
        "broken": [
            {
                "name": file.name,
                "path": file.path,
                "errors": [f"{item.ref} {item.message}" for item in file.diagnostics],
            }
            for file in known.broken
        ],
    }


def _basics(entry: Entry) -> dict[str, Any]:
    meta = entry.model.metadata
    return {
        "name": meta.name,
        "title": meta.title,
        "description": meta.description,
        "origin": "builtin" if entry.path is None else "fleet",
        "path": entry.path,
        "replacesBuiltin": entry.replaces,
    }


def shown(entry: Entry, enabled: Enables, *, said: str, colour: bool) -> str:
    """What it enables and what it asks. said: what somebody named it by."""
    meta = entry.model.metadata
    lines = [paint(f"{meta.name}: {safe(meta.title)}", "bold", on=colour)]
    lines += textwrap.wrap(safe(" ".join(meta.description.split())), width=WIDTH)
    lines += [f"From: {safe(_origin(entry))}", "", paint("What it enables", "bold", on=colour)]
    lines += [f"  - {safe(text)}" for text in entry.model.spec.enables]
    lines += [f"  {line}" for line in columns(list(_enabled(enabled)))]
    parameters = entry.model.spec.parameters
    if parameters:
        rows = [("NAME", "TYPE", "WHEN NOTHING IS SAID", "WHAT IT DECIDES"), *map(_parameter, parameters)]
        lines += ["", paint("Parameters", "bold", on=colour), *(f"  {line}" for line in columns(rows))]
    return "\n".join([*lines, "", f"Make one: {_command(entry, said)}"])


def _enabled(enabled: Enables) -> Iterator[tuple[str, str]]:
    yield "channels", safe("; ".join(enabled.channels)) or "none"
    yield "model", safe(enabled.model)
    yield "inbound", safe(enabled.inbound)
    yield "egress", safe(enabled.egress)
    yield "skills", safe(enabled.skills)
    yield "memory", safe(enabled.state)
    yield "may do in AWS", safe(enabled.aws)
    yield "image", safe(enabled.image)
    yield "size", safe(enabled.size)
    for index, needed in enumerate(enabled.secrets):
        used = f" for {', '.join(needed.used_by)}" if needed.used_by else ""
        yield "needs secrets" if index == 0 else "", safe(f"{needed.variable}{used}")


def _parameter(item: Parameter) -> tuple[str, ...]:
    kind = item.type.value
    if item.type is ParameterType.CHOICE:
        kind = "one of " + ", ".join(text_of(choice) for choice in item.choices or ())
    return item.name, safe(kind), safe(_default(item)), safe(" ".join(item.description.split()))


def _default(item: Parameter) -> str:
    if item.required:
        return "must be given"
    if item.default is not None:
        return text_of(item.default)
    return "the instance's own place" if item.type is ParameterType.SECRET else "left out"


def _command(entry: Entry, said: str) -> str:
    needed = [item for item in entry.model.spec.parameters if item.required]
    given = "".join(
        f" --set {item.name}={text_of(item.example if item.example is not None else '…')}" for item in needed
    )
    return safe(f"molthub create NAME --template {said} --environment WORKSPACE/NAME{given}")


def show_data(entry: Entry, enabled: Enables) -> dict[str, Any]:
    """The same for machines. The defaults of secrets are null where they are the instance's own place."""
    return {
        "format": SHOW_FORMAT,
        **_basics(entry),
        "parameters": [
            item.model_dump(mode="json", exclude_defaults=False, include=set(Parameter.model_fields))
            for item in entry.model.spec.parameters
        ],
        "enables": {
            "words": list(entry.model.spec.enables),
            "channels": list(enabled.channels),
            "model": enabled.model,
            "inbound": enabled.inbound,
            "egress": enabled.egress,
            "skills": enabled.skills,
            "memory": enabled.state,
            "aws": enabled.aws,
            "image": enabled.image,
            "size": enabled.size,
            "secrets": [{"name": item.variable, "usedBy": list(item.used_by)} for item in enabled.secrets],
        },
    }
