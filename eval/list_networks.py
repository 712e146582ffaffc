r"""Lists the networks with their size, cost and published accuracy.

Example:

  python -m eval.list_networks --networks='mobilenet*'
"""

import json
from pathlib import Path

from absl import app, flags

from slimnets import errors
from slimnets.nets import registry
from slimnets.report import networks

NETWORKS = flags.DEFINE_string("networks", "*", "Which to list, a shell wildcard.")

GOLDENS = Path(__file__).parent.parent / "tests" / "goldens"


def table(pattern: str = "*") -> str:
    """Returns the README's table; raises InputError if no name matches."""
    if not registry.list_networks(pattern):
        raise errors.unknown("network", pattern, registry.list_networks())
    goldens = {path.stem: _source(path) for path in GOLDENS.glob("*.json")}
    return networks.markdown_table(pattern, goldens)


def _source(golden: Path) -> str:
    """Returns 'own' for a golden that slimnets recorded of itself, or 'reference'."""
    return "own" if "source" in json.loads(golden.read_text()) else "reference"


@errors.reported
def main(argv: list[str]) -> None:
    """Prints the table."""
    errors.no_arguments(argv)
    print(table(NETWORKS.value))


if __name__ == "__main__":
    app.run(main)
