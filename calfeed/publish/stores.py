"""Publish to remote places given by address: object stores, and servers over SFTP."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from calfeed.diagnostics.problem import Mark, OutputError, problem_at
from calfeed.publish.headers import cache_control_of, content_type_of
from calfeed.publish.target import TargetError


class _FileSystem(Protocol):
    """The part of fsspec that is used; fsspec has no types."""

    def find(self, path: str, *, detail: bool, **options: str) -> Mapping[str, Mapping[str, int]]: ...
    def cat_file(self, path: str, start: int | None = None, end: int | None = None) -> bytes: ...
    def pipe_file(self, path: str, value: bytes, **options: object) -> object: ...
    def rm_file(self, path: str) -> None: ...
    def makedirs(self, path: str, *, exist_ok: bool) -> None: ...
    def mv(self, old: str, new: str) -> None: ...


def _s3_headers(path: str) -> dict[str, object]:
    return {"ContentType": content_type_of(path), "CacheControl": cache_control_of(path)}


def _gcs_headers(path: str) -> dict[str, object]:
    metadata = {"cache_control": cache_control_of(path)}
    return {"content_type": content_type_of(path), "fixed_key_metadata": metadata}


def _azure_headers(path: str) -> dict[str, object]:
    settings = {"content_type": content_type_of(path), "cache_control": cache_control_of(path)}
    return {"content_settings": settings}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kind:
    """A kind of place: its library, the extra that installs it, and how it differs from other kinds."""

    package: str
    extra: str
    errors: tuple[str, ...]
    """What the library raises besides OSError, as `module:name`."""
    headers: Callable[[str], dict[str, object]] | None = None
    """The library's options that set the content type and cache header; SFTP servers send their own."""


_S3 = _Kind(
    package="s3fs",
    extra="s3",
    errors=("botocore.exceptions:BotoCoreError", "botocore.exceptions:ClientError"),
    headers=_s3_headers,
)
_GCS = _Kind(
    package="gcsfs",
    extra="gcs",
    errors=("gcsfs.retry:HttpError", "google.auth.exceptions:GoogleAuthError", "aiohttp:ClientError"),
    headers=_gcs_headers,
)
_AZURE = _Kind(package="adlfs", extra="azure", errors=("azure.core.exceptions:AzureError",), headers=_azure_headers)
_SFTP = _Kind(package="paramiko", extra="sftp", errors=("paramiko:SSHException", "builtins:EOFError"))
KINDS: Mapping[str, _Kind] = {"s3": _S3, "gs": _GCS, "az": _AZURE, "abfs": _AZURE, "sftp": _SFTP}
"""The kinds of places, by scheme."""
_SERVER = re.compile(r"([^@:]+@)?([^@:\[\]]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class StoreTarget:
    """A place that fsspec reaches."""

    name: str
    lanes: int
    _system: _FileSystem
    _root: str
    _kind: _Kind
    _errors: tuple[type[Exception], ...]

    def files(self) -> Mapping[str, int]:
        """Return every file with its size."""
        # Over SFTP, fsspec walks the folders itself and would skip those that it may not read.
        options = {} if self._kind.headers else {"on_error": "raise"}
        with self._explained():
            try:
                listing = self._system.find(self._root, detail=True, **options)
            except FileNotFoundError:
                if self._kind.headers:
                    raise TargetError("there is no such bucket or container, or you may not list it") from None
                return {}
        sizes = {name.removeprefix(f"{self._root}/"): int(info["size"]) for name, info in listing.items()}
        # Web consoles of object stores create empty objects with such names and show them as folders.
        return {path: size for path, size in sizes.items() if path and not path.endswith("/")}

    def read(self, path: str) -> bytes | None:
        """Return a file, or None if it is not there."""
        with self._explained(), suppress(FileNotFoundError):
            return self._system.cat_file(self._at(path))
        return None

    def has(self, path: str) -> bool:
        """Return whether a file is there."""
        with self._explained(), suppress(FileNotFoundError):
            self._system.cat_file(self._at(path), 0, 1)  # file information from fsspec may be cached
            return True
        return False

    def write(self, path: str, data: bytes, part: str) -> None:
        """Write a file: stores replace it in one step; on a server it is written to `part` and moved."""
        target = self._at(path)
        with self._explained():
            if self._kind.headers:
                self._system.pipe_file(target, data, **self._kind.headers(path))
                return
            self._system.makedirs(posixpath.dirname(target), exist_ok=True)
            self._system.pipe_file(self._at(part), data)
            self._system.mv(self._at(part), target)

    def delete(self, path: str) -> None:
        """Delete a file; on servers that have folders, empty folders stay."""
        with self._explained(), suppress(FileNotFoundError):
            self._system.rm_file(self._at(path))

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}"

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._errors as cause:
            raise TargetError(_explain(cause)) from cause


