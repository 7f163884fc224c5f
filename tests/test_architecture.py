"""The rules of the house that a machine can check: who imports whom, and where a library may be used.

A module of the site is named as it is imported: `site.pages`.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import calfeed

PACKAGE = Path(calfeed.__file__).parent
# A module imports only from those before it.
ORDER = (
    "jsonsize",
    "memorylimit",
    "errors",
    "folder",
    "versions",
    "state",
    "snapshot",
    "colors",
    "contrast",
    "texts",
    "webaddresses",
    "suggestions",
    "rewrites",
    "notation",
    "countries",
    "zones",
    "rules",
    "domains",
    "urls",
    "markdown",
    "references",
    "shapes",
    "fields",
    "lookalikes",
    "outputpaths",
    "buildjournal",
    "syntax",
    "source",
    "model",
    "values",
    "schema",
    "entries",
    "prose",
    "theme",
    "reading",
    "defaults",
    "localtime",
    "oldtables",
    "observances",
    "zoning",
    "recurrence",
    "series",
    "outlook",
    "patterns",
    "pieces",
    "plans",
    "placement",
    "agenda",
    "notes",
    "overrides",
    "events",
    "feeds",
    "site.engine",
    "pictures.limits",
    "pictures.exif",
    "pictures.png",
    "pictures.jpeg",
    "pictures.gif",
    "pictures.webp",
    "pictures.avif",
    "pictures.svg",
    "pictures.kinds",
    "pictures.names",
    "look",
    "memory",
    "workers",
    "eventfiles",
    "project",
    "content",
    "endings",
    "revisions",
    "vanished",
    "holders",
    "changes",
    "law",
    "ledger",
    "reused",
    "addresses",
    "edition",
    "difference",
    "history",
    "wire",
    "vtimezone",
    "until",
    "ics",
    "links",
    "site.words",
    "site.dates",
    "site.times",
    "site.jsonld",
    "site.series",
    "site.views",
    "site.months",
    "site.qr",
    "site.statics",
    "site.hosting",
    "site.page",
    "site.pages",
    "manifest",
    "output",
    "pipeline",
    "media",
    "targets",
    "stores",
    "publishguards",
    "publishjournal",
    "release",
    "freshness",
    "publishing",
    "fetching",
    "baseline",
    "findings",
    "exchange",
    "promises",
    "published",
    "doctor",
    "report",
    "eventreport",
    "diffreport",
    "authoring",
    "injection",
    "preview",
    "serving",
    "cli",
)
# Each library has its rooms; nobody else sees it.
HOMES = {
    "yaml": {"source"},
    "pydantic": {"values", "schema", "entries"},
    "pydantic_core": {"values", "entries"},
    "pytz": {"zones"},
    "zoneinfo": {"zones"},
    "tzfpy": {"zones"},
    "icalendar": {"ics", "vtimezone", "wire", "published"},
    "dateutil": {"published"},
    "markdown_it": {"markdown"},
    "jinja2": {"site.engine"},
    "markupsafe": {"site.engine"},
    "babel": {"site.dates"},
    "segno": {"site.qr"},
    "filelock": {"output"},
    "idna": {"domains"},
    "click": {"cli"},
    "fsspec": {"stores"},
    "paramiko": {"stores"},
    "starlette": {"serving"},
    "uvicorn": {"serving"},
    "watchfiles": {"serving"},
}
# Below the command line there is no clock, no environment, no randomness, no stream.
FORBIDDEN = {"time", "random", "secrets", "uuid", "locale", "sys", "subprocess", "socket", "urllib.request", "tempfile"}
# But for the type of the listening socket, which the command line opens, for the one module that goes out on the
# network: it needs the socket to hang up on a host that is too slow, and for the version of Python.
ALLOWED = {"serving": {"socket"}, "fetching": {"socket"}, "versions": {"sys"}}


def modules() -> dict[str, ast.Module]:
    """Return the package's modules by name, parsed, the doors (`__init__`, `__main__`) aside."""
    paths = [path for path in PACKAGE.rglob("*.py") if not path.stem.startswith("__")]
    return {
        ".".join(path.relative_to(PACKAGE).with_suffix("").parts): ast.parse(path.read_text("utf-8")) for path in paths
    }


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


def module_of(full: str) -> str | None:
    """Return which module of the package an imported name is, or is in; None for a package and for what is not ours."""
    name = full.removeprefix("calfeed.")
    return max((module for module in ORDER if f"{name}.".startswith(f"{module}.")), key=len, default=None)


def test_every_module_has_its_place() -> None:
    """The order names every module, and no other."""
    assert set(ORDER) == set(modules())


@pytest.mark.parametrize("name", ORDER)
def test_imports_go_one_way(name: str) -> None:
    """A module imports only modules before it."""
    own = {module for full in imports(modules()[name]) if (module := module_of(full)) is not None}
    assert own <= set(ORDER[: ORDER.index(name)])


@pytest.mark.parametrize("name", ORDER)
def test_libraries_stay_at_home(name: str) -> None:
    """A third-party library is imported in its own modules only."""
    used = {full.split(".")[0] for full in imports(modules()[name])}
    assert {library for library in used & set(HOMES) if name not in HOMES[library]} == set()


@pytest.mark.parametrize("name", [name for name in ORDER if name != "cli"])
def test_no_world_below_the_command_line(name: str) -> None:
    """Clock, environment, randomness and streams are the command line's business."""
    tree = modules()[name]
    assert imports(tree) & FORBIDDEN - ALLOWED.get(name, set()) == set()
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert calls & {"print", "input", "datetime.now", "date.today", "os.getenv", "datetime.today"} == set()
    assert "os.environ" not in {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("name", ORDER)
def test_no_bare_except(name: str) -> None:
    """No module swallows every exception: a bug keeps its traceback."""
    handlers = [node for node in ast.walk(modules()[name]) if isinstance(node, ast.ExceptHandler)]
    caught = {ast.unparse(handler.type) if handler.type else "everything" for handler in handlers}
    assert caught & {"everything", "Exception", "BaseException"} == set()


def test_public_names_are_documented() -> None:
    """Every public name has a docstring, and `__all__` is sorted and complete."""
    assert sorted(calfeed.__all__) == calfeed.__all__
    assert all(getattr(calfeed, name).__doc__ for name in calfeed.__all__)


@pytest.mark.parametrize("name", ORDER)
def test_public_functions_are_documented(name: str) -> None:
    """Every module, and every public class and function in it, has a docstring."""
    tree = modules()[name]
    assert ast.get_docstring(tree)
    kinds = (ast.FunctionDef, ast.ClassDef)
    public = [node for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")]
    assert [node.name for node in public if not ast.get_docstring(node)] == []
