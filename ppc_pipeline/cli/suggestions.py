"""``ppc suggestions``: what is proposed to be changed, and the Excel file that Amazon takes it from."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from ppc_pipeline.cli.console import (
    Bars,
    err,
    fail,
    log_to_terminal,
    one_line_errors,
    out,
    print_json,
    print_table,
    refuse,
)
from ppc_pipeline.cli.options import MOST, AsJson, ProfileIds, known_profiles
from ppc_pipeline.cli.reading import reading
from ppc_pipeline.cli.runs import execute_job, settings_here, tools_of
from ppc_pipeline.warehouse.suggestions import KINDS, Suggestion, Upload, has_suggestions, uploads
from ppc_pipeline.warehouse.suggestions import suggestions as find_suggestions
from ppc_pipeline.wording import amount, counted

_ENDING = ".xlsx"
_HEADER = ("campaign", "what", "now", "suggested", "confidence", "cost, 30 d", "sales, 30 d", "why")


def suggestions(
    profile: ProfileIds = None,
    kind: Annotated[
        list[str] | None, typer.Option(help=f"Only this kind: {', '.join(KINDS)}; may be repeated.")
    ] = None,
    refresh: Annotated[bool, typer.Option("--refresh", help="Make them anew first, for all profiles.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="How many of each kind and profile a table shows.")] = 10,
    bulksheet: Annotated[
        Path | None,
        typer.Option(
            help="Write those that can be carried out for Amazon: FILE.xlsx of one profile, or a directory for several."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the changes that are proposed: bids, search terms, budgets. Nothing is ever sent to Amazon.

    They are made anew when the last report of a load is in; docs/suggestions.md says how they are worked out.
    """
    log_to_terminal()
    kinds = _kinds(kind or [])
    if bulksheet:
        _refuse_other_files(bulksheet)
    with one_line_errors():
        settings = settings_here()
        profiles = known_profiles(tools_of(settings), profile or [])
        if refresh:
            with Bars(shown=False) as bars:
                if not execute_job(settings, "optimise_job", bars).succeeded:
                    raise typer.Exit(1)
    with reading() as connection:
        if not has_suggestions(connection):
            fail("no suggestions were made in this warehouse yet: `ppc suggestions --refresh` makes them")
        found = find_suggestions(connection, profiles, kinds)
        possible = uploads(connection, profiles, kinds) if bulksheet else []
    if bulksheet:
        _write(bulksheet, possible, len(found), as_json=as_json)
    elif as_json:
        print_json([asdict(one) for one in found])
    else:
        _show(found, limit, refreshed=refresh)


def _refuse_other_files(path: Path) -> None:
    if path.suffix.lower() not in ("", _ENDING) and not path.is_dir():
        refuse(f"--bulksheet {path}: a bulksheet is an Excel file: name it {path.with_suffix(_ENDING).name}")


def _kinds(names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in KINDS:
            refuse(f"--kind: unknown kind {name!r}; known are {', '.join(KINDS)}")
    return tuple(names)


def _show(found: Sequence[Suggestion], limit: int, *, refreshed: bool) -> None:
    if not found:
        out.print("Nothing is suggested." + ("" if refreshed else " `ppc suggestions --refresh` works it out anew."))
        return
    of_each: dict[tuple[int, str], list[Suggestion]] = {}
    for one in found:
        of_each.setdefault((one.profile_id, one.kind), []).append(one)
    for (profile_id, kind), some in of_each.items():
        rows = [
            (
                *(one.campaign_name, one.subject, _amount(one, one.current_value), _amount(one, one.suggested_value)),
                f"{one.confidence:.2f}",
                *(_amount(one, one.expected_cost_change), _amount(one, one.expected_sales_change)),
                one.reason,
            )
            for one in some[:limit]
        ]
        title = f"{kind}: {KINDS[kind]}; profile {profile_id}, {len(some)} in {some[0].currency_code}"
        print_table(title, _HEADER, rows)
    out.print("Nothing of this is sent to Amazon: --bulksheet FILE.xlsx writes what you can upload yourself.")


def _amount(one: Suggestion, value: Decimal | None) -> str | None:
    return None if value is None else amount(value, one.currency_code)


def _write(path: Path, possible: Sequence[Upload], suggested: int, *, as_json: bool) -> None:
    from ppc_pipeline.bulksheets import write_bulksheet  # Excel takes a fifth of a second, of every command

    if not suggested:
        refuse("nothing of what was asked for is suggested: there is nothing to write")
    if not possible:
        refuse("nothing that is suggested can be carried out: there is nothing to write")
    files = _files(path, possible)
    try:
        if path not in files:
            path.mkdir(exist_ok=True)
        for file, some in files.items():
            write_bulksheet(file, some)
    except OSError as error:
        refuse(f"--bulksheet {path}: {error.strerror}")
    if as_json:
        print_json(
            [
                {"path": file, "profile_id": some[0].suggestion.profile_id, "changes": len(some)}
                for file, some in files.items()
            ]
        )
    else:
        for file, some in files.items():
            said = f"{file}: {counted(len(some), 'change')} of profile {some[0].suggestion.profile_id}"
            out.print(said, markup=False, soft_wrap=True)
    if left_out := suggested - len(possible):
        err.print(
            f"{counted(left_out, 'suggestion')} left out: the campaign or keyword has changed, "
            "or an upload has no place for it",
            style="yellow",
        )


def _files(path: Path, possible: Sequence[Upload]) -> dict[Path, list[Upload]]:
    """Say what is to stand in which file: an upload is of one advertiser."""
    of_each: dict[int, list[Upload]] = {}
    for upload in possible:
        of_each.setdefault(upload.suggestion.profile_id, []).append(upload)
    if path.suffix.lower() != _ENDING or path.is_dir():
        return {path / f"{profile_id}{_ENDING}": some for profile_id, some in of_each.items()}
    if len(of_each) > 1:
        named = ", ".join(str(profile_id) for profile_id in of_each)
        refuse(
            f"--bulksheet {path}: an upload is of one advertiser, and these are of profiles {named}: "
            "name one with --profile, or give a directory"
        )
    return {path: [*possible]}
