"""The part of CBOR (RFC 8949) that AWS's smithy-rpc-v2-cbor protocol uses."""

from __future__ import annotations

import struct
from typing import Any

_TEXT, _BYTES, _LIST, _MAP, _TAG, _SIMPLE = 3, 2, 4, 5, 6, 7
_INDEFINITE = 31
_BREAK = object()


def dumps(value: Any) -> bytes:  # noqa: PLR0911 - one return a type of the format
    """Encode None, booleans, numbers, text, bytes, lists and dicts."""
    match value:
        case None:
            return b"\xf6"
        case bool():
            return b"\xf5" if value else b"\xf4"
        case int():
            return _head(0, value) if value >= 0 else _head(1, -1 - value)
        case float():
            return b"\xfb" + struct.pack(">d", value)
        case str():
            encoded = value.encode()
            return _head(_TEXT, len(encoded)) + encoded
        case bytes():
            return _head(_BYTES, len(value)) + value
        case list() | tuple():
            return _head(_LIST, len(value)) + b"".join(map(dumps, value))
        case dict():
            return _head(_MAP, len(value)) + b"".join(dumps(key) + dumps(item) for key, item in value.items())
    raise TypeError(f"no CBOR for {type(value).__name__}")


def loads(data: bytes) -> Any:
    """Decode one item. Raises ValueError for what is not CBOR."""
    try:
        return _Reader(data).item()
    except (IndexError, struct.error, KeyError, UnicodeDecodeError) as error:
        raise ValueError("not CBOR") from error


def _head(major: int, number: int) -> bytes:
    first = major << 5
    if number < 24:  # noqa: PLR2004 - the format's own limit of a short count
        return bytes([first | number])
    for code, size in ((24, "B"), (25, ">H"), (26, ">I"), (27, ">Q")):
        if number < 1 << (8 * struct.calcsize(size)):
            return bytes([first | code]) + struct.pack(size, number)
    raise ValueError("number too large for CBOR")


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def item(self) -> Any:
        first = self._data[self._at]
        self._at += 1
        major, info = first >> 5, first & 31
        if major == _SIMPLE:
            return self._simple(info)
        count = None if info == _INDEFINITE else self._count(info)
        if major in (0, 1):
            number = count or 0
            return number if major == 0 else -1 - number
        if major in (_BYTES, _TEXT):
            return self._string(major, count)
        if major == _LIST:
            return list(self._items(count))
        if major == _MAP:
            return self._map(count)
        return self.item()  # a tag: only epoch dates (1) occur, and they stay numbers

    def _count(self, info: int) -> int:
        if info < 24:  # noqa: PLR2004 - the format's own limit of a short count
            return info
        size = {24: "B", 25: ">H", 26: ">I", 27: ">Q"}[info]
        return int(struct.unpack(size, self._take(struct.calcsize(size)))[0])

    def _take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        if len(taken) < length:
            raise IndexError("short")
        self._at += length
        return taken

    def _string(self, major: int, count: int | None) -> Any:
        if count is None:
            parts = list(self._items(None))
            return "".join(parts) if major == _TEXT else b"".join(parts)
        raw = self._take(count)
        return raw.decode() if major == _TEXT else raw

    def _items(self, count: int | None) -> list[Any]:
        if count is not None:
            return [self.item() for _ in range(count)]
        found: list[Any] = []
        while (item := self.item()) is not _BREAK:
            found.append(item)
        return found

    def _map(self, count: int | None) -> dict[Any, Any]:
        if count is not None:
            return {self.item(): self.item() for _ in range(count)}
        flat = self._items(None)
        return dict(zip(flat[::2], flat[1::2], strict=True))

    def _simple(self, info: int) -> Any:
        if info == _INDEFINITE:
            return _BREAK
        if info in (25, 26, 27):
            size = {25: ">e", 26: ">f", 27: ">d"}[info]
            return struct.unpack(size, self._take(struct.calcsize(size)))[0]
        return {20: False, 21: True, 22: None, 23: None}[info]
