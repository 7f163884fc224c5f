"""The house rules that a machine can check: which rooms import which, and where each library may be used.

A room is a package of `calfeed`, or a module at its top level. docs/architecture.md says what each is for.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import calfeed

PACKAGE = Path(calfeed.__file__).parent
# A room imports only from the rooms before it.
ROOMS = (
    "limits",
    "diagnostics",
    "artifact",
    "paths",
    "progress",
    "stamp",
    "text",
    "zones",
    "parallel",
    "values",
    "pictures",
    "model",
    "series",
    "source",
    "vtimezone",
    "revisions",
    "editions",
    "templates",
    "formats",
    "fetch",
    "output",
    "cache",
    "site",
    "publish",
    "doctor",
    "resolve",
    "pipeline",
    "preview",
    "cli",
)
# Rooms that a room must not import, although they come before it.
STRANGERS = {
    "site": {"source", "output"},
    "formats": {"source", "output"},
    "publish": {"resolve"},
    "doctor": {"resolve"},
}
# The only rooms that use the cache.
CACHE_USERS = {"resolve", "pipeline"}
# The homes of each library: rooms or modules. Nothing else imports it.
HOMES = {
    "yaml": {"source.nodes", "source.yaml"},
    "pydantic": {"source"},
    "pydantic_core": {"source"},
    "pytz": {"zones.tzdb"},
    "zoneinfo": {"zones.tzdb"},
    "tzfpy": {"zones.tzdb"},
    "icalendar": {"formats.content_lines", "doctor.reader"},
    "dateutil": {"doctor.reader"},
    "idna": {"text.hosts"},
    "markdown_it": {"text.markdown"},
    "jinja2": {"templates"},
    "markupsafe": {"templates"},
    "babel": {"site.dates"},
    "segno": {"site.qr"},
    "filelock": {"output.dist"},
    "click": {"cli"},
    "fsspec": {"publish.stores"},
    "paramiko": {"publish.stores"},
    "starlette": {"preview.server"},
    "uvicorn": {"preview.server"},
    "watchfiles": {"preview.server"},
}
# No room except the command line uses the clock, the environment, randomness or streams.
FORBIDDEN = {"time", "random", "secrets", "uuid", "locale", "sys", "subprocess", "socket", "urllib.request", "tempfile"}
# The server is handed a listening socket; the one module that uses the network times out on slow hosts; the cache
# depends on the version of Python.
ALLOWED = {"preview.server": {"socket"}, "fetch.http": {"socket"}, "cache.versions": {"sys"}}


def room_of(module: str) -> str:
    """Return the room of a module: `zones` for `zones.tzdb`."""
    return module.partition(".")[0]


def modules() -> dict[str, ast.Module]:
    """Return the parsed modules of all rooms by name, except `__init__` and `__main__`."""
    paths = [path for path in PACKAGE.rglob("*.py") if not path.stem.startswith("__")]
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text("utf-8")) for path in paths
    }


MODULES = modules()


def imports(tree: ast.Module) -> set[str]:
    """Return the full names of everything a module imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def own_imports(module: str) -> set[str]:
    """Return the modules of calfeed that a module imports."""
    names = {name.removeprefix("calfeed.") for name in imports(MODULES[module]) if name.startswith("calfeed.")}
    known = {max((m for m in MODULES if f"{name}.".startswith(f"{m}.")), key=len, default="") for name in names}
    return known - {"", module}


def arrows() -> set[tuple[str, str]]:
    """Return the pairs of rooms of which the first imports from the second."""
    return {
        (room_of(module), room_of(imported))
        for module in MODULES
        for imported in own_imports(module)
        if room_of(module) != room_of(imported)
    }


def test_every_room_has_its_place() -> None:
    """The order names every room, and nothing else."""
    assert set(ROOMS) == {room_of(module) for module in MODULES}


