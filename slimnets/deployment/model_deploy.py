"""Clones of a network on several devices, in v1 graphs, as research/slim has them.

    config = model_deploy.DeploymentConfig(num_clones=2)
    with tf.device(config.optimizer_device()):
        optimizer = tf.compat.v1.train.MomentumOptimizer(0.01, 0.9)
    model = model_deploy.deploy(config, model_fn, [queue], optimizer=optimizer)
    slim.learning.train(model.train_op, logdir, summary_op=model.summary_op)

`model_fn` builds the network and adds its losses to the collection LOSSES. Clones share
their variables; their losses, updates and summaries are found under their name scopes.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from slimnets import slim
from slimnets.deployment.config import DeploymentConfig

__all__ = [
    "Clone",
    "DeployedModel",
    "DeploymentConfig",
    "create_clones",
    "deploy",
    "optimize_clones",
]

v1 = tf.compat.v1
Gradients = list[tuple[tf.Tensor, tf.Variable]]


class Clone(NamedTuple):
    """What one call of model_fn made.

    Attributes:
      outputs: what it returned.
      scope: its name scope, such as 'clone_0/'; '' of the only clone.
      device: the device of its ops.
    """

    outputs: Any
    scope: str
    device: str


class DeployedModel(NamedTuple):
    """What trains the clones, or evaluates them.

    Attributes:
      train_op: takes a step and gives the loss; None without an optimizer or a loss.
      summary_op: all summaries of the first clone; None where there are none.
      total_loss: the mean of the clones' losses, and the regularization; None without.
      clones: first to last.
    """

    train_op: tf.Tensor | None
    summary_op: tf.Tensor | None
    total_loss: tf.Tensor | None
    clones: list[Clone]


def create_clones(
    config: DeploymentConfig,
    model_fn: Callable[..., Any],
    args: Sequence[Any] | None = None,
    kwargs: dict[str, Any] | None = None,
) -> list[Clone]:
    """Calls model_fn(*args, **kwargs) for each clone, on its device, in its name scope.

    Args:
      config: the devices.
      model_fn: builds the network; from the second clone on it reuses the variables.
      args: of model_fn; None for none.
      kwargs: of model_fn; None for none.
    """
    clones = []
    variables = [slim.model_variable, slim.variable]
    with slim.arg_scope(variables, device=config.variables_device()):
        for index in range(config.num_clones):
            device = config.clone_device(index)
            reuse = True if index else None
            with (
                v1.name_scope(config.clone_scope(index)) as scope,
                tf.device(device),
                v1.variable_scope(v1.get_variable_scope(), reuse=reuse),
            ):
                outputs = model_fn(*(args or []), **(kwargs or {}))
            clones.append(Clone(outputs, scope, device))
    return clones


def optimize_clones(
    clones: Sequence[Clone],
    optimizer: tf.compat.v1.train.Optimizer,
    regularization_losses: Sequence[tf.Tensor] | None = None,
    **kwargs: Any,
) -> tuple[tf.Tensor, Gradients]:
    """Computes the clones' losses and the sum of their gradients.

    Args:
      clones: as create_clones made them.
      optimizer: computes the gradients.
      regularization_losses: added to the first clone's; None takes the graph's.
      **kwargs: passed to the optimizer's compute_gradients.

    Returns:
      The mean of the losses with the regularization, and (gradient, variable) of each
      variable that has a gradient.
    """
    losses, gradients = [], []
    for clone, loss in _gather_losses(clones, regularization_losses):
        losses.append(loss)
        with v1.name_scope(clone.scope), tf.device(clone.device):
            gradients.append(optimizer.compute_gradients(loss, **kwargs))
    return tf.add_n(losses, name="total_loss"), _sum_gradients(gradients)


def deploy(
    config: DeploymentConfig,
    model_fn: Callable[..., Any],
    args: Sequence[Any] | None = None,
    kwargs: dict[str, Any] | None = None,
    optimizer: tf.compat.v1.train.Optimizer | None = None,
    summarize_gradients: bool = False,
) -> DeployedModel:
    """Builds the clones and what trains them.

    Args:
      config: the devices.
      model_fn: builds the network and adds its losses to the collection LOSSES.
      args: of model_fn; None for none.
      kwargs: of model_fn; None for none.
      optimizer: takes the steps; None builds no training.
      summarize_gradients: histograms of each gradient and of its norm.
    """
    summaries = set(v1.get_collection(v1.GraphKeys.SUMMARIES))
    clones = create_clones(config, model_fn, args, kwargs)
    # Clones share their moving averages: the first one's batches move them.
    updates = v1.get_collection(v1.GraphKeys.UPDATE_OPS, clones[0].scope)
    train_op = total_loss = None
    with tf.device(config.optimizer_device()):
        if optimizer is None:
            losses = [loss for _, loss in _gather_losses(clones, None)]
            total_loss = tf.add_n(losses, name="total_loss") if losses else None
        else:
            with tf.device(config.variables_device()):
                step = slim.get_or_create_global_step()
            total_loss, gradients = optimize_clones(clones, optimizer)
            if gradients and summarize_gradients:
                summaries |= set(_summarize_gradients(gradients))
            if gradients:
                updates.append(optimizer.apply_gradients(gradients, global_step=step))
                with tf.control_dependencies([tf.group(*updates)]):
                    train_op = tf.identity(total_loss, name="train_op")
        summaries |= set(v1.get_collection(v1.GraphKeys.SUMMARIES, clones[0].scope))
        if total_loss is not None:
            summaries.add(v1.summary.scalar("total_loss", total_loss))
        merged = (
            v1.summary.merge(list(summaries), name="summary_op") if summaries else None
        )
    return DeployedModel(train_op, merged, total_loss, clones)


def _gather_losses(
    clones: Sequence[Clone], regularization: Sequence[tf.Tensor] | None
) -> list[tuple[Clone, tf.Tensor]]:
    """Returns each clone that has a loss, with its share of the total."""
    if regularization is None:
        regularization = v1.losses.get_regularization_losses()
    shares = []
    for index, clone in enumerate(clones):
        with v1.name_scope(clone.scope):
            loss = _gather_loss(clone, len(clones), [] if index else regularization)
        if loss is not None:
            shares.append((clone, loss))
    return shares


def _gather_loss(
    clone: Clone, num_clones: int, regularization: Sequence[tf.Tensor]
) -> tf.Tensor | None:
    """Returns a clone's share of the total loss, with summaries of its parts."""
    parts = {}
    with tf.device(clone.device):
        own = v1.get_collection(v1.GraphKeys.LOSSES, clone.scope)
        if own:
            loss = tf.add_n(own, name="clone_loss")
            if num_clones > 1:
                loss = tf.divide(loss, num_clones, name="scaled_clone_loss")
            parts["clone_loss"] = loss
        if regularization:
            parts["regularization_loss"] = tf.add_n(
                list(regularization), name="regularization_loss"
            )
        total = tf.add_n(list(parts.values())) if parts else None
    for name, part in parts.items():
        v1.summary.scalar(f"Losses/{name}", part)
    return total


def _sum_gradients(gradients: Sequence[Gradients]) -> Gradients:
    """Returns each variable with the sum of its gradients, those that have one."""
    summed = []
    for pairs in zip(*gradients, strict=True):
        variable = pairs[0][1]
        parts = [gradient for gradient, _ in pairs if gradient is not None]
        if len(parts) > 1:
            total = tf.add_n(parts, name=f"{variable.op.name}/sum_grads")
            summed.append((total, variable))
        elif parts:
            summed.append((parts[0], variable))
    return summed


def _summarize_gradients(gradients: Gradients) -> list[tf.Tensor]:
    """Adds histograms of each gradient and of its norm; returns them."""
    summaries = []
    for gradient, variable in gradients:
        sparse = isinstance(gradient, tf.IndexedSlices)
        values = gradient.values if sparse else gradient
        name = variable.op.name
        norm = tf.linalg.global_norm([values])
        summaries += [
            v1.summary.histogram(f"{name}:gradient", values),
            v1.summary.histogram(f"{name}:gradient_norm", norm),
        ]
    return summaries
