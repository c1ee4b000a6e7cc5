"""Wrong commands, options and arguments, refused as all bad input is: in one line, with what is allowed.

Here: the framework's refusals in our words. Not here: what a command itself refuses (``console.refuse``).
"""

import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import typer
from pydantic import ValidationError
from typer.core import TyperArgument, TyperGroup, TyperOption

from ppc_pipeline.cli.console import say_error


class OneLineGroup(TyperGroup):
    """The commands: without one of them they are listed, and what is wrong with one is said in one line."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command, and end the process with its exit code."""
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False})
        except typer.TyperException as error:
            say_error(in_one_line(error))
            code = error.exit_code
        sys.exit(code)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command; help is what nothing asks for."""
        return super().parse_args(ctx, args or ["--help"])


def in_one_line(error: typer.TyperException) -> str:
    """Say what is wrong and what is allowed."""
    param = getattr(error, "param", None)
    if isinstance(param, TyperOption | TyperArgument):
        name = _name(param)
        if isinstance(error.__cause__, ValidationError):
            return f"{name}: {_wrong(error.__cause__.errors(include_url=False)[0])}"
        allowed = f": {param.help}" if param.help else ""
        return f"{name} is missing{allowed}"
    said = " ".join(error.format_message().split()).removesuffix(".")
    ctx = getattr(error, "ctx", None)
    return f"{said}; `{ctx.command_path}` takes {', '.join(_takes(ctx))}" if ctx else said


def _wrong(error: Mapping[str, Any]) -> str:
    said = error["msg"].removeprefix("Value error, ").removesuffix(".")
    given = repr(error["input"])
    return said if given in said else f"{said} (it is {given})"


def _takes(ctx: Any) -> list[str]:
    if isinstance(ctx.command, TyperGroup):
        return ctx.command.list_commands(ctx)
    return [_name(param) for param in ctx.command.get_params(ctx)]


def _name(param: Any) -> str:
    return str(param.opts[0] if isinstance(param, TyperOption) else param.name.upper())
