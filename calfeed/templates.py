"""Render templates to pages; no other module uses jinja2. Problems in a template have its file and line.

A custom template replaces the built-in one with the same name, and can extend it as `calfeed/<name>`. It runs
in a sandbox with limited memory, because anyone who can propose an event can propose a template.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from types import TracebackType
from typing import Any, TypeAlias

import jinja2
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from calfeed.diagnostics.problem import Mark, Problem, SourceError, line_mark, problem_at
from calfeed.diagnostics.spelling import did_you_mean
from calfeed.limits.memory import limited_memory
from calfeed.model import Template
from calfeed.text.characters import encode_harmless

Html: TypeAlias = str
"""Text that is already HTML and is not escaped again."""

_PREFIX = "calfeed"
_HINT = "templates are written in Jinja: https://jinja.palletsprojects.com/templates/"
# The errors that rendering a template can cause: those of jinja2, and others.
_MISTAKES = (
    *(jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
    RecursionError,  # a template that extends itself
    MemoryError,
)
MAX_MEMORY = 500_000_000
"""How many bytes of memory custom templates may use to render one page."""
MAX_PAGE = 20_000_000
"""The maximum size of such a page, in bytes."""
_MAX_LENGTH = 10_000_000  # of the result of an operator
_MAX_BITS = 10_000  # of a number
_WIDE = re.compile(r"%[^a-zA-Z%]*(?:[0-9]{5}|\*)")
"""A field width in the text before `%` that is too large for a column, or that comes from a value."""


def as_html(text: str) -> Html:
    """Mark a text as HTML."""
    return Markup(text)  # noqa: S704 - from our own code or the Markdown renderer


def template_problems(templates: Sequence[Template]) -> Iterator[Problem]:
    """Yield the problems that templates have before rendering: invalid syntax, and names that no page uses."""
    environment = _environment(templates)
    known = sorted(_shipped().list_templates())
    for template in templates:
        try:
            # Jinja evaluates constant expressions before a page is rendered.
            with _bounded(templates):
                environment.parse(template.text, filename=template.path)
                environment.get_template(template.name)
        except jinja2.TemplateSyntaxError as cause:
            yield _problem(template, cause.lineno, cause.message or "it cannot be read", cause.name)
        except MemoryError as cause:
            yield _problem(template, 1, _message(cause), None)
        if template.name not in known and not template.name.startswith("_"):
            otherwise = f"the templates are {', '.join(known)}; names of your own begin with `_`"
            hint = did_you_mean(template.name, known, otherwise)
            message = f"there is no template `{template.name}` to replace"
            yield problem_at(Mark(path=template.path), "unknown-template", message, hint)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, in which no operator can turn something small into something enormous."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return the result of an operator on two values.

        Raises:
            SecurityError: it would be too large.
        """
        if _size_of(operator, left, right) > _MAX_LENGTH:
            raise SecurityError(f"the result of `{operator}` is too large here")
        return super().call_binop(context, operator, left, right)


def _size_of(operator: str, left: object, right: object) -> int:
    """Return how large a result would be; for numbers, either 0 or a size that is too large."""
    if isinstance(left, int) and isinstance(right, int):
        bits = {"*": left.bit_length() + right.bit_length(), "**": left.bit_length() * max(right, 0)}.get(operator, 0)
        return 0 if bits <= _MAX_BITS else _MAX_LENGTH + 1
    lengths = [len(value) for value in (left, right) if isinstance(value, str | bytes | list | tuple)]
    if operator == "*":
        counts = [value for value in (left, right) if isinstance(value, int)]
        return lengths[0] * counts[0] if lengths and counts else 0
    if operator == "%" and isinstance(left, str) and _WIDE.search(left):
        return _MAX_LENGTH + 1
    return sum(lengths) if operator == "+" else 0


class Engine:
    """Renders templates; custom ones take precedence."""

    def __init__(self, templates: Sequence[Template]) -> None:
        self._own = {template.path: template for template in templates}
        self._environment = _environment(templates)

    def render(self, name: str, values: Mapping[str, object]) -> bytes:
        """Return a page.

        Raises:
            SourceError: a custom template fails, or the page is too large.
        """
        try:
            with _bounded(self._own):
                page = encode_harmless(f"{self._environment.get_template(name).render(values).rstrip()}\n")
        except _MISTAKES as cause:
            place = self._place(cause.__traceback__)
            if place is None and isinstance(cause, MemoryError):
                place = self._nearest(name)
            if place is None:
                raise
            raise SourceError([_problem(*place, _message(cause), None)]) from cause
        place = self._nearest(name)
        if place is not None and len(page) > MAX_PAGE:
            raise SourceError([_problem(*place, f"a page has {len(page):,} bytes; the limit is {MAX_PAGE:,}", None)])
        return page

    def _nearest(self, name: str) -> tuple[Template, int] | None:
        """Return the custom template of this name, else any other, with line 1; None without custom templates."""
        templates = sorted(self._own.values(), key=lambda template: (template.name != name, template.name))
        return (templates[0], 1) if templates else None

    def _place(self, traceback: TracebackType | None) -> tuple[Template, int] | None:
        """Return the custom template in which an error arose, and the line; None if it arose elsewhere."""
        place = None
        while traceback is not None:
            template = self._own.get(traceback.tb_frame.f_code.co_filename)
            if template is not None:
                place = template, traceback.tb_lineno
            traceback = traceback.tb_next
        return place


def _environment(templates: Sequence[Template]) -> jinja2.Environment:
    own = {template.name: template for template in templates}

    def load(name: str) -> tuple[str, str, None] | None:
        return (own[name].text, own[name].path, None) if name in own else None

    loader = jinja2.ChoiceLoader([jinja2.FunctionLoader(load), _shipped(), jinja2.PrefixLoader({_PREFIX: _shipped()})])
    kind = _Sandbox if templates else jinja2.Environment
    # Templates do not change during a build, so their files need not be checked for each page.
    environment = kind(
        loader=loader,
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    # The same sources must give the same bytes.
    del environment.filters["random"], environment.globals["lipsum"]
    return environment


def _bounded(own: object) -> AbstractContextManager[None]:
    """Return a memory limit if the calendar has custom templates, else no limit."""
    return limited_memory(MAX_MEMORY) if own else nullcontext()


def _message(cause: BaseException) -> str:
    return f"it uses more than {MAX_MEMORY:,} bytes of memory" if isinstance(cause, MemoryError) else str(cause)


@cache
def _shipped() -> jinja2.PackageLoader:
    return jinja2.PackageLoader("calfeed.site")


def _problem(template: Template, line: int, message: str, included: str | None) -> Problem:
    lines = template.text.split("\n")
    where = f" ({included})" if included not in (None, template.name) else ""
    cause = message[:1].lower() + message[1:].rstrip(".")
    return problem_at(
        line_mark(template.path, lines, line, 1), "bad-template", f"the template fails: {cause}{where}", _HINT
    )
