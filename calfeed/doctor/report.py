"""Findings at a published calendar as text: for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from calfeed.diagnostics.problem import list_some
from calfeed.diagnostics.report import format_json, plural, shown
from calfeed.doctor.findings import Finding, Level


def format_findings(findings: Sequence[Finding]) -> str:
    """Return findings for people, one line each; what to do is on the line below."""
    lines = []
    for finding in findings:
        most = 1 if finding.level is Level.OK else 3
        where = f": {list_some(finding.where, most)}" if finding.where else ""
        lines.append(f"{finding.level:<9}{finding.check:<14}{finding.message}{where}")
        if finding.mend:
            lines.append(f"{'':<9}to fix it: {finding.mend}")
    return "".join(f"{shown(line)}\n" for line in lines)


def format_findings_json(findings: Sequence[Finding]) -> str:
    """Return findings as a JSON list of `{level, check, message, where, mend}`."""
    return format_json([asdict(finding) for finding in findings])


def summarize_findings(findings: Sequence[Finding]) -> str:
    """Return how many faults and warnings there are, in words."""
    levels = [finding.level for finding in findings]
    parts = [plural(levels.count(level), level.value) for level in (Level.FAULT, Level.WARNING) if level in levels]
    return " and ".join(parts) or "nothing is wrong"
