"""Templates to pages: the only place that knows jinja2. What is wrong with a template has its file and line.

A template of the calendar's own comes before the one of the same name here, which it can extend as `calfeed/<name>`.
It runs in a sandbox: whoever may propose an event may propose a template.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import TracebackType
from typing import TypeAlias

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from calfeed.errors import Mark, Problem, SourceError, error, line_mark, warning
from calfeed.fields import did_you_mean
from calfeed.model import Template
from calfeed.texts import encode_harmless

Html: TypeAlias = str
"""A text that is HTML already and is not escaped again."""

_PREFIX = "calfeed"
_HINT = "templates are written in Jinja: https://jinja.palletsprojects.com/templates/"
# What a template can do wrong when it is rendered, besides what jinja2 has exceptions for.
_MISTAKES = (
    *(jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
    RecursionError,  # one that extends itself
)


def as_html(text: str) -> Html:
    """Mark a text as HTML."""
    return Markup(text)  # noqa: S704 - of our own making, or of the Markdown renderer's


def template_problems(templates: Sequence[Template]) -> Iterator[Problem]:
    """Yield what can be said against templates before they are used: their syntax, and names that nothing asks for."""
    environment = _environment(templates)
    known = sorted(_shipped().list_templates())
    for template in templates:
        try:
            environment.parse(template.text, filename=template.path)
            environment.get_template(template.name)
        except jinja2.TemplateSyntaxError as cause:
            yield _problem(template, cause.lineno, cause.message or "it cannot be read", cause.name)
        if template.name not in known and not template.name.startswith("_"):
            otherwise = f"the templates are {', '.join(known)}; parts of yours begin with `_`"
            hint = did_you_mean(template.name, known, otherwise)
            message = f"there is no template `{template.name}` to take the place of"
            yield warning(Mark(path=template.path), "unknown-template", message, hint)


class Engine:
    """Renders templates, those of the calendar first."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._own = {template.path: template for template in templates}
        self._environment = _environment(templates)

    def render(self, name: str, values: Mapping[str, object]) -> bytes:
        """Return a page.

        Raises:
            SourceError: a template of the calendar's own fails.
        """
        try:
            return encode_harmless(f"{self._environment.get_template(name).render(values).rstrip()}\n")
        except _MISTAKES as cause:
            found = self._place(cause.__traceback__)
            if found is None:
                raise
            raise SourceError([_problem(*found, str(cause), None)]) from cause

    def _place(self, traceback: TracebackType | None) -> tuple[Template, int] | None:
        """Return the template of the calendar's own in which an error arose, and the line; None if in none."""
        found = None
        while traceback is not None:
            template = self._own.get(traceback.tb_frame.f_code.co_filename)
            if template is not None:
                found = template, traceback.tb_lineno
            traceback = traceback.tb_next
        return found


def _environment(templates: Sequence[Template]) -> jinja2.Environment:
    own = {template.name: template for template in templates}

    def load(name: str) -> tuple[str, str, None] | None:
        return (own[name].text, own[name].path, None) if name in own else None

    loader = jinja2.ChoiceLoader([jinja2.FunctionLoader(load), _shipped(), jinja2.PrefixLoader({_PREFIX: _shipped()})])
    kind = ImmutableSandboxedEnvironment if templates else jinja2.Environment
    # Templates do not change while a site is rendered: their files need not be looked at for each page.
    environment = kind(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # The same sources give the same bytes.
    del environment.filters["random"], environment.globals["lipsum"]
    return environment


@cache
def _shipped() -> jinja2.PackageLoader:
    return jinja2.PackageLoader("calfeed.site")


def _problem(template: Template, line: int, message: str, included: str | None) -> Problem:
    lines = template.text.split("\n")
    where = f" ({included})" if included not in (None, template.name) else ""
    shown = message[:1].lower() + message[1:].rstrip(".")
    return error(line_mark(template.path, lines, line, 1), "bad-template", f"the template fails: {shown}{where}", _HINT)
