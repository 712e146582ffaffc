"""The table of networks, made from the registry."""

from collections.abc import Container

from slimnets.nets import registry
from slimnets.nets.row import Network

HEADER = (
    "| network | image | parameters (M) | multiply-adds (M) | top-1 | top-5 | paper"
    " | goldens |\n|---|---|---|---|---|---|---|---|"
)


def markdown_table(pattern: str = "*", goldens: Container[str] = ()) -> str:
    """Returns a Markdown table, a row for each network.

    Args:
      pattern: shell wildcard of the names to list.
      goldens: names of the networks whose numbers the test suite compares with the
        reference implementation's.
    """
    rows = [
        _row(registry.get_row(name), name in goldens)
        for name in registry.list_networks(pattern)
    ]
    return "\n".join([HEADER, *rows])


def _row(network: Network, golden: bool) -> str:
    cells = (
        network.name,
        str(network.image_size),
        f"{network.parameters / 1e6:.2f}",
        f"{network.multiply_adds:,.1f}",
        _percent(network.top1),
        _percent(network.top5),
        network.paper,
        "yes" if golden else "no",
    )
    return f"| {' | '.join(cells)} |"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
