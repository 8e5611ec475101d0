"""Repeating in a message what somebody wrote, unless it may be a secret."""

from __future__ import annotations

from molthub.manifest.secret_shapes import secret_kind

LONGEST = 100


def quoted(text: str) -> str:
    """The text in quotes; "(not shown)" when it may hold a secret, is long, or has characters that do not print."""
    if len(text) > LONGEST or not text.isprintable() or secret_kind(text):
        return "(not shown)"
    return f'"{text}"'


def spell(path: tuple[str | int, ...]) -> str:
    """A path as people write it, `spec.secrets[1].key`; a key that may itself be a secret is not shown."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f"{'.' if text else ''}{'(not shown)' if secret_kind(part) else part}"
    return text
