"""The table of networks, made from the registry."""

from slimnets import errors
from slimnets.nets import registry
from slimnets.nets.row import Network

HEADER = (
    "| network | image | parameters (M) | multiply-adds (M) | top-1 | top-5 | paper |\n"
    "|---|---|---|---|---|---|---|"
)


def format_table(pattern: str = "*") -> str:
    """Returns a Markdown table, a row for each network.

    Args:
      pattern: shell wildcard of the names to list.

    Raises:
      InputError: no name matches.
    """
    names = registry.list_networks(pattern)
    if not names:
        raise errors.unknown("network", pattern, registry.list_networks())
    return "\n".join([HEADER, *(_format_row(registry.get_row(name)) for name in names)])


def _format_row(network: Network) -> str:
    cells = (
        network.name,
        str(network.image_size),
        f"{network.parameters / 1e6:.2f}",
        f"{network.multiply_adds:,.1f}",
        _format_percent(network.top1),
        _format_percent(network.top5),
        network.paper,
    )
    return f"| {' | '.join(cells)} |"


def _format_percent(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
