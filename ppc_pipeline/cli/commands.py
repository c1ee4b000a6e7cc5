"""The commands, put together: each is a module of its own.

Bad input is one clear line and exit code 2.
"""

import typer

from ppc_pipeline.cli.activity import activity
from ppc_pipeline.cli.backfill import backfill
from ppc_pipeline.cli.clean_up import clean_up
from ppc_pipeline.cli.demo import demo
from ppc_pipeline.cli.dev import dev
from ppc_pipeline.cli.doctor import doctor
from ppc_pipeline.cli.query import query
from ppc_pipeline.cli.rebuild import rebuild
from ppc_pipeline.cli.refusals import OneLineCommand, OneLineGroup
from ppc_pipeline.cli.rejected import rejected
from ppc_pipeline.cli.report import report
from ppc_pipeline.cli.sandbox import sandbox
from ppc_pipeline.cli.status import status
from ppc_pipeline.cli.suggestions import suggestions
from ppc_pipeline.cli.sync import sync
from ppc_pipeline.cli.top import top

app = typer.Typer(
    name="ppc",
    help="Own your Amazon Ads data: bring it in, keep it right, look at it.",
    cls=OneLineGroup,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    *(demo, sync, backfill, query, top, suggestions, report, status, activity, rejected, rebuild, clean_up, doctor),
    *(sandbox, dev),
):
    app.command(cls=OneLineCommand)(command)
