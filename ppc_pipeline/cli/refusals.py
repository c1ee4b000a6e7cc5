"""Wrong commands, options and arguments, refused as all bad input is: in one line, with what is allowed.

Here: the framework's refusals in our words. Not here: what a command itself refuses (``console.refuse``).
"""

import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import typer
from pydantic import ValidationError
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

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


class OneLineCommand(TyperCommand):
    """A command: what is wrong with its options is said with those that it takes."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the options and arguments; the framework forgets of some errors which command they are of."""
        try:
            return super().parse_args(ctx, args)
        except typer.TyperException as error:
            ours: Any = error
            ours.ctx = ctx
            raise


def in_one_line(error: typer.TyperException) -> str:
    """Say what is wrong and what is allowed."""
    param = getattr(error, "param", None)
    if isinstance(param, TyperOption | TyperArgument):
        name = _name(param)
        if isinstance(error.__cause__, ValidationError):
            return f"{name}: {_wrong(error.__cause__.errors(include_url=False)[0])}"
        return f"{name} is missing{_allowed(param)}"
    said = " ".join(error.format_message().split()).removesuffix(".")
    ctx = getattr(error, "ctx", None)
    option = _without_value(error, ctx)
    if option:
        return f"{_name(option)} lacks its value{_allowed(option)}"
    return f"{said}; `{ctx.command_path}` takes {', '.join(_takes(ctx))}" if ctx else said


def _wrong(error: Mapping[str, Any]) -> str:
    said = error["msg"].removeprefix("Value error, ").removesuffix(".")
    given = repr(error["input"])
    return said if given in said else f"{said} (it is {given})"


def _without_value(error: typer.TyperException, ctx: Any) -> Any:
    """Return the option that stands there without the value that it takes."""
    given = getattr(error, "option_name", None)
    params = ctx.command.params if ctx else ()
    return next((one for one in params if isinstance(one, TyperOption) and given in one.opts and not one.is_flag), None)


def _allowed(param: Any) -> str:
    """Say after a colon what is allowed, in the words of the help."""
    return f": {param.help[0].lower()}{param.help[1:].removesuffix('.')}" if param.help else ""


def _takes(ctx: Any) -> list[str]:
    if isinstance(ctx.command, TyperGroup):
        return ctx.command.list_commands(ctx)
    return [_name(param) for param in ctx.command.get_params(ctx)]


def _name(param: Any) -> str:
    return str(param.opts[0] if isinstance(param, TyperOption) else param.name.upper())
