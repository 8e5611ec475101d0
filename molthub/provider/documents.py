"""Small documents that an environment's writers and readers share: the lease, and what the controller publishes.

One compare-and-swap is all that is asked of a cloud: everything that makes a lease of it is in molthub/leases.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Document:
    """One document as it was read.

    tag       of this very content; two writes never have the same, so the content must differ from every earlier one
    written   when it was written, by the store's clock
    read      when it was read, by the store's clock: only these two are ever compared with each other
    """

    body: bytes
    tag: str
    written: datetime
    read: datetime


class SharedDocuments(Protocol):
    """Documents by name. Thread-safe; safe between processes and machines.

    Reads see the newest write. Raises only MolthubErrors, as every method of a Provider.
    """

    def read(self, name: str) -> Document | None:
        """The document, or None when there is none."""
        ...

    def write(self, name: str, body: bytes, *, replaces: str | None) -> str | None:
        """Write the document if it still is what the caller knows; its new tag.

        replaces  the tag it must have, or None: it must not exist yet
        None is "somebody else was faster", or a write of our own whose answer was lost: read it to know.
        """
        ...
