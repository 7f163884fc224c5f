"""The rules of the house that a machine can check: which room imports which, and where a library may be used.

A room is a package of `calfeed`, or a module that stands by itself. What each is for is in docs/architecture.md.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import calfeed

PACKAGE = Path(calfeed.__file__).parent
# A room imports only from those before it.
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
# What a room may not know although it stands below.
STRANGERS = {
    "site": {"source", "output"},
    "formats": {"source", "output"},
    "publish": {"resolve"},
    "doctor": {"resolve"},
}
# What builds remember is nobody else's business.
REMEMBERING = {"resolve", "pipeline"}
# Each library has its home, a room or a module; nobody else sees it.
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
# Below the command line there is no clock, no environment, no randomness, no stream.
FORBIDDEN = {"time", "random", "secrets", "uuid", "locale", "sys", "subprocess", "socket", "urllib.request", "tempfile"}
# The one module that goes out on the network hangs up on a host that is too slow; the server is handed a socket that
# listens; the cache asks for the version of Python.
ALLOWED = {"preview.server": {"socket"}, "fetch.http": {"socket"}, "cache.versions": {"sys"}}


def room_of(module: str) -> str:
    """Return the room that a module is, or is in: `zones` for `zones.tzdb`."""
    return module.partition(".")[0]


def modules() -> dict[str, ast.Module]:
    """Return the modules of all rooms by name, parsed; the doors (`__init__`, `__main__`) aside."""
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
    """Return which room imports from which other one."""
    return {
        (room_of(module), room_of(imported))
        for module in MODULES
        for imported in own_imports(module)
        if room_of(module) != room_of(imported)
    }


def test_every_room_has_its_place() -> None:
    """The order names every room, and no other."""
    assert set(ROOMS) == {room_of(module) for module in MODULES}


def test_imports_go_one_way() -> None:
    """A room imports only from rooms before it, and from no stranger."""
    order = {room: place for place, room in enumerate(ROOMS)}
    assert [arrow for arrow in arrows() if order[arrow[1]] > order[arrow[0]]] == []
    assert [(room, known) for room, known in arrows() if known in STRANGERS.get(room, ())] == []
    assert {room for room, known in arrows() if known == "cache"} == REMEMBERING


def test_no_circles_within_a_room() -> None:
    """The modules of a room import one another in one direction, too."""
    inside = {
        module: {imported for imported in own_imports(module) if room_of(imported) == room_of(module)}
        for module in MODULES
    }
    assert set(TopologicalSorter(inside).static_order()) == set(MODULES)  # raises CycleError at a circle


def test_rooms_are_few_and_small() -> None:
    """A stranger finds a room at a glance, and in it the module: packages say what they are for, and nothing else."""
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


def homes(library: str, module: str) -> bool:
    """Return whether a module is a home of a library, or in one."""
    return any(f"{module}.".startswith(f"{home}.") for home in HOMES[library])


@pytest.mark.parametrize("name", MODULES)
def test_libraries_stay_at_home(name: str) -> None:
    """A third-party library is imported in its own rooms only."""
    used = {full.split(".")[0] for full in imports(MODULES[name])}
    assert {library for library in used & set(HOMES) if not homes(library, name)} == set()


@pytest.mark.parametrize("name", [name for name in MODULES if room_of(name) != "cli"])
def test_no_world_below_the_command_line(name: str) -> None:
    """Clock, environment, randomness and streams are the command line's business."""
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
    """Every public name has a docstring, and `__all__` is sorted and complete."""
    assert sorted(calfeed.__all__) == calfeed.__all__
    assert all(getattr(calfeed, name).__doc__ for name in calfeed.__all__)


@pytest.mark.parametrize("name", MODULES)
def test_public_functions_are_documented(name: str) -> None:
    """Every module, and every public class and function in it, has a docstring."""
    tree = MODULES[name]
    assert ast.get_docstring(tree)
    kinds = (ast.FunctionDef, ast.ClassDef)
    public = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def _show() -> Iterator[str]:
    """Yield the arrows between rooms as lines: `python tests/test_architecture.py` counts them."""
    pairs = arrows()
    yield f"{len(MODULES)} modules in {len(ROOMS)} rooms, {len(pairs)} arrows"
    for room in ROOMS:
        yield f"{room} -> {', '.join(known for known in ROOMS if (room, known) in pairs) or 'nothing'}"


if __name__ == "__main__":
    print("\n".join(_show()))  # noqa: T201