def test_imports_go_one_way() -> None:
    """A room imports only from rooms before it, and from none of its strangers."""
    order = {room: place for place, room in enumerate(ROOMS)}
    assert [arrow for arrow in arrows() if order[arrow[1]] > order[arrow[0]]] == []
    assert [(room, known) for room, known in arrows() if known in STRANGERS.get(room, ())] == []
    assert {room for room, known in arrows() if known == "cache"} == CACHE_USERS


def test_no_circles_within_a_room() -> None:
    """Imports among the modules of a room form no circles."""
    inside = {
        module: {imported for imported in own_imports(module) if room_of(imported) == room_of(module)}
        for module in MODULES
    }
    assert set(TopologicalSorter(inside).static_order()) == set(MODULES)  # raises CycleError for a circle


def test_rooms_are_few_and_small() -> None:
    """Rooms are few, packages have few modules, and a package's `__init__.py` contains only its docstring."""
    assert len(ROOMS) <= 30
    limits = {"site": 20, "cli": 12, "source": 11}
    for package in sorted(path for path in PACKAGE.iterdir() if (path / "__init__.py").exists()):
        (docstring,) = ast.parse((package / "__init__.py").read_text("utf-8")).body
        assert isinstance(docstring, ast.Expr)
        assert len(list(package.glob("[!_]*.py"))) <= limits.get(package.name, 10), package.name


def test_rooms_are_in_the_architecture() -> None:
    """docs/architecture.md has a row for every room, in this order."""
    text = (PACKAGE.parent / "docs" / "architecture.md").read_text("utf-8")
    rows = [line.split("`")[1].strip("/").removesuffix(".py") for line in text.splitlines() if line.startswith("| `")]
    assert tuple(row for row in rows if row in ROOMS) == ROOMS


def is_home(library: str, module: str) -> bool:
    """Return whether a module is a library's home, or in one."""
    return any(f"{module}.".startswith(f"{home}.") for home in HOMES[library])


@pytest.mark.parametrize("name", MODULES)
def test_libraries_stay_at_home(name: str) -> None:
    """A third-party library is imported only in its homes."""
    used = {full.split(".")[0] for full in imports(MODULES[name])}
    assert {library for library in used & set(HOMES) if not is_home(library, name)} == set()


@pytest.mark.parametrize("name", [name for name in MODULES if room_of(name) != "cli"])
def test_no_world_below_the_command_line(name: str) -> None:
    """Only the command line uses the clock, the environment, randomness and streams."""
    tree = MODULES[name]
    assert imports(tree) & FORBIDDEN - ALLOWED.get(name, set()) == set()
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls & {"print", "input", "datetime.now", "date.today", "os.getenv", "datetime.today"} == set()
    assert "os.environ" not in {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("name", MODULES)
def test_no_bare_except(name: str) -> None:
    """No module swallows every exception: a bug keeps its traceback."""
    handlers = [node for node in ast.walk(MODULES[name]) if isinstance(node, ast.ExceptHandler)]
    caught = {ast.unparse(handler.type) if handler.type else "everything" for handler in handlers}
    assert caught & {"everything", "Exception", "BaseException"} == set()


def test_public_names_are_documented() -> None:
    """Every public name has a docstring, and `__all__` is sorted."""
    assert sorted(calfeed.__all__) == calfeed.__all__
    assert all(getattr(calfeed, name).__doc__ for name in calfeed.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_public_functions_are_documented(name: str) -> None:
    """Every module and every public class and function in it has a docstring."""
    tree = MODULES[name]
    assert ast.get_docstring(tree)
    kinds = (ast.FunctionDef, ast.ClassDef)
    public = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def _show() -> Iterator[str]:
    """Yield the imports between rooms as lines of text, for `python tests/test_architecture.py`."""
    pairs = arrows()
    yield f"{len(MODULES)} modules in {len(ROOMS)} rooms, {len(pairs)} arrows"
    for room in ROOMS:
        yield f"{room} -> {', '.join(known for known in ROOMS if (room, known) in pairs) or 'nothing'}"


if __name__ == "__main__":
    print("\n".join(_show()))  # noqa: T201
