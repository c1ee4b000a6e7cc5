"""The walls of the house: which part may import which. Read from the sources, nothing is run."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import ppc_pipeline

ROOT = Path(ppc_pipeline.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))

# A part of the house -> what of the house it may import, apart from itself.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "progress": (),
    "wording": (),
    "amazon_ads": (),
    "warehouse": ("wording",),
    "sandbox": ("amazon_ads.report_types", "amazon_ads.ad_products", "amazon_ads.fields"),
    "profile_filter": ("amazon_ads",),
    "settings": ("amazon_ads", "profile_filter"),
    "reports": ("amazon_ads", "warehouse", "progress"),
    "entities": ("amazon_ads", "warehouse", "progress", "profile_filter", "settings", "reports"),
    "authorisations": ("settings", "reports"),
    "clients": ("amazon_ads", "sandbox", "settings", "reports"),
    "pipeline": ("amazon_ads", "warehouse", "progress", "settings", "reports", "entities", "clients"),
    "rebuild": ("amazon_ads", "warehouse", "progress", "reports", "pipeline"),
    "cleanup": ("reports", "pipeline", "wording"),
    "weekly": ("amazon_ads.report_types", "warehouse", "reports", "pipeline", "wording"),
    "bulksheets": ("warehouse",),
    "notebook": ("warehouse", "settings", "reports"),
    "defs": (
        *("amazon_ads", "warehouse", "progress", "settings", "reports", "entities", "clients", "pipeline"),
        *("authorisations", "rebuild", "cleanup", "weekly", "wording"),
    ),
    "definitions": ("amazon_ads", "progress", "settings", "defs"),
    "cli": (
        *("amazon_ads", "warehouse", "progress", "settings", "reports", "entities", "clients", "pipeline"),
        *("authorisations", "rebuild", "cleanup", "weekly", "bulksheets", "sandbox", "defs", "definitions", "wording"),
    ),
}

# A part of the house -> what from outside it may not know.
MAY_NOT_KNOW: dict[str, tuple[str, ...]] = {
    "progress": ("dagster", "duckdb", "sqlalchemy", "httpx", "typer"),
    "wording": ("dagster", "dagster_duckdb", "duckdb", "sqlalchemy", "httpx", "typer", "rich"),
    "amazon_ads": ("dagster", "dagster_duckdb", "duckdb", "sqlalchemy", "pandas", "typer", "rich"),
    "warehouse": ("dagster", "dagster_duckdb", "httpx", "sqlalchemy", "typer", "rich"),
    "sandbox": ("dagster", "dagster_duckdb", "duckdb", "sqlalchemy", "httpx", "typer", "rich"),
    "profile_filter": ("dagster", "duckdb", "sqlalchemy", "httpx"),
    "settings": ("dagster", "duckdb", "sqlalchemy", "httpx"),
    "reports": ("dagster", "dagster_duckdb", "httpx", "typer", "rich"),
    "entities": ("dagster", "dagster_duckdb", "httpx", "sqlalchemy", "typer", "rich"),
    "authorisations": ("dagster", "dagster_duckdb", "duckdb", "sqlalchemy", "httpx", "typer", "rich"),
    "clients": ("dagster", "dagster_duckdb", "duckdb", "typer", "rich"),
    "pipeline": ("dagster", "dagster_duckdb", "httpx", "typer", "rich"),
    "rebuild": ("dagster", "dagster_duckdb", "duckdb", "sqlalchemy", "httpx", "typer", "rich"),
    "cleanup": ("dagster", "dagster_duckdb", "duckdb", "sqlalchemy", "httpx", "typer", "rich"),
    "weekly": ("dagster", "dagster_duckdb", "sqlalchemy", "httpx", "typer", "rich"),
    "bulksheets": ("dagster", "dagster_duckdb", "duckdb", "sqlalchemy", "httpx", "typer", "rich"),
    "notebook": ("dagster", "dagster_duckdb", "duckdb", "sqlalchemy", "httpx", "typer", "rich"),
    "defs": ("httpx", "sqlalchemy", "typer", "rich"),
    "definitions": ("httpx", "sqlalchemy", "duckdb", "typer", "rich"),
    "cli": ("httpx",),
}

READS_THE_ENVIRONMENT = {"settings.py", "cli/home.py", "cli/runs.py", "cli/demo.py", "warehouse/connection.py"}
"""Settings are read in one place; commands hand some on to what they start, and the lake to libpq."""


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (line, full dotted name) of everything a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{named(path)}:{node.lineno} imports relatively: walls need whole names"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def lies_in(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def broken_walls(path: Path) -> list[str]:
    """Name each import of a module that breaks a wall."""
    part = part_of(path)
    within = tuple(f"ppc_pipeline.{other}" for other in (part, *MAY_IMPORT[part]))
    return [
        f"{named(path)}:{line} imports {name}: `{part}` may not know it"
        for line, name in imports_of(path)
        if (name.startswith("ppc_pipeline.") and not lies_in(name, within)) or lies_in(name, MAY_NOT_KNOW[part])
    ]


def test_every_part_of_the_house_has_its_walls():
    parts = {part_of(path) for path in MODULES} - {"__init__"}
    assert parts == set(MAY_IMPORT) == set(MAY_NOT_KNOW)


def test_imports_run_one_way():
    broken = [wall for path in MODULES if part_of(path) != "__init__" for wall in broken_walls(path)]
    assert not broken, "\n".join(broken)


def test_a_part_never_imports_one_that_imports_it():
    for part, others in MAY_IMPORT.items():
        for other in others:
            assert part not in MAY_IMPORT[other.split(".")[0]], f"`{part}` and `{other}` may import each other"


@pytest.mark.parametrize(
    ("module", "line", "why"),
    [
        ("reports/loader.py", "import dagster as dg", "`reports` may not know it"),
        ("reports/loader.py", "from ppc_pipeline.defs import jobs", "`reports` may not know it"),
        ("warehouse/tables.py", "from httpx import get", "`warehouse` may not know it"),
        ("sandbox/app.py", "from ppc_pipeline.amazon_ads.client import AmazonAdsClient", "`sandbox` may not know it"),
        ("sandbox/app.py", "def f():\n    from ppc_pipeline.amazon_ads import client", "`sandbox` may not know it"),
        ("amazon_ads/auth.py", "import ppc_pipeline.warehouse.tables", "`amazon_ads` may not know it"),
    ],
)
def test_a_broken_wall_is_named(tmp_path, monkeypatch, module, line, why):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    path = tmp_path / module
    path.parent.mkdir()
    path.write_text(line)
    (wall,) = broken_walls(path)
    assert wall.startswith(module)
    assert wall.endswith(why)


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_every_module_says_what_it_is_for(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_the_environment_is_read_in_one_place():
    readers = {named(path) for path in MODULES if _touches_the_environment(path)}
    assert readers == READS_THE_ENVIRONMENT


def _touches_the_environment(path: Path) -> bool:
    names = {"environ", "getenv", "environb", "putenv"}
    return any(
        (isinstance(node, ast.Attribute) and node.attr in names) or (isinstance(node, ast.alias) and node.name in names)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    )
