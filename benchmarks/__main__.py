"""All benchmarks, one after the other, each in a process of its own: ``python -m benchmarks [--quick]``."""

import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import results
from benchmarks.measure import end_on_sigterm, process, tell

NAMES = ("load", "backfill", "tick", "daily", "entities", "growth")
QUICK = {"load": ("--rows", "20000", "--files", "20", "--repeat", "1")}
"""How a benchmark is told to be quick that does not know ``--quick``."""


def main() -> None:
    """Run them, and write the results; one that fails is named and left out."""
    end_on_sigterm()
    quick = "--quick" in sys.argv
    names = [name for name in NAMES if find_spec(f"benchmarks.{name}")]
    failed = []
    with TemporaryDirectory(prefix="ppc-bench-") as directory:
        for name in names:
            given = QUICK.get(name, ("--quick",)) if quick else ()
            module = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}"]
            with process([*module, "--json", f"{directory}/{name}.json", *given]) as running:
                if running.wait():
                    failed.append(name)
        results.write([Path(directory) / f"{name}.json" for name in names if name not in failed])
    tell(f"written: {results.TARGET}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
