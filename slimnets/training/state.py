"""The state of training, under the names it has in a checkpoint."""

import inspect
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config.train import TrainConfig
from slimnets.layers.computation import Computation, computing
from slimnets.model import Model
from slimnets.nets import registry
from slimnets.quantization.graph import Unquantizable
from slimnets.training import precision, trained_variables
from slimnets.training.loss_scale import LossScale
from slimnets.training.moving_averages import MovingAverages
from slimnets.training.optimizers import Optimizer
from slimnets.training.quantization import make_quantization

# With more scopes to exclude, a checkpoint is more likely another network's.
_MOST_SCOPES = 4


class TrainState:
    """A network, its optimizer's slots, its moving averages and the step.

    Attributes:
      model: the network.
      trained: the variables that the optimizer changes, by checkpoint name.
      rate_scales: by what the learning rate is multiplied, for each of `trained`.
      optimizer: with slots for `trained`.
      averages: moving averages of the model's variables, or None.
      loss_scale: of a model that computes in float16, else None.
      quantization: how values are rounded in training, or None.
      global_step: int64, the number of steps done.
      rate_factor: float32, by which the plateau schedule multiplies the learning rate;
        None with another schedule. It follows from metrics.jsonl, and is in no
        checkpoint.
    """

    def __init__(self, config: TrainConfig, num_classes: int):
        """Makes everything at step 0; call it in the strategy's scope.

        Raises:
          InputError: a scope has no variable, or none is left to train; there is no
            batch norm to freeze.
        """
        self._strategy = tf.distribute.get_strategy()
        self.global_step = tf.Variable(
            0,
            dtype=tf.int64,
            trainable=False,
            name=checkpoints.GLOBAL_STEP,
            aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
        )
        self.rate_factor = (
            tf.Variable(
                1.0,
                trainable=False,
                name="learning_rate_factor",
                aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
            )
            if config.learning_rate.learning_rate_decay_type == "plateau"
            else None
        )
        self.quantization = make_quantization(config.quantization, self.global_step)
        with computing(Computation(quantization=self.quantization)):
            self.model = self._make_model(config, num_classes)
        if config.freezing.freeze_batch_norm and not self.has_batch_norm:
            raise errors.InputError(
                f"--freeze_batch_norm: {config.model} has no batch norm to freeze"
            )
        self.trained = trained_variables.select(self.model, config.freezing)
        self.rate_scales = self._find_rate_scales(config.learning_rate.layer_decay)
        self.optimizer = Optimizer(
            config.optimization,
            list(self.trained.values()),
            list(self.trained),
            list(self.rate_scales.values()),
        )
        half = self.model.precision == tf.float16
        self.loss_scale = LossScale() if half else None
        self.averages = (
            MovingAverages(self._list_averaged(), config.averaging.moving_average_decay)
            if config.averaging.moving_average_decay is not None
            else None
        )

    def _make_model(self, config: TrainConfig, num_classes: int) -> Model:
        try:
            return Model(
                config.network,
                num_classes,
                weight_decay=config.weight_decay,
                is_training=True,
                image_size=config.data.image_size,
                channels=1 if config.data.use_grayscale else None,
                precision=tf.float32
                if self.quantization
                else precision.choose_training_type(
                    config.precision, registry.get_row(config.network)
                ),
                **self._step_argument(config.network),
            )
        except Unquantizable as error:
            raise errors.InputError(
                f"--quantize_delay: {config.model} cannot be quantized: {error}"
            ) from error

    def _list_averaged(self) -> dict[str, tf.Variable]:
        """Returns the variables of which averages are kept.

        The ranges of quantization are among them: an average of weights lies within the
        average of their ranges. What debiases the ranges is training's alone.
        """
        return {
            name: variable
            for name, variable in self.model.variables_by_name.items()
            if not (
                checkpoints.is_range(name) and name.endswith(("/biased", "/local_step"))
            )
        }

    def _find_rate_scales(self, layer_decay: float) -> dict[str, float]:
        if layer_decay == 1:
            return dict.fromkeys(self.trained, 1.0)
        scale_of = trained_variables.compute_rate_scales(
            self.model.list_layers(), self.model.find_head(), layer_decay
        )
        return {name: scale_of(name) for name in self.trained}

    def _step_argument(self, network: str) -> dict[str, tf.Variable]:
        """Returns the step as an argument of builders that take it, for drop path."""
        builder = registry.get_row(network).builder
        takes_step = "current_step" in inspect.signature(builder).parameters
        return {"current_step": self.global_step} if takes_step else {}

    def variables(self) -> dict[str, tf.Variable]:
        """Returns every variable of a checkpoint by its name."""
        return {
            **self.model.variables_by_name,
            **self.optimizer.variables,
            **(self.averages.variables if self.averages else {}),
            **(self.loss_scale.variables if self.loss_scale else {}),
            checkpoints.GLOBAL_STEP: self.global_step,
        }

    def resume(self, path: str) -> None:
        """Restores a checkpoint of the same run, slots and step included.

        Raises:
          InputError: the checkpoint is unreadable or of a run with other settings.
        """
        held = checkpoints.read_shapes(path)
        # A loss scale is found again where an earlier run had none.
        optional = {*checkpoints.LOSS_SCALE} - held.keys()
        own = {n: v for n, v in self.variables().items() if n not in optional}
        try:
            report = checkpoints.restore(own, path, allow_unused=True)
        except checkpoints.Misfit as error:
            raise _describe_other_run(str(error)) from error
        unused = [name for name in report.unused if name not in checkpoints.LOSS_SCALE]
        if unused:
            raise _describe_other_run(
                f"{path} holds {', '.join(unused[:3])}, which this run lacks"
            )

    def start_from(
        self, path: str, config: TrainConfig, log: Callable[[str], None]
    ) -> checkpoints.RestoreReport:
        """Restores another run's weights as config.fine_tuning says; the rest is new.

        Where the checkpoint has moving averages of its weights, these are read: they
        are what was evaluated. A head for another number of classes is left out, and
        the first kernel made to take the channels that the images have.

        Args:
          path: the checkpoint.
          config: all settings.
          log: gets a line for each such adjustment.

        Raises:
          InputError: the checkpoint is unreadable or does not match; the message names
            the flag that would leave out what does not.
        """
        excluded = trained_variables.name_head(
            self.model, config.fine_tuning.checkpoint_exclude_scopes
        )
        adjustment = self.model.find_adjustment(path, excluded)
        for line in adjustment.notes:
            log(line)
        try:
            report = checkpoints.restore(
                self._list_restored(path),
                path,
                exclude_scopes=(*excluded, *adjustment.head),
                channels=adjustment.channels,
                ignore_missing=config.fine_tuning.ignore_missing_vars,
                averages=True,
                allow_unused=config.fine_tuning.ignore_missing_vars
                or config.fine_tuning.allow_unused,
            )
        except checkpoints.Misfit as error:
            raise _name_excluding_flag(error, config) from error
        if self.averages:
            self.averages.reset()
        return report

    def _list_restored(self, path: str) -> dict[str, tf.Variable]:
        """Returns what a checkpoint has to have: a float one has no ranges."""
        held = checkpoints.read_shapes(path)
        return {
            name: variable
            for name, variable in self.model.variables_by_name.items()
            if name in held or not checkpoints.is_range(name)
        }

    def scale_learning_rate(self, factor: float) -> None:
        """Multiplies the plateau schedule's learning rate; others take no notice."""
        if self.rate_factor is not None:
            self.rate_factor.assign(factor)

    def save(self, directory: str | Path, keep: int) -> str:
        """Writes a checkpoint of this step.

        Raises:
          InputError: a weight is not finite; nothing is written then.
        """
        values = {name: self._read_local(v) for name, v in self.variables().items()}
        for name, value in values.items():
            if not np.all(np.isfinite(value)):
                raise errors.InputError(
                    f"{name} is not finite after step {self.step}, so no checkpoint is"
                    " written; lower --learning_rate or begin it with --warmup_epochs"
                )
        return checkpoints.save(directory, self.step, values, keep)

    @property
    def has_batch_norm(self) -> bool:
        """Whether the network has moving averages, which each replica keeps."""
        return any(
            variable.synchronization == tf.VariableSynchronization.ON_READ
            for name, variable in self.model.variables_by_name.items()
            if not checkpoints.is_range(name)
        )

    @property
    def num_replicas(self) -> int:
        """Over how many replicas a batch is divided."""
        return self._strategy.num_replicas_in_sync

    @property
    def step(self) -> int:
        """The number of steps done."""
        return int(self._read_local(self.global_step))

    def _read_local(self, variable: tf.Variable) -> np.ndarray:
        """Returns a variable's value from this process's replicas alone.

        Reading an ON_READ variable through its strategy would make all workers meet; so
        a checkpoint would need every worker, at the same step. The mean over this
        process's replicas does not. (TF-Slim took the first replica's.)
        """
        parts = self._strategy.experimental_local_results(variable)
        values = [part.numpy() for part in parts]
        on_read = variable.synchronization == tf.VariableSynchronization.ON_READ
        # The mean of three equal values may miss them by a bit.
        differ = any(np.any(value != values[0]) for value in values[1:])
        return np.mean(values, axis=0) if on_read and differ else values[0]


def _describe_other_run(reason: str) -> errors.InputError:
    return errors.InputError(
        f"cannot go on from train_dir's checkpoint: {reason}. If the network, its"
        " classes, the optimizer, what is frozen or --moving_average_decay changed,"
        " give another --train_dir, and this one as --checkpoint_path for its weights"
    )


def _name_excluding_flag(
    error: checkpoints.Misfit, config: TrainConfig
) -> errors.InputError:
    """Adds to an error the flag that would leave out what does not fit."""
    if not 0 < len(error.scopes) <= _MOST_SCOPES:
        return errors.InputError(
            f"{error}; is it a checkpoint of {config.model}? If not, name its network"
            " with --model"
        )
    given = config.fine_tuning.checkpoint_exclude_scopes
    scopes = ",".join([*given, *error.scopes])
    alternative = " or --ignore_missing_vars" if error.only_missing else ""
    return errors.InputError(
        f"{error}; to start these variables anew give"
        f" --checkpoint_exclude_scopes={scopes}{alternative}"
    )
