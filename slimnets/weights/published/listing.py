"""Tables of published weights."""

from collections.abc import Iterable, Iterator

from slimnets import errors, user_cache
from slimnets.config import calls
from slimnets.nets import published, registry
from slimnets.nets.published import PublishedWeights
from slimnets.weights.published import cache

HEADER = (
    "| network | weights | top-1 | image | classes | licence | about MB | here |\n"
    "|---|---|---|---|---|---|---|---|"
)


def format_weights(network: str | None = None) -> str:
    """Returns a Markdown table, a row for each of the published weights.

    Args:
      network: its name; None for all networks.

    Raises:
      InputError: it has none.
    """
    catalogue = published.read_catalogue()
    names = [calls.parse(network).name] if network else list(catalogue)
    rows = [w for name in names for w in catalogue.get(name, {}).values()]
    if not rows:
        registry.get_row(names[0])  # a misspelt name
        raise errors.InputError(f"no weights of {names[0]} are published")
    lines = [f"| {' | '.join(_list_cells(weights))} |" for weights in rows]
    return "\n".join([HEADER, *lines, "", f"cache: {user_cache.get_home()}"])


def _list_cells(weights: PublishedWeights) -> Iterator[str]:
    row = registry.NETWORKS.get(weights.network)
    yield weights.network
    yield weights.name
    yield "" if weights.top1 is None else f"{weights.top1:.1f}"
    yield str(weights.image_size or (row.image_size if row else ""))
    yield str(weights.classes or "")
    yield weights.license
    yield f"{row.parameters * 4 / 1e6:.0f}" if row and row.parameters else ""
    yield "yes" if cache.locate_checkpoint(weights).exists() else ""


def format_sources(networks: Iterable[str]) -> str:
    """Returns a Markdown table of the sources that have weights of each network.

    Args:
      networks: their names.
    """
    sources = ("tf_slim", "keras", "torchvision", "timm")
    lines = [f"| network | {' | '.join(sources)} |", "|---" * 5 + "|"]
    catalogue = published.read_catalogue()
    for network in networks:
        known = list(catalogue.get(network, {}).values())
        cells = [_count([w for w in known if w.source == name]) for name in sources]
        lines.append(f"| {network} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _count(weights: list[PublishedWeights]) -> str:
    """Returns the name of the only one, or how many there are; '' for none."""
    if len(weights) > 1:
        return f"{weights[0].name}, {len(weights)} in all"
    return weights[0].name if weights else ""
