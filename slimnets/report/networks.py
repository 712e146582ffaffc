"""The table of networks, made from the registry."""

from collections.abc import Mapping

from slimnets.nets import registry
from slimnets.nets.row import Network

HEADER = (
    "| network | image | parameters (M) | multiply-adds (M) | top-1 | top-5 | paper"
    " | goldens |\n|---|---|---|---|---|---|---|---|"
)


def markdown_table(pattern: str, goldens: Mapping[str, str]) -> str:
    """Returns a Markdown table, a row for each network.

    Args:
      pattern: shell wildcard of the names to list.
      goldens: where the numbers come from that the test suite compares a network
        with: 'reference' or 'own', by its name; 'no' is printed where there are none.
    """
    rows = [
        _row(registry.get_row(name), goldens.get(name, "no"))
        for name in registry.list_networks(pattern)
    ]
    return "\n".join([HEADER, *rows])


def _row(network: Network, golden: str) -> str:
    cells = (
        network.name,
        str(network.image_size),
        f"{network.parameters / 1e6:.2f}",
        f"{network.multiply_adds:,.1f}",
        _percent(network.top1),
        _percent(network.top5),
        network.paper,
        golden,
    )
    return f"| {' | '.join(cells)} |"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
