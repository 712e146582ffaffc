"""Gradient checkpointing: the inside of a block is computed again, not kept.

Training keeps each activation until its gradient is due. Of a block run by `block`,
where the computation asks for it, only inputs and outputs are kept; the backward pass
runs it again for the rest, one block at a time (Chen et al., arXiv:1604.06174). A step
then takes about a third longer, and most of its memory is free for larger batches or
networks.

A block is run twice, but acts once: the second run is given the first one's variables
and random numbers (`once`), moves no averages and files no end points (`is_rerun`). End
points inside a block are the first run's, and have gradients of their own.
"""

import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from slimnets.layers import computation
from slimnets.layers.block_runs import FirstRun, SecondRun


def block(function: Callable[..., Any], /, *inputs: tf.Tensor, **settings: Any) -> Any:
    """Runs a block, and once more for its gradients where those are recomputed.

    Args:
      function: `f(*inputs, **settings)` returns a tensor, or a tensor and anything
        else, such as end points. It may run twice, so it changes nothing around it.
      *inputs: all tensors that the block reads and gradients are to flow to: one that
        the function has from elsewhere gets none.
      **settings: what else the function takes.

    Returns:
      What the function returns.
    """
    now = computation.current()
    function = functools.partial(function, **settings)
    if now.recomputation is None or now.block_run is not None:
        return function(*inputs)
    first = FirstRun()
    now.recomputation.blocks.append(first)
    in_first_run = dataclasses.replace(now, block_run=first)
    with first.recording(), computation.computing(in_first_run):
        outputs = function(*inputs)
    net, *rest = outputs if isinstance(outputs, tuple) else (outputs,)
    net = _attach_recomputed_gradients(function, inputs, net, first, now)
    return (net, *rest) if rest else net


def is_in_block() -> bool:
    """Whether a block is run that is to be run twice."""
    return computation.current().block_run is not None


def is_rerun() -> bool:
    """Whether this is a block's second run, which must change nothing."""
    return isinstance(computation.current().block_run, SecondRun)


def once(make: Callable[[], tf.Tensor]) -> tf.Tensor:
    """Returns `make()`, and in a block's second run what the first one's made.

    Args:
      make: returns random numbers. They are kept: let them be few.
    """
    run = computation.current().block_run
    return make() if run is None else run.once(make)


def _attach_recomputed_gradients(
    function: Callable[..., Any],
    inputs: Sequence[tf.Tensor],
    net: tf.Tensor,
    first: FirstRun,
    now: computation.Computation,
) -> tf.Tensor:
    """Returns a block's output, `net`, with gradients from a second run.

    Args:
      function: the block's.
      inputs: of both runs.
      net: the first run's output.
      first: the run that made it.
      now: how both runs compute.
    """
    trained = now.recomputation.trained if now.recomputation else set()
    places = [i for i, v in enumerate(first.variables) if v.ref() in trained]
    values = [tf.convert_to_tensor(first.variables[place]) for place in places]

    @tf.custom_gradient
    def attach(net: tf.Tensor, *sources: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        def gradients(upstream: tf.Tensor) -> list[tf.Tensor | None]:
            # Else TensorFlow would run it as soon as inputs are there, and keep all.
            read = _wait_for([upstream], sources)
            variables = list(first.variables)
            for place, value in zip(places, read[len(inputs) :], strict=True):
                variables[place] = value
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(read)
                with first.repeating(variables) as second:
                    again = dataclasses.replace(now, block_run=second)
                    with computation.computing(again):
                        outputs = function(*read[: len(inputs)])
            net = outputs[0] if isinstance(outputs, tuple) else outputs
            return [None, *_release_together(tape.gradient(net, read, upstream))]

        return tf.identity(net), gradients

    return attach(tf.stop_gradient(net), *inputs, *values)


def _release_together(gradients: Sequence[tf.Tensor | None]) -> list[tf.Tensor | None]:
    """Releases no gradient until all are computed.

    A barrier: so that blocks are run again one at a time, not side by side.
    """
    known = [gradient for gradient in gradients if gradient is not None]
    ready = iter(_wait_for(known, known))
    return [None if gradient is None else next(ready) for gradient in gradients]


def _wait_for(
    awaited: Sequence[tf.Tensor], tensors: Sequence[tf.Tensor]
) -> list[tf.Tensor]:
    """Returns tensors that are there once all of `awaited` are too.

    By a control dependency: an IdentityN of all is taken apart again by TensorFlow.
    """
    with tf.control_dependencies(awaited):
        return [tf.identity(tensor) for tensor in tensors]
