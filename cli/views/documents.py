"""Plain data as YAML or JSON text, for `-o yaml` and `-o json`. Both are pure ASCII: no escape reaches a terminal."""

from __future__ import annotations

import json
from typing import Any


def text(value: Any, *, form: str) -> str:
    """form: `yaml` or `json`."""
    if form == "json":
        return json.dumps(value, indent=2, ensure_ascii=True)
    import yaml

    rendered: str = yaml.safe_dump(value, sort_keys=False, allow_unicode=False, width=120)
    return rendered
