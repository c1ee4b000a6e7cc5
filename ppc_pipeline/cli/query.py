"""``ppc query``: the warehouse from the terminal, for reading."""

import sys
from typing import Annotated

import typer

from ppc_pipeline.cli.answers import FormatOption, OutputOption, format_of, show
from ppc_pipeline.cli.console import err, log_to_terminal, refuse
from ppc_pipeline.cli.options import MOST
from ppc_pipeline.cli.reading import reading
from ppc_pipeline.warehouse.asking import QuestionError, ask, unnamed_currencies


def query(
    sql: Annotated[str, typer.Argument(help="One SELECT; - reads it from standard input.", metavar="SQL")],
    wanted: FormatOption = None,
    output: OutputOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=MOST, help="How many rows a table shows at most.")] = 100,
) -> None:
    """Ask the warehouse in SQL: `ppc query "from metrics_by_campaign limit 5"`. Nothing can be written.

    The tables are described in docs/metrics.md and docs/report-types.md; "show tables" lists them.
    """
    log_to_terminal()
    written = format_of(wanted, output)
    with reading() as connection:
        asked = sys.stdin.read() if sql == "-" else sql
        try:
            answer = ask(connection, asked)
            currencies = unnamed_currencies(connection, asked, answer)
        except QuestionError as error:
            refuse(str(error))
        if currencies:
            said = f"there are amounts in {', '.join(currencies)}, and the answer has no currency_code: group by it"
            err.print(said, style="yellow", highlight=False)
        show(answer, written, output, limit=limit)
