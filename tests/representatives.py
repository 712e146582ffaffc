"""Networks that stand for all: one of each way in which networks are built.

The others repeat such layers, wider or more often, or from another table. What all
networks promise is tested of a representative by `make test` and of the others by
`make test-all`, each one's own table by its golden among it.
"""

from collections.abc import Iterable
from typing import Any

import pytest

from slimnets.nets import registry, row

# A family's first network stands for it, but where the code of another builds it.
BUILT_AS_ANOTHER = {
    "cifarnet": "lenet",
    "overfeat": "alexnet_v2",
    "vgg_a": "alexnet_v2",
    "inception_v2": "inception_v1",
    "inception_v3": "inception_v1",
    "inception_v4": "inception_v1",
    "pnasnet_mobile": "nasnet_cifar",
    "mnasnet_a1": "efficientnet_b0",
}
# Of networks that classify images: what others promise is in their own tests.
FAMILIES = [f for f in registry.FAMILIES if f.NETWORKS[0].kind == row.CLASSIFIER]
FIRST = {family.NETWORKS[0].name for family in FAMILIES}


def slow_but_representatives(names: Iterable[str]) -> list[Any]:
    """Returns names of networks to parametrize a test with."""
    chosen = FIRST - BUILT_AS_ANOTHER.keys()
    return [
        name if name in chosen else pytest.param(name, marks=pytest.mark.slow)
        for name in names
    ]


NETWORKS = slow_but_representatives(registry.list_networks(kind="classifier"))
