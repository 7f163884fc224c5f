"""The command line: assembles the commands."""

from __future__ import annotations

from typing import Any

import click

from calfeed.cli import build, look, publish, serve, write


class _Commands(click.Group):
    """The commands; text quoted in usage errors is made harmless like all other text."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except click.UsageError as cause:
            from calfeed.diagnostics.report import shown_text  # imported late, because correct usage does not need it

            raise click.UsageError(shown_text(cause.format_message()), cause.ctx) from cause


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="calfeed", prog_name="calfeed")
def main() -> None:
    """Turn events in YAML, with local times and venues, into timezone-correct iCalendar feeds.

    Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 problems found or output out of date, 2 wrong
    usage.
    """


for _command in (
    write.init,
    write.new,
    build.check,
    build.build,
    build.diff,
    look.zones,
    look.list_,
    look.show,
    serve.serve,
    publish.publish,
    publish.doctor,
    look.schema,
    look.explain,
):
    main.add_command(_command)
