"""Which templates there are, and which one a name means: the fleet's own before Molthub's of the same name.

`builtin/NAME` always means Molthub's. A fleet's own that cannot be used is an error and not a reason to take the
built-in one silently: whoever wrote it wanted something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from molthub.errors import Diagnostic, InvalidInputError, StallingError
from molthub.manifest.documents import InvalidFile, Locate
from molthub.manifest.loader import load_loose
from molthub.manifest.reading import TEMPLATE
from molthub.manifest.template import MoltbotTemplate
from molthub.manifest.wording import nearest
from molthub.pipeline.types import CheckedFleet

BUILTIN = "builtin/"
FOLDER = "templates"
"""Where `init`, `export` and `import` put a fleet's own."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One template.

    path      of the fleet's own, from the repository's root; None for a built-in one
    content   the file as it was written
    replaces  it is the fleet's own, and a built-in one has the same name
    """

    model: MoltbotTemplate
    path: str | None
    content: bytes
    locate: Locate
    replaces: bool = False

    @property
    def name(self) -> str:
        return self.model.metadata.name


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every template by name. broken: the fleet's own that cannot be used."""

    builtin: Mapping[str, Entry]
    own: Mapping[str, Entry]
    broken: tuple[InvalidFile, ...] = ()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Those that a plain name means, by name; a built-in one that the fleet's own replaces is left out."""
        unusable = {file.name for file in self.broken}
        found = {name: entry for name, entry in self.builtin.items() if name not in unusable} | dict(self.own)
        return tuple(found[name] for name in sorted(found))

    def find(self, name: str) -> Entry:
        """What a name means. Raises InvalidInputError for the fleet's own that is broken, else MH-TMPL-008."""
        if name.startswith(BUILTIN):
            found = self.builtin.get(name.removeprefix(BUILTIN))
        else:
            broken = tuple(error for file in self.broken if file.name == name for error in _errors(file))
            if broken:
                raise InvalidInputError(broken)
            found = self.own.get(name) or self.builtin.get(name)
        if found is not None:
            return found
        known = [*self.own, *self.builtin, *(f"{BUILTIN}{key}" for key in self.builtin)]
        meant = nearest(name, known)
        fix = f"Did you mean {meant}?" if meant else "`molthub template list` names those there are"
        raise StallingError("MH-TMPL-008", f"there is no template {name!a}", fix=fix)


def catalogue(checked: CheckedFleet | None) -> Catalogue:
    """Molthub's templates and those of a fleet, if there is one."""
    builtin = builtins()
    if checked is None:
        return Catalogue(builtin, {})
    documents = checked.documents
    own = {
        name: Entry(item.model, item.path, checked.snapshot.files[item.path].content, item.locate, name in builtin)
        for name, item in documents.templates.items()
    }
    return Catalogue(builtin, own, tuple(file for file in documents.invalid if file.kind == TEMPLATE))


@cache
def builtins() -> Mapping[str, Entry]:
    """Molthub's own, by name."""
    folder = files("molthub.pipeline.templates.builtin")
    found = [file for file in folder.iterdir() if file.name.endswith(".yaml")]
    entries = [read_template(file.name, file.read_bytes(), own=False) for file in found]
    return {entry.name: entry for entry in sorted(entries, key=lambda entry: entry.name)}


def read_template(path: str, content: bytes, *, own: bool) -> Entry:
    """One file as a template. Raises InvalidInputError with what is wrong, MH-TMPL-009 when it holds another kind."""
    loaded = load_loose({path: content})
    if loaded.invalid:
        raise InvalidInputError(tuple(error for file in loaded.invalid for error in _errors(file)))
    if not loaded.templates:
        raise StallingError("MH-TMPL-009", f"{path} holds no template", fix="It must say `kind: MoltbotTemplate`")
    (item,) = loaded.templates.values()
    return Entry(
        item.model, path if own else None, content, item.locate, own and item.model.metadata.name in builtins()
    )


def _errors(file: InvalidFile) -> tuple[Diagnostic, ...]:
    return tuple(item for item in file.diagnostics if item.severity.value == "error")
