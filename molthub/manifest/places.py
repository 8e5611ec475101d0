"""Where in a file a part of its document was written. Marks are made by reading the file again, once, when asked."""

from __future__ import annotations

from molthub.errors import Location
from molthub.manifest.yaml_events import Path, Places, read_places
from molthub.manifest.yaml_text import Mark


class Place:
    """A `Locate`: call it with keys and indexes from the root. Unknown parts give the nearest known parent."""

    __slots__ = ("_content", "_marks", "path")

    def __init__(self, path: str, content: bytes) -> None:
        self.path = path
        self._content = content
        self._marks: Places | None = None

    def __call__(self, path: Path) -> Location:
        """The place of a value; of its key where the value is a mapping or a list that begins on a later line."""
        marks = self._read()
        known = self._known(path)
        value, key = marks.values.get(known), marks.keys.get(known)
        return self.at(value if value and key and value.line == key.line else key or value)

    def key(self, path: Path) -> Location:
        """The place of a mapping's key, or of a list's item."""
        return self.at(self._read().keys.get(self._known(path)))

    def _known(self, path: Path) -> Path:
        marks = self._read()
        while path and path not in marks.keys:
            path = path[:-1]
        return path

    def _read(self) -> Places:
        if self._marks is None:
            self._marks = read_places(self._content)
        return self._marks

    def at(self, mark: Mark | None) -> Location:
        """The location of a mark; the beginning of the file without one."""
        return Location(self.path, mark.line, mark.column) if mark else Location(self.path, 1, 1)
