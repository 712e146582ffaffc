"""Gradients at less memory: what is inside a block is computed again, not kept.

Training keeps each activation until its gradient is due. Of a block run by `block`,
within `recomputing`, only inputs and outputs are kept; the backward pass runs it again
for the rest, one block at a time (Chen et al., arXiv:1604.06174). A step then takes
about a third longer, and most of its memory is free for larger batches or networks.

A block is run twice, but acts once: the second run is given the first one's variables
and random numbers (`once`), moves no averages and files no end points (`again`). End
points inside a block are the first run's, and have gradients of their own.
"""

import contextlib
import contextvars
import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets import errors


class _Scope:
    """One call of a network."""

    def __init__(self, trained: Sequence[tf.Variable]):
        self.trained = {variable.ref() for variable in trained}
        self.blocks = 0


class _FirstRun:
    """A block's run in the forward pass, and what a second one needs to repeat it."""

    def __init__(self):
        self.variables: list[tf.Variable] = []  # as the block asked for them
        self._kept: list[tf.Tensor] = []  # what `once` made
        self._arg_scope = tf_slim.arg_scope_lib.current_arg_scope()

    def once(self, make: Callable[[], tf.Tensor]) -> tf.Tensor:
        self._kept.append(make())
        return self._kept[-1]

    @contextlib.contextmanager
    def active(self) -> Iterator[None]:
        """Records the variables that are asked for inside."""
        # Reopening the scope, to name a getter, would count its unnamed layers anew.
        scope = tf.compat.v1.get_variable_scope()
        outer = scope.custom_getter

        def recorded(getter: Callable[..., tf.Variable], **asked: Any) -> tf.Variable:
            variable = outer(getter, **asked) if outer else getter(**asked)
            self.variables.append(variable)
            return variable

        scope.set_custom_getter(recorded)
        try:
            with _running(self):
                yield
        finally:
            scope.set_custom_getter(outer)

    @contextlib.contextmanager
    def repeated(self, variables: Sequence[tf.Tensor | tf.Variable]) -> Iterator[None]:
        """Hands out `variables` in place of the first run's, and all else it had."""
        handed = iter(variables)
        with (
            tf.compat.v1.variable_scope(
                "recomputed", custom_getter=lambda getter, **asked: next(handed)
            ),
            tf_slim.arg_scope(self._arg_scope),
            _running(_SecondRun(self._kept)),
        ):
            yield


class _SecondRun:
    """A block's run in the backward pass."""

    def __init__(self, kept: Sequence[tf.Tensor]):
        self._kept = iter(kept)

    def once(self, make: Callable[[], tf.Tensor]) -> tf.Tensor:
        return next(self._kept)


_scope: contextvars.ContextVar[_Scope | None] = contextvars.ContextVar(
    "recomputing", default=None
)
_run: contextvars.ContextVar[_FirstRun | _SecondRun | None] = contextvars.ContextVar(
    "run_of_block", default=None
)


@contextlib.contextmanager
def recomputing(trained: Sequence[tf.Variable]) -> Iterator[None]:
    """Keeps nothing of the inside of blocks that are run here.

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(trained)
            with recomputing(trained):
                logits, end_points = model(images, is_training=True)

    For a `tf.function`: eagerly the gradients are right, but the tape keeps everything.

    Args:
      trained: the variables that there are to be gradients of; blocks give none of
        others.

    Raises:
      InputError: no block was run.
    """
    scope = _Scope(trained)
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)
    if not scope.blocks:
        raise errors.InputError(
            "this network has no blocks whose gradients could be recomputed; train it"
            " without that, and in smaller batches to save memory"
        )


def block(function: Callable[..., Any], /, *inputs: tf.Tensor, **settings: Any) -> Any:
    """Runs a block, and within `recomputing` once more when its gradients are due.

    Args:
      function: `f(*inputs, **settings)` returns a tensor, or a tensor and anything
        else, such as end points. It may run twice, so it changes nothing around it.
      *inputs: all tensors that the block reads and gradients are to flow to: one that
        the function has from elsewhere gets none.
      **settings: what else the function takes.

    Returns:
      What the function returns.
    """
    scope = _scope.get()
    function = functools.partial(function, **settings)
    if scope is None or _run.get() is not None:
        return function(*inputs)
    scope.blocks += 1
    first = _FirstRun()
    with first.active():
        outputs = function(*inputs)
    net, *rest = outputs if isinstance(outputs, tuple) else (outputs,)
    net = _with_gradients_recomputed(function, inputs, net, first, scope.trained)
    return (net, *rest) if rest else net


def in_block() -> bool:
    """Whether a block is run that is to be run twice."""
    return _run.get() is not None


def again() -> bool:
    """Whether this is a block's second run, which must change nothing."""
    return isinstance(_run.get(), _SecondRun)


def once(make: Callable[[], tf.Tensor]) -> tf.Tensor:
    """Returns `make()`, and in a block's second run what the first one's made.

    Args:
      make: returns random numbers. They are kept: let them be few.
    """
    run = _run.get()
    return make() if run is None else run.once(make)


@contextlib.contextmanager
def _running(run: _FirstRun | _SecondRun) -> Iterator[None]:
    token = _run.set(run)
    try:
        yield
    finally:
        _run.reset(token)


def _with_gradients_recomputed(
    function: Callable[..., Any],
    inputs: Sequence[tf.Tensor],
    net: tf.Tensor,
    first: _FirstRun,
    trained: set[Any],
) -> tf.Tensor:
    """Returns a block's output, `net`, with gradients from a second run."""
    places = [i for i, v in enumerate(first.variables) if v.ref() in trained]
    values = [tf.convert_to_tensor(first.variables[place]) for place in places]

    @tf.custom_gradient
    def attached(net: tf.Tensor, *sources: tf.Tensor) -> tuple[tf.Tensor, Callable]:
        def gradients(upstream: tf.Tensor) -> list[tf.Tensor | None]:
            # Else TensorFlow would run it as soon as inputs are there, and keep all.
            read = _after([upstream], sources)
            variables = list(first.variables)
            for place, value in zip(places, read[len(inputs) :], strict=True):
                variables[place] = value
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(read)
                with first.repeated(variables):
                    outputs = function(*read[: len(inputs)])
            net = outputs[0] if isinstance(outputs, tuple) else outputs
            return [None, *_together(tape.gradient(net, read, upstream))]

        return tf.identity(net), gradients

    return attached(tf.stop_gradient(net), *inputs, *values)


def _together(gradients: Sequence[tf.Tensor | None]) -> list[tf.Tensor | None]:
    """Makes gradients ready all at once: before then the next block may not begin."""
    known = [gradient for gradient in gradients if gradient is not None]
    ready = iter(_after(known, known))
    return [None if gradient is None else next(ready) for gradient in gradients]


def _after(these: Sequence[tf.Tensor], tensors: Sequence[tf.Tensor]) -> list[tf.Tensor]:
    """Returns tensors that are there once all of `these` are too.

    By a control dependency: an IdentityN of all is taken apart again by TensorFlow.
    """
    with tf.control_dependencies(these):
        return [tf.identity(tensor) for tensor in tensors]
