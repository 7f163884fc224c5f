"""A published file: its path and its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file to publish.

    Attributes:
        path: its path relative to DIST, with forward slashes.
        size: the number of its bytes.
        sha256: their SHA-256, in hexadecimal.
        parts: its bytes in parts, because files share most of them: an event is in several feeds.
    """

    path: str
    size: int
    sha256: str
    parts: Iterable[bytes | memoryview] = field(compare=False, repr=False)

    @classmethod
    def of(cls, path: str, *parts: bytes | memoryview) -> Artifact:
        """Return the file at `path` with these bytes."""
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
        return cls(path, sum(map(len, parts)), digest.hexdigest(), parts)

    def __reduce__(self) -> tuple[object, tuple[str, bytes]]:
        return Artifact.of, (self.path, self.data)  # a part may be a view of other bytes, which cannot be pickled

    @property
    def data(self) -> bytes:
        """The bytes."""
        return b"".join(self.parts)
