"""Runs the `run` steps of workflows in bash as a runner would; the test provides what `uses:` names."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")
# A stand-in for GitHub's `gh api` on comments, which it keeps in a file. It needs jq.
_GH = r"""#!/usr/bin/env python3
import json, os, pathlib, subprocess, sys

options = sys.argv[2:]
store = pathlib.Path(os.environ["GH_COMMENTS"])
comments = json.loads(store.read_text()) if store.exists() else []
method = options[options.index("--method") + 1] if "--method" in options else "GET"
path = next(option for option in options if option.startswith("repos/"))
assert sys.argv[1] == "api" and os.environ["GH_TOKEN"], sys.argv
if method == "GET":
    query = options[options.index("--jq") + 1]
    sys.exit(subprocess.run(["jq", "-r", query], input=json.dumps(comments), text=True).returncode)
field = options[options.index("--field") + 1]
assert field.startswith("body=@"), field
body = pathlib.Path(field.removeprefix("body=@")).read_text()
if method == "POST":
    assert path == "repos/museum/calendar/issues/7/comments", path
    comments.append({"id": len(comments) + 100, "user": {"login": "github-actions[bot]"}, "body": body})
else:
    (comment,) = [item for item in comments if path == f"repos/museum/calendar/issues/comments/{item['id']}"]
    comment["body"] = body
store.write_text(json.dumps(comments))
"""


# calfeed is already installed, so this pip only records what it was asked to install.
_PIP = """#!/bin/sh
test "$1" = install && echo "$2" >>"$PIP_NOTES"
"""


@dataclass
class Runner:
    """A machine that runs steps: a folder for its files, and the values of expressions and variables."""

    folder: Path
    expressions: Mapping[str, str]
    environment: Mapping[str, str]
    outputs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        programs = self.folder / "bin"
        programs.mkdir(exist_ok=True)
        for name, text in {"gh": _GH, "pip": _PIP}.items():
            (programs / name).write_text(text, encoding="utf-8")
            (programs / name).chmod(stat.S_IRWXU)
        self._path = f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}"

    @property
    def installed(self) -> list[str]:
        """What the steps asked pip to install."""
        return (self.folder / "pip").read_text("utf-8").splitlines()

    @property
    def summary(self) -> str:
        """What the steps wrote to the summary of the run."""
        path = self.folder / "summary"
        return path.read_text("utf-8") if path.exists() else ""

    def run_job(self, workflow: Mapping[str, Any], name: str, workspace: Path, uses: Callable[[str], None]) -> str:
        """Run the steps of a job until one fails, and return what they printed.

        Raises:
            subprocess.CalledProcessError: a step failed; the output is everything printed so far.
        """
        job = workflow["jobs"][name]
        variables = {**workflow.get("env", {}), **job.get("env", {})}
        return self.run_steps(job["steps"], workspace, variables, uses)

    def run_steps(
        self, steps: list[dict[str, Any]], workspace: Path, variables: Mapping[str, str], uses: Callable[[str], None]
    ) -> str:
        """Run steps, for example those of a composite action."""
        printed = ""
        for step in steps:
            if "uses" in step:
                uses(step["uses"])
                continue
            values = {name: self._value(text) for name, text in {**variables, **step.get("env", {})}.items()}
            printed += self._bash(step, workspace, values, printed)
            self._read_outputs(step)
        return printed

    def bash(self, script: str, workspace: Path, values: Mapping[str, str], *options: str) -> str:
        """Run a script and return what it printed.

        Raises:
            subprocess.CalledProcessError: the script failed.
        """
        known = {"PATH": self._path, "HOME": str(self.folder), "LC_ALL": "C.UTF-8", **self.environment, **values}
        named = {"GITHUB_OUTPUT": "output", "GITHUB_STEP_SUMMARY": "summary", "PIP_NOTES": "pip"}
        files = {variable: str(self.folder / name) for variable, name in named.items()}
        command = ["bash", "-e", *options, "-c", script]
        done = subprocess.run(
            command,
            cwd=workspace,
            env={**known, **files},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise subprocess.CalledProcessError(done.returncode, script, done.stdout)
        return done.stdout

    def _bash(self, step: Mapping[str, Any], workspace: Path, values: Mapping[str, str], printed: str) -> str:
        assert "${{" not in step["run"], "an expression in a script lets whoever chooses its value inject code"
        # GitHub adds pipefail if the step has `shell: bash`.
        options = ("-o", "pipefail") if "shell" in step else ()
        try:
            return self.bash(step["run"], workspace, values, *options)
        except subprocess.CalledProcessError as cause:
            raise subprocess.CalledProcessError(cause.returncode, cause.cmd, printed + cause.output) from None

    def _read_outputs(self, step: Mapping[str, Any]) -> None:
        path = self.folder / "output"
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                name, _, value = line.partition("=")
                self.outputs[f"steps.{step['id']}.outputs.{name}"] = value
            path.unlink()

    def _value(self, text: str) -> str:
        known = {**self.expressions, **self.outputs}
        return _EXPRESSION.sub(lambda match: known[match[1]], text)


def read_workflow(path: Path) -> dict[str, Any]:
    """Return a workflow in which every value is a text, a list or a mapping."""
    loaded: dict[str, Any] = yaml.load(path.read_text("utf-8"), Loader=yaml.BaseLoader)  # noqa: S506 - only texts
    return loaded
