"""The registry under the name and with the functions of research/slim's nets_factory.

network_fn = nets_factory.get_network_fn("resnet_v1_50", num_classes=5)
logits, end_points = network_fn(images)
"""

from collections.abc import Callable, Mapping
from typing import Any

from slimnets.nets import registry
from slimnets.nets.registry import get_network_fn
from slimnets.nets.row import (
    CLASSIFIER,
    VIDEO_CLASSIFIER,
    Builder,
    Network,
    named_builder,
)

__all__ = ["arg_scopes_map", "get_network_fn", "networks_map"]


def _get_builder(row: Network) -> Builder:
    """Returns the builder of a row, with the row's own arguments for defaults."""
    return named_builder([row], row.name) if row.arguments else row.builder


def _get_arg_scope(row: Network) -> Callable[..., Mapping[str, Any]]:
    """Returns the function of a row's arg scope, with all the arguments it has."""
    return row.arg_scope if callable(row.arg_scope) else row.make_arg_scope


# As the registry is when this module is imported; get_network_fn knows later rows too.
_CLASSIFIERS = {
    name: row
    for name, row in registry.NETWORKS.items()
    if row.kind in (CLASSIFIER, VIDEO_CLASSIFIER)
}
networks_map: dict[str, Builder] = {
    name: _get_builder(row) for name, row in _CLASSIFIERS.items()
}
arg_scopes_map: dict[str, Callable[..., Mapping[str, Any]]] = {
    name: _get_arg_scope(row) for name, row in _CLASSIFIERS.items()
}
