"""`template import`: one template of the fleet, as a commit."""

from __future__ import annotations

from dataclasses import dataclass

from molthub.errors import StallingError
from molthub.manifest.reading import TEMPLATE
from molthub.pipeline.actions.types import Edit
from molthub.pipeline.templates.catalogue import FOLDER, Entry
from molthub.pipeline.types import CheckedFleet


@dataclass(frozen=True, slots=True)
class TemplateImport:
    """replace: also where the fleet has another template of the name, whose file then holds this one."""

    template: Entry
    replace: bool = False
    name: str = "template-import"

    def edit(self, fleet: CheckedFleet) -> Edit:
        wanted = self.template.name
        path = _path_of(fleet, wanted)
        there = fleet.snapshot.files.get(path or "")
        if there is not None and there.content != self.template.content and not self.replace:
            raise StallingError(
                "MH-TMPL-015",
                f"the fleet has another template {wanted} in {path}",
                fix="Say --replace if this one is to take its place, or give it another metadata.name",
            )
        where = path or f"{FOLDER}/{wanted}.yaml"
        if path is None and where in fleet.snapshot.files:
            raise StallingError(
                "MH-TMPL-016", f"{where} is there already and holds something else", fix="Move it, or remove it, first"
            )
        verb = "Replace" if there is not None else "Add"
        return Edit(files={where: self.template.content}, instances=(), subject=f"{verb} the template {wanted}")


def _path_of(fleet: CheckedFleet, name: str) -> str | None:
    """The file that holds the template of the name, one that cannot be used included."""
    documents = fleet.documents
    if name in documents.templates:
        return documents.templates[name].path
    return next((file.path for file in documents.invalid if file.kind == TEMPLATE and file.name == name), None)
