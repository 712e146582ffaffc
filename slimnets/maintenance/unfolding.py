"""Batch norm's statistics for weights without any; the network computes as before.

Converters to other formats fold batch norm into the weights. What comes back from them
has a mean of 0 and a variance of 1 in every layer, which is right for evaluation. In
training batch norm takes the batch's moments instead, and the outputs are others from
the first step on. So each layer gets the mean m and variance v that its inputs have,

    gamma' = gamma sqrt((v + epsilon) / (variance + epsilon))
    beta' = beta + gamma (m - mean) / sqrt(variance + epsilon)

which normalizes as before, by moments that are those of batches.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from slimnets import errors
from slimnets.config.checkpoint_files import CheckpointsConfig
from slimnets.layers.computation import computing
from slimnets.layers.folding import FoldedCall, Folding, Parameters
from slimnets.maintenance import dataset_means, output
from slimnets.maintenance.contents import choose_keys
from slimnets.maintenance.sources import Source
from slimnets.model import Model


class _Norm(NamedTuple):
    """A batch norm: the names of its variables, and what is added to the variance."""

    gamma: str
    beta: str
    mean: str
    variance: str
    epsilon: float


class _Recorder(FoldedCall):
    """Notes the moments of what each batch norm is given, and folds nothing.

    Attributes:
      norms: those that it saw, by their mean's name.
      moments: of the batch, by the variable's name: [channels] each, float32. In the
        place of a variance is the mean of squares, which can be averaged over batches.
    """

    def __init__(self, model: Model):
        super().__init__(Folding())
        self._names = {v.ref(): n for n, v in model.variables_by_name.items()}
        self.norms: dict[str, _Norm] = {}
        self.moments: dict[str, tf.Tensor] = {}

    def normalize(
        self,
        inputs: tf.Tensor,
        parameters: Parameters,
        epsilon: float,
        data_format: str,
    ) -> None:
        """Takes the moments over all axes but that of the channels."""
        beta, gamma, mean, variance = parameters
        name = self._names[mean.ref()]
        if beta is None or gamma is None:
            absent = "gamma" if gamma is None else "beta"
            raise errors.InputError(
                f"the batch norm of {name} has no {absent}, which would have to take"
                " up what its moments change; such a network cannot be unfolded"
            )
        gamma, beta, variance = (self._names[v.ref()] for v in (gamma, beta, variance))
        norm = _Norm(gamma, beta, name, variance, epsilon)
        rank = inputs.shape.rank
        channels = 1 if data_format == "NCHW" else rank - 1
        axes = [axis for axis in range(rank) if axis != channels]
        wide = tf.cast(inputs, tf.float32)
        self.norms[name] = norm
        self.moments[norm.mean] = tf.reduce_mean(wide, axes)
        self.moments[norm.variance] = tf.reduce_mean(tf.square(wide), axes)


def unfold(
    path: str, config: CheckpointsConfig, log: Callable[[str], None] = print
) -> str:
    """Writes a checkpoint whose batch norms have the moments of images.

    Args:
      path: a checkpoint, or a folder whose latest one is taken.
      config: all settings.
      log: gets the lines that tell what was done.

    Returns:
      The path of the new one.

    Raises:
      InputError: an input is at fault, averages are to be kept beside the weights, or
        the network has no batch norm, or one without gamma or beta.
    """
    folder = output.require_new(config.result.output)
    if config.result.moving_averages == "keep":
        raise errors.InputError(
            "unfold with --moving_averages=keep: evaluation would take the averages of"
            " gamma and beta, which fit the old moments; give take or drop"
        )
    source = Source(path, config.selection.model)
    keys = choose_keys(source, source.list_kinds(), config.result.moving_averages)
    values = source.reader.read(keys)
    output.require_finite(source.path, values)
    subject = dataset_means.prepare(source, values, config.statistics, False, log)
    recorder = _Recorder(subject.model)
    means = dataset_means.average(subject, _make_step(subject.model, recorder))
    if not recorder.norms:
        raise errors.InputError(f"{subject.trained.model} has no batch norm")
    for norm in recorder.norms.values():
        values |= _renew(norm, values, means)
    made = output.write(
        folder,
        source.step,
        values,
        lambda into: output.copy_settings(source.path, into),
    )
    log(
        f"{len(recorder.norms)} batch norms have the moments of {subject.num_images}"
        f" images of {subject.dataset.name} {subject.dataset.split}; what the network"
        " computes in evaluation is as before"
    )
    return made


def _make_step(
    model: Model, recorder: _Recorder
) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Returns a function from images to the moments of all batch norms' inputs."""
    way = dataclasses.replace(
        model.choose_computation(is_training=False), folding=recorder
    )

    @tf.function(autograph=False)
    def run(images: tf.Tensor) -> dict[str, tf.Tensor]:
        with computing(way):
            model(images, is_training=False)
        return recorder.moments

    return run


def _renew(
    norm: _Norm, values: Mapping[str, np.ndarray], means: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Returns the variables of a batch norm that has other moments and does the same.

    Args:
      norm: which one.
      values: of all variables by name, as they were.
      means: of its inputs and of their squares, by the variables' names, float64.
    """
    gamma, beta, mean, variance = (
        values[name].astype(np.float64)
        for name in (norm.gamma, norm.beta, norm.mean, norm.variance)
    )
    new_mean = means[norm.mean]
    new_variance = np.maximum(means[norm.variance] - np.square(new_mean), 0.0)
    factor = gamma / np.sqrt(variance + norm.epsilon)
    renewed = {
        norm.gamma: factor * np.sqrt(new_variance + norm.epsilon),
        norm.beta: beta + factor * (new_mean - mean),
        norm.mean: new_mean,
        norm.variance: new_variance,
    }
    return {n: value.astype(values[n].dtype) for n, value in renewed.items()}
