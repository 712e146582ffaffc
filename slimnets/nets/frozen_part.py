"""A part of a network that training leaves as it is, up to one of its end points."""

import contextlib
import dataclasses
from collections.abc import Callable, Collection, Iterator
from typing import Any

import tensorflow as tf

from slimnets.layers import computation
from slimnets.nets import blueprint
from slimnets.nets.row import Network


@dataclasses.dataclass(frozen=True)
class Frozen:
    """Variables that are not trained, and the layers that compute as in inference.

    Attributes:
      variables: their names.
      scopes: of the layers and blocks all of whose variables are among them.
      is_whole: whether all of the network's are, whatever is above; it is built as for
        inference then.
    """

    variables: frozenset[str]
    scopes: frozenset[str]
    is_whole: bool

    @contextlib.contextmanager
    def freezing(self) -> Iterator[None]:
        """Freezes what is built inside, below the variable scope around."""
        around = tf.compat.v1.get_variable_scope()
        prefix = f"{around.name}/" if around.name else ""
        now = computation.current()
        scopes = now.frozen_scopes | {prefix + scope for scope in self.scopes}
        way = dataclasses.replace(now, frozen_scopes=scopes)

        def get_variable(getter: Callable[..., Any], name: str, **options: Any) -> Any:
            if self.is_whole or name.removeprefix(prefix) in self.variables:
                options["trainable"] = False
            return getter(name, **options)

        with (
            computation.computing(way),
            tf.compat.v1.variable_scope(around, custom_getter=get_variable),
        ):
            yield


WHOLE = Frozen(frozenset(), frozenset(), is_whole=True)


def freeze_up_to(network: Network, end_point: str) -> Frozen:
    """Returns what an end point of a network is computed from."""
    traced = blueprint.trace(network, None)
    names = {tensor.op: name for name, tensor in traced.variables.items()}
    op = traced.end_points[end_point].op
    seen, waiting, below = {op}, [op], set()
    while waiting:
        one = waiting.pop()
        if one in names:
            below.add(names[one])
        for tensor in one.inputs:
            if tensor.op not in seen:
                seen.add(tensor.op)
                waiting.append(tensor.op)
    scopes = _list_scopes(below) - _list_scopes(traced.variables.keys() - below)
    return Frozen(frozenset(below), frozenset(scopes), is_whole=False)


def _list_scopes(names: Collection[str]) -> set[str]:
    """Returns the scopes that variables lie in, and those around these."""
    scopes = set()
    for name in names:
        parts = name.split("/")[:-1]
        scopes |= {"/".join(parts[:k]) for k in range(1, len(parts) + 1)}
    return scopes
