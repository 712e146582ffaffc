"""The two runs of a block whose inside is recomputed; see recomputation.py."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets import errors


class Recomputation:
    """One call of a network that keeps nothing of the inside of its blocks.

        recomputation = Recomputation(trained)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            with computing(Computation(recomputation=recomputation)):
                logits, end_points = network(images)
        recomputation.require_blocks()

    For a `tf.function`: eagerly the gradients are right, but the tape keeps everything.

    Attributes:
      trained: references to the variables that blocks give gradients of.
      blocks: the first run of each block, in order.
    """

    def __init__(self, trained: Sequence[tf.Variable]):
        """Begins a call; blocks give no gradients of variables not in `trained`."""
        self.trained = {variable.ref() for variable in trained}
        self.blocks: list[FirstRun] = []

    def require_blocks(self) -> None:
        """Raises an InputError if the network ran no block."""
        if not self.blocks:
            raise errors.InputError(
                "this network has no blocks whose gradients could be recomputed; train"
                " it without that, and in smaller batches to save memory"
            )


class FirstRun:
    """A block's run in the forward pass, and what a second one needs to repeat it.

    Attributes:
      variables: as the block asked for them, each time it did.
    """

    def __init__(self) -> None:
        self.variables: list[tf.Variable] = []
        self._kept: list[tf.Tensor] = []
        self._arg_scope = tf_slim.arg_scope_lib.current_arg_scope()

    def once(self, make: Callable[[], Any]) -> Any:
        """Returns `make()` and keeps it for the second run."""
        self._kept.append(make())
        return self._kept[-1]

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Records the variables that are asked for inside."""
        # Reopening the scope, to name a getter, would count its unnamed layers anew.
        scope = tf.compat.v1.get_variable_scope()
        outer = scope.custom_getter

        def record(getter: Callable[..., tf.Variable], **asked: Any) -> tf.Variable:
            variable = outer(getter, **asked) if outer else getter(**asked)
            self.variables.append(variable)
            return variable

        scope.set_custom_getter(record)
        try:
            yield
        finally:
            scope.set_custom_getter(outer)

    @contextlib.contextmanager
    def repeating(
        self, variables: Sequence[tf.Tensor | tf.Variable]
    ) -> Iterator["SecondRun"]:
        """Hands out `variables` for those of this run, in its arg_scope."""
        handed = iter(variables)
        with (
            tf.compat.v1.variable_scope(
                "recomputed", custom_getter=lambda getter, **asked: next(handed)
            ),
            tf_slim.arg_scope(self._arg_scope),
        ):
            yield SecondRun(self._kept)


class SecondRun:
    """A block's run in the backward pass."""

    def __init__(self, kept: Sequence[tf.Tensor]):
        self._kept = iter(kept)

    def once(self, make: Callable[[], Any]) -> Any:
        """Returns what the first run's call at this place made."""
        return next(self._kept)
