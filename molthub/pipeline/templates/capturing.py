"""An instance that is there → a template: its image and model become parameters, and every secret. Pure.

What belongs to that one Moltbot (identity, pauses, restarts) stays behind. A place in the secret store that is the
instance's own is not handed on: each bot gets a place of its own, for two bots on one token take each other's messages.
"""

from __future__ import annotations

import re
from typing import Any

from molthub.manifest.checks import secret_references
from molthub.manifest.composing import composed
from molthub.manifest.documents import LoadedInstance
from molthub.manifest.fields import API_VERSION
from molthub.manifest.placeholders import escaped
from molthub.manifest.template import GIVEN
from molthub.manifest.yaml_events import parse
from molthub.resources.identity import Identity

_KEPT_OF_LIFECYCLE = ("deletionProtection",)


def captured(loaded: LoadedInstance, content: bytes, *, name: str, fleet: str, first: str | None = None) -> str:
    """The template's text. content: the instance's manifest; first: as in `composed`."""
    document: Any = parse(content)
    spec = escaped(document["spec"])
    lifecycle = {key: value for key, value in spec.pop("lifecycle", {}).items() if key in _KEPT_OF_LIFECYCLE}
    if lifecycle:
        spec["lifecycle"] = lifecycle
    parameters = [_text("image", spec["runtime"]["image"], "The Moltbot's image, its version pinned")]
    spec["runtime"]["image"] = "${image}"
    if spec.get("model"):
        parameters.append(_text("model", spec["model"]["primary"], "The language model, as provider/model"))
        spec["model"]["primary"] = "${model}"
    parameters += _secrets(loaded, spec, loaded.identity(fleet))
    body: dict[str, Any] = {"spec": spec}
    if labels := document["metadata"].get("labels"):
        body = {"metadata": {"labels": escaped(labels)}, **body}
    made = {
        "apiVersion": API_VERSION,
        "kind": "MoltbotTemplate",
        "metadata": {
            "name": name,
            "title": f"Like {loaded.model.metadata.name}",
            "description": f"Made from {loaded.display_name}.",
        },
        "spec": {"parameters": parameters, "instance": body},
    }
    head = ["Look it over: what is written out is the same for every bot made of this, what is ${so} is asked."]
    return composed(made, first=first, head=head)


def _text(name: str, default: str, description: str) -> dict[str, Any]:
    return {"name": name, "type": "string", "description": description, "default": default}


def _secrets(loaded: LoadedInstance, spec: dict[str, Any], identity: Identity) -> list[dict[str, Any]]:
    """A parameter for every secret; each entry's `key` in spec becomes its placeholder."""
    references = list(secret_references(loaded.model.spec))
    parameters: list[dict[str, Any]] = []
    taken = {"image", "model", *GIVEN}
    for entry in spec.get("secrets", []):
        fields = [".".join(map(str, path)) for path, variable in references if variable == entry["name"]]
        name = _parameter_name(entry["name"], taken)
        taken.add(name)
        used = f" ({', '.join(fields)})" if fields else ""
        parameter = {"name": name, "type": "secret", "description": f"Where {entry['name']}{used} is"}
        in_channel = any(field.startswith("channels.") for field in fields)
        parameters.append({**parameter, **_default(entry["key"], identity, in_channel=in_channel)})
        entry["key"] = f"${{{name}}}"
    return parameters


def _default(key: str, identity: Identity, *, in_channel: bool) -> dict[str, Any]:
    """The same place for a secret that several share; none, so the new bot's own, for the others and a channel's."""
    source, _, json_key = key.partition("#")
    around = f"{identity.workspace}/{identity.environment}/"
    if in_channel or source == str(identity) or source.startswith(f"{identity}/"):
        return {}
    if source.startswith(around):
        source = "${workspace}/${environment}/" + source.removeprefix(around)
    return {"default": f"{source}#{json_key}" if json_key else source}


def _parameter_name(variable: str, taken: set[str]) -> str:
    """`SLACK_BOT_TOKEN` → `slackBotToken`, with a number where that is taken."""
    first, *rest = [part for part in re.split("_+", variable.lower()) if part]
    name = first + "".join(part.capitalize() for part in rest)
    number = 1
    while (found := name[:36] + (str(number) if number > 1 else "")) in taken:
        number += 1
    return found