def open_store(address: str) -> StoreTarget:
    """Return the place at an address such as `s3://bucket/calendar`.

    Args:
        address: one in which `fault_of` finds no fault.

    Raises:
        ModuleNotFoundError: the library for it is not installed; its `name` is the library's.
        OutputError: the place cannot be reached.
    """
    kind = KINDS[address.partition("://")[0]]
    import_module(kind.package)
    import fsspec

    errors: tuple[type[Exception], ...] = (OSError, ValueError, *map(_error_type, kind.errors))
    # Changes that other runs make meanwhile must be visible.
    options = {"use_listings_cache": False} if kind.headers else {"host_key_policy": _known_hosts()}
    try:
        system, root = fsspec.url_to_fs(address.rstrip("/"), skip_instance_cache=True, **options)
        if not root.strip("/"):
            raise ValueError("the address names no folder")
    except errors as cause:
        message = f"cannot connect to this place: {_explain(cause)}"
        hint = "check the address and your credentials there"
        raise OutputError([problem_at(Mark(path=address), "publish-failed", message, hint)]) from cause
    return StoreTarget(
        name=address,
        lanes=8 if kind.headers else 1,
        _system=system,
        _root=root.rstrip("/"),
        _kind=kind,
        _errors=errors,
    )


def fault_of(address: str) -> str | None:
    """Return why nothing can be published at an address, or None; the reason reveals only the scheme of the address.

    An address may contain a password, and everyone on the computer and readers of logs can see the commands' arguments.
    """
    scheme, _, rest = address.partition("://")
    if scheme not in KINDS or not rest.strip("/"):
        return f"it is neither a folder nor an address that begins with {', '.join(f'{kind}://' for kind in KINDS)}"
    server = rest.partition("/")[0]
    if ":" in server.rpartition("@")[0] or (scheme == "sftp" and not _SERVER.fullmatch(server)):
        name = "user@host" if scheme == "sftp" else "name"
        return f"write it as {scheme}://{name}/path, without a password"
    if set("?#") & set(rest):
        return "it contains ? or #, which have a special meaning in addresses"
    if {"", ".", ".."}.intersection(rest.rstrip("/").split("/")):
        return "a part of its path is empty, or is . or .."
    return None


def _error_type(name: str) -> type[Exception]:
    module, _, attribute = name.partition(":")
    error_type: type[Exception] = getattr(import_module(module), attribute)
    return error_type


def _known_hosts() -> object:
    """Return a policy that accepts only the hosts in ~/.ssh/known_hosts; fsspec would trust any host."""
    import paramiko

    class KnownHosts(paramiko.MissingHostKeyPolicy):  # type: ignore[misc] # it has no types
        """Refuse a host whose key is not known."""

        def missing_host_key(self, _client: object, hostname: str, key: object) -> None:
            known = paramiko.HostKeys()
            with suppress(FileNotFoundError):
                known.load(str(Path("~/.ssh/known_hosts").expanduser()))
            if not known.check(hostname, key):
                raise paramiko.SSHException(
                    f"the key of {hostname} is not in ~/.ssh/known_hosts, or differs from it; connect once with `ssh`"
                )

    return KnownHosts()


def _explain(cause: Exception) -> str:
    text = " ".join(str(cause).split())
    return text or type(cause).__name__
