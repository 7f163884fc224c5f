"""calfeed: turn YAML events with local times and venues into iCalendar feeds that are right in every time zone.

The command line uses these names, too. Each is imported on first use, so importing the package itself is cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calfeed.artifact import Artifact
    from calfeed.diagnostics.problem import (
        CalfeedError,
        OutputError,
        Problem,
        PromiseError,
        SourceError,
        UnfinishedError,
    )
    from calfeed.editions.consent import Consent
    from calfeed.editions.diff import Difference, diff
    from calfeed.editions.manifest import Manifest
    from calfeed.fetch.baseline import load_baseline
    from calfeed.model import Event, Project
    from calfeed.pipeline.build import BuildResult, build
    from calfeed.pipeline.options import Options
    from calfeed.pipeline.render import render
    from calfeed.resolve.load import load
    from calfeed.series.agenda import occurrences

_HOMES = {
    "Artifact": "artifact",
    "BuildResult": "pipeline.build",
    "CalfeedError": "diagnostics.problem",
    "Consent": "editions.consent",
    "Difference": "editions.diff",
    "Event": "model",
    "Manifest": "editions.manifest",
    "Options": "pipeline.options",
    "OutputError": "diagnostics.problem",
    "Problem": "diagnostics.problem",
    "Project": "model",
    "PromiseError": "diagnostics.problem",
    "SourceError": "diagnostics.problem",
    "UnfinishedError": "diagnostics.problem",
    "build": "pipeline.build",
    "diff": "editions.diff",
    "load": "resolve.load",
    "load_baseline": "fetch.baseline",
    "occurrences": "series.agenda",
    "render": "pipeline.render",
}

__all__ = [
    "Artifact",
    "BuildResult",
    "CalfeedError",
    "Consent",
    "Difference",
    "Event",
    "Manifest",
    "Options",
    "OutputError",
    "Problem",
    "Project",
    "PromiseError",
    "SourceError",
    "UnfinishedError",
    "build",
    "diff",
    "load",
    "load_baseline",
    "occurrences",
    "render",
]


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(f"calfeed.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
