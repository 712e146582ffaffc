"""Networks that stand for all: of each family one with each kind of row in its table.

The others of a family repeat such rows, wider or more often. What all networks promise
is tested of a representative by `make test` and of the others, slower, by
`make test-all`. Each network's own table is tested by its golden, always.
"""

from collections.abc import Iterable
from typing import Any

import pytest

from slimnets.nets import registry

# Each has rows that the first network of its family lacks.
ADDED = {
    "mobilenet_v3_large_minimalistic",  # no squeeze, no hard swish, 3x3 alone
    "mobilenet_edgetpu",  # fused blocks
    "mobilenet_v4_conv_medium",  # blocks of each of the four kinds
    "resnet50_v1_5",  # strides in the 3x3
    "efficientnet_lite0",  # no squeeze, relu6
}
_CHOSEN = {family.NETWORKS[0].name for family in registry.FAMILIES} | ADDED


def slow_but_representatives(names: Iterable[str]) -> list[Any]:
    """Returns names of networks to parametrize a test with."""
    return [
        name if name in _CHOSEN else pytest.param(name, marks=pytest.mark.slow)
        for name in names
    ]


NETWORKS = slow_but_representatives(registry.list_networks())
