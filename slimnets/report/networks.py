"""The tables of networks, made from the registry."""

import itertools
from collections.abc import Sequence

from slimnets import errors
from slimnets.nets import published, registry
from slimnets.nets.row import CLASSIFIER, Network

HEADER = (
    "| network | image | parameters (M) | multiply-adds (M) | top-1 | top-5 | paper"
    " | weights |\n|---|---|---|---|---|---|---|---|"
)
OTHERS_HEADER = (
    "| network | kind | image | parameters (M) | multiply-adds (M) | paper |\n"
    "|---|---|---|---|---|---|"
)
FAMILY_HEADER = "| networks | parameters (M) | top-1 | paper |\n|---|---|---|---|"


def format_table(pattern: str = "*") -> str:
    """Returns a Markdown table, a row for each network; another for other kinds.

    Args:
      pattern: shell wildcard of the names to list.

    Raises:
      InputError: no name matches.
    """
    names = registry.list_networks(pattern)
    if not names:
        raise errors.unknown("network", pattern, registry.list_networks())
    rows = [registry.NETWORKS[name] for name in names]
    classifiers = [_format_row(row) for row in rows if row.kind == CLASSIFIER]
    others = [_format_other(row) for row in rows if row.kind != CLASSIFIER]
    tables = ((HEADER, classifiers), (OTHERS_HEADER, others))
    return "\n\n".join("\n".join([head, *lines]) for head, lines in tables if lines)


def format_family_table() -> str:
    """Returns a Markdown table, a row for each family."""
    rows = [_format_family(family.NETWORKS) for family in registry.FAMILIES]
    return "\n".join([FAMILY_HEADER, *rows])


def _format_family(rows: Sequence[Network]) -> str:
    papers = dict.fromkeys(row.paper.partition(",")[0] for row in rows)
    cells = (
        _abbreviate([row.name for row in rows]),
        _format_range([row.parameters / 1e6 for row in rows if row.parameters]),
        _format_range([row.top1 for row in rows if row.top1 is not None]),
        ", ".join(papers),
    )
    return f"| {' | '.join(cells)} |"


def _abbreviate(names: Sequence[str]) -> str:
    """Returns the first name, and of the others what differs: 'vgg_a, _16, _19'."""
    first, *others = names
    columns = zip(*(name.split("_") for name in names), strict=False)
    shared = itertools.takewhile(lambda words: len(set(words)) == 1, columns)
    common = "_".join(words[0] for words in shared)
    return ", ".join([first, *(name.removeprefix(common) for name in others)])


def _format_range(values: Sequence[float]) -> str:
    """Returns the least and the greatest; one number where they are the same."""
    ends = sorted(values)[:: max(len(values) - 1, 1)]
    return " to ".join(dict.fromkeys(f"{end:.1f}" for end in ends))


def _format_row(network: Network) -> str:
    cells = (
        network.name,
        str(network.image_size),
        _format(network.parameters and network.parameters / 1e6, ".2f"),
        _format(network.multiply_adds, ",.1f"),
        _format(network.top1, ".1f"),
        _format(network.top5, ".1f"),
        network.paper,
        _list_sources(network.name),
    )
    return f"| {' | '.join(cells)} |"


def _list_sources(network: str) -> str:
    """Returns who published weights of a network; docs/weights.md tells more."""
    known = published.list_published(network)
    return ", ".join(dict.fromkeys(weights.source for weights in known))


def _format_other(network: Network) -> str:
    cells = (
        network.name,
        network.kind,
        str(network.image_size),
        _format(network.parameters and network.parameters / 1e6, ".2f"),
        _format(network.multiply_adds, ",.1f"),
        network.paper,
    )
    return f"| {' | '.join(cells)} |"


def _format(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
