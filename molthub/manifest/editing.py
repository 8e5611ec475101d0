"""Edits of a manifest that several commands make, each as a change of what the document says (`rewriting.py`)."""

from __future__ import annotations

from molthub.manifest.rewriting import plain, rewrite


def with_secret(content: bytes, *, name: str, key: str) -> bytes:
    """The manifest with `spec.secrets` holding {name, key}: its key replaced where the name is there, added otherwise.

    content must be a valid MoltbotInstance; the result is one again, with as few lines changed as can be.
    Raises MH-ACT-003 for a manifest that cannot be changed piece by piece.
    """
    wanted = plain(content)
    spec = wanted["spec"]
    entries = spec["secrets"] = spec.get("secrets") or []
    held = next((entry for entry in entries if entry["name"] == name), None)
    if held is not None:
        held["key"] = key
    else:
        entries.append({"name": name, "key": key})
    return rewrite(content, wanted)
