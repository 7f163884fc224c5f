"""A published file: its path and its bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, init=False)
class Artifact:
    """A file to publish: its path relative to DIST, with forward slashes, and its bytes, with their size and SHA-256.

    The bytes are held in parts, because files share most of them: an event is in several feeds.
    """

    path: str
    size: int
    sha256: str
    _parts: tuple[bytes | memoryview, ...] | None = field(compare=False, repr=False)
    _make: Callable[[], Artifact] | None = field(compare=False, repr=False)

    def __init__(self, path: str, *parts: bytes | memoryview) -> None:
        digest = hashlib.sha256()
        for part in parts:
            digest.update(part)
        _fill(self, path, sum(map(len, parts)), digest.hexdigest(), parts, None)

    @classmethod
    def known(cls, path: str, size: int, sha256: str, make: Callable[[], Artifact]) -> Artifact:
        """Return a file of known size and hash, which `make` makes when its bytes are needed."""
        artifact = cls.__new__(cls)
        _fill(artifact, path, size, sha256, None, make)
        return artifact

    def __reduce__(self) -> tuple[type[Artifact], tuple[str, bytes]]:
        return type(self), (self.path, self.data)  # a part may be a view of other bytes, which cannot be pickled

    @property
    def parts(self) -> tuple[bytes | memoryview, ...]:
        """The bytes in parts.

        Raises:
            ValueError: they were made on demand, and do not match the known size and hash.
        """
        if self._make is None:
            return self._parts or ()
        made = self._make()
        if made != self:
            raise ValueError(f"{self.path} is not what was known of it")
        return made.parts

    @property
    def data(self) -> bytes:
        """The bytes."""
        return b"".join(self.parts)


def _fill(artifact: Artifact, *values: object) -> None:
    for name, value in zip(("path", "size", "sha256", "_parts", "_make"), values, strict=True):
        object.__setattr__(artifact, name, value)
