"""Write values of the model as JSON rows and read them back, by the types of their fields.

New fields of the model's classes are therefore stored without a change here. Anybody may have written the files that
rows come from, so rows are read as the declared types and nothing else.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from datetime import date
from enum import Enum
from functools import cache
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, get_type_hints

_T = TypeVar("_T")
_Convert = Callable[[Any], Any]
_PLAIN = (str, int, float, bool)


class RowCodec(Generic[_T]):
    """Converts values of a dataclass to JSON rows, with one item for each field, and back."""

    def __init__(self, kind: type[_T], without: Collection[str] = ()) -> None:
        """Convert values of `kind`, except for the fields `without`, which the caller keeps elsewhere."""
        hints = get_type_hints(kind)
        names = [field.name for field in fields(kind) if field.name not in without]  # type: ignore[arg-type]
        self._kind = kind
        self._writers = [(name, _writer(hints[name])) for name in names]
        self._readers = [(name, _reader(hints[name])) for name in names]

    def row_of(self, value: _T) -> list[Any]:
        """Return the row of a value."""
        return [write(getattr(value, name)) for name, write in self._writers]

    def read(self, row: Sequence[Any], **others: object) -> _T:
        """Return the value that a row describes.

        Args:
            row: what `row_of` returned.
            others: the fields that are not in rows.

        Raises:
            LookupError, TypeError, ValueError: the row does not fit this class.
        """
        return self._kind(**{name: read(item) for (name, read), item in zip(self._readers, row, strict=True)}, **others)


# -- writing ----------------------------------------------------------------------------------------------------


@cache
def _writer(kind: Any) -> _Convert:
    """Return the function that turns values of a type into JSON values."""
    members = _union(kind)
    if members is not None:
        return _optional_writer(members)
    if get_origin(kind) is tuple:
        return _tuple_writer(get_args(kind))
    if kind in _PLAIN:
        return _same
    if issubclass(kind, date):
        return _isoformat
    if issubclass(kind, Enum):
        return lambda value: value.value
    return RowCodec(kind).row_of


def _optional_writer(members: tuple[Any, ...]) -> _Convert:
    if len(members) == 1:
        write = _writer(members[0])
        return lambda value: None if value is None else write(value)
    writers = {member: (number, _writer(member)) for number, member in enumerate(members)}

    def write_one(value: object) -> Any:
        if value is None:
            return None
        number, write = writers[type(value)]
        return [number, write(value)]

    return write_one


def _tuple_writer(members: tuple[Any, ...]) -> _Convert:
    if members[1:] == (Ellipsis,):
        write = _writer(members[0])
        return lambda value: [write(item) for item in value]
    writers = tuple(_writer(member) for member in members)
    return lambda value: [write(item) for write, item in zip(writers, value, strict=True)]


# -- reading ----------------------------------------------------------------------------------------------------


@cache
def _reader(kind: Any) -> _Convert:
    """Return the function that turns JSON values into values of a type."""
    members = _union(kind)
    if members is not None:
        return _optional_reader(members)
    if get_origin(kind) is tuple:
        return _tuple_reader(get_args(kind))
    if kind in _PLAIN:
        return _exactly(kind)
    read: _Convert
    if issubclass(kind, date):  # a datetime is one, too
        read = kind.fromisoformat
    elif issubclass(kind, Enum):
        read = kind
    else:
        read = RowCodec(kind).read
    return read


def _optional_reader(members: tuple[Any, ...]) -> _Convert:
    if len(members) == 1:
        read = _reader(members[0])
        return lambda row: None if row is None else read(row)
    readers = tuple(_reader(member) for member in members)
    return lambda row: None if row is None else readers[row[0]](row[1])


def _tuple_reader(members: tuple[Any, ...]) -> _Convert:
    if members[1:] == (Ellipsis,):
        read = _reader(members[0])
        return lambda row: tuple(read(item) for item in row)
    readers = tuple(_reader(member) for member in members)
    return lambda row: tuple(read(item) for read, item in zip(readers, row, strict=True))


def _exactly(kind: type) -> _Convert:
    def read(value: object) -> object:
        if type(value) is not kind:
            raise TypeError(value)
        return value

    return read


# -- types ------------------------------------------------------------------------------------------------------


def _union(kind: Any) -> tuple[Any, ...] | None:
    """Return the members of a union other than None; None if a type is not a union."""
    if get_origin(kind) not in (Union, types.UnionType):
        return None
    return tuple(member for member in get_args(kind) if member is not type(None))


def _same(value: object) -> object:
    return value


def _isoformat(value: date) -> str:
    return value.isoformat()
