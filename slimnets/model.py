"""A network with its variables: what a builder needs to run outside a v1 graph."""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.ops import variable_scope

from slimnets import checkpoints, hardware
from slimnets.layers import computation
from slimnets.nets import anatomy, builder_checks, fastest, registry
from slimnets.nets.row import ArgScope, Builder, Network
from slimnets.quantization import fake_quantized
from slimnets.weights.published import pretrained

Regularizer = Callable[[tf.Tensor], tf.Tensor]


class Model(tf.Module):
    """Calls a network's builder and keeps the variables it asks for, by full name.

    The variables are made in the constructor, so that inside `strategy.run` a call
    finds all of them; a `tf.distribute` strategy's scope around the constructor
    distributes them. A call works eagerly and in a `tf.function`:

        model = slimnets.Model('mobilenet_v2', num_classes=5)
        logits, end_points = model(images)

    Attributes:
      network: the network's row in the registry.
      num_classes: number of logits; None for features.
      image_size: height and width the network was first built for, in pixels.
      preprocessing: the recipe that its images are prepared by, a name for
        `slimnets.preprocessing.registry.get_preprocessing`: that of the weights.
      variables_by_name: every variable under its TF-Slim name, in the order in which
        the builder asked for them. The names are those of published checkpoints.
    """

    def __init__(
        self,
        network: str | Network | Builder,
        num_classes: int | None = None,
        *,
        weights: str | Path | None = None,
        arg_scope: ArgScope | None = None,
        weight_decay: float = 0.0,
        is_training: bool = False,
        image_size: int | None = None,
        channels: int | None = None,
        precision: tf.DType = tf.float32,
        **builder_arguments: Any,
    ):
        """Makes the network's variables.

        Args:
          network: a name of `slimnets.list_networks()`; one's own builder
            `f(images, num_classes, is_training=...) -> (logits, end_points)`, or where
            it is found, 'package.module:name' or 'path/to/file.py:name'; or a row, such
            as a copy of the registry's with a shorter table. A builder makes its
            variables by slim's layers or `tf.compat.v1.get_variable`.
          num_classes: number of logits; 0 for features. None for features too or, where
            weights are given, for as many logits as these have.
          weights: published weights by a word, such as 'imagenet', which are downloaded
            once; see docs/weights.md. Or a checkpoint's path. A head for another
            number of classes is left out, and the line that says so is printed. None
            leaves the variables as their initializers made them.
          arg_scope: defaults of the builder's layers, in the place of its own: a
            function of weight_decay, or an arg scope.
          weight_decay: of the L2 regularizers, >= 0.
          is_training: the mode of calls that name none. Some networks have variables
            for training alone (auxiliary heads): they are made only in this mode.
          image_size: height and width in pixels; None takes the network's own.
          channels: of the images; None takes the network's own.
          precision: what it computes in, float32, bfloat16 or float16; variables, and
            what a call returns first, are float32 whatever it is.
          **builder_arguments: passed to the builder, such as depth_multiplier.

        Raises:
          InputError: there is no such network or there are no such weights, or its
            builder does something that a Model cannot keep: the line says what.
        """
        found = None if weights is None else pretrained.find(network, str(weights))
        if found is not None:
            network = found.network
            num_classes = found.num_classes if num_classes is None else num_classes
            image_size = image_size or found.image_size
        self.network = registry.get_row(network, arg_scope)
        name = self.network.name
        super().__init__(name=name if name.isidentifier() else None)
        self.num_classes = num_classes
        self.preprocessing = self.network.preprocessing
        self.image_size = image_size or self.network.image_size
        self.channels = channels or self.network.channels
        self.is_training = is_training
        self.precision = precision
        self.variables_by_name: dict[str, tf.Variable] = {}
        self._regularizers: dict[str, Regularizer] = {}
        self._weight_decay = float(weight_decay)  # tf_slim takes no integer
        self._builder_arguments = builder_arguments
        self._make_variables()
        if found is not None:
            self.preprocessing = found.preprocessing or self.preprocessing
            self._start_from(found.checkpoint)

    def __call__(
        self, images: tf.Tensor, is_training: bool | None = None
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Runs the network, by the computation around or else by its own.

        Args:
          images: float [batch, height, width, channels], preprocessed.
          is_training: whether dropout and batch norm train; None takes the model's.

        Returns:
          What the builder returns: logits (or features), float32, and end points by
          name, in the model's precision.
        """
        if is_training is None:
            is_training = self.is_training
        network_fn = registry.get_network_fn(
            self.network, self.num_classes, self._weight_decay, is_training
        )
        way = computation.given() or self.choose_computation(is_training)

        def run(images: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
            with computation.computing(way):
                outputs = network_fn(
                    tf.cast(images, self.precision), **self._builder_arguments
                )
            return builder_checks.require_pair(outputs, self.network)

        with self._finding_variables():
            if way.quantization is None:
                net, end_points = run(images)
            else:
                net, end_points = fake_quantized.call(
                    run, images, is_training, way.quantization, self._finding_variables
                )
        return tf.cast(net, tf.float32), end_points

    def choose_computation(self, is_training: bool) -> computation.Computation:
        """Returns the fastest way known for this network to compute on this machine.

        In a v1 graph that is TensorFlow's plain one, under TF-Slim's op names.
        """
        if not tf.compat.v1.executing_eagerly_outside_functions():
            return computation.Computation()
        if isinstance(tf.distribute.get_strategy(), tf.distribute.TPUStrategy):
            return computation.Computation()  # nothing was measured there
        machine = hardware.detect()
        way = computation.choose_fastest(is_training, self.precision, machine)
        if machine.has_gpu or not machine.onednn:
            return way  # where the table's processors were not measured
        work = fastest.TRAIN if is_training else fastest.INFER
        key = fastest.Key(
            self.network.name, work, "tensorflow", hardware.instruction_set()
        )
        found = fastest.find(key)
        if found is None or found.precision != self.precision.name:
            return way
        chosen: dict[str, Any] = dict.fromkeys(found.ways, True)
        return dataclasses.replace(way, **chosen)

    @property
    def trainable_by_name(self) -> dict[str, tf.Variable]:
        """The variables that training changes by gradient, by TF-Slim name."""
        return {n: v for n, v in self.variables_by_name.items() if v.trainable}

    def restore(
        self,
        path: str | Path,
        *,
        exclude_scopes: Sequence[str] = (),
        moving_averages: bool = True,
        allow_unused: bool = False,
    ) -> checkpoints.RestoreReport:
        """Gives the variables a checkpoint's values.

        Args:
          path: a checkpoint, or a folder whose latest one is taken.
          exclude_scopes: prefixes of variables to leave as they are.
          moving_averages: read the variables' averages where the checkpoint has them.
          allow_unused: leave out what it holds that has no place in the network.

        Returns:
          What matched and what was left out.

        Raises:
          InputError: there is no checkpoint, or it does not fit; it says which
            variables differ.
        """
        has_logits = self.num_classes is not None
        return checkpoints.restore(
            self.variables_by_name,
            checkpoints.require(path),
            exclude_scopes=exclude_scopes,
            averages=moving_averages,
            allow_unused=allow_unused,
            known=() if has_logits else self._list_with_logits(),
        )

    def find_adjustment(
        self, path: str, exclude_scopes: Sequence[str] = ()
    ) -> checkpoints.Adjustment:
        """Returns how a checkpoint's weights are to be fitted to this network.

        Args:
          path: of the checkpoint.
          exclude_scopes: prefixes of variables that are not read from it.
        """
        shapes = {
            name: variable.shape.as_list()
            for name, variable in self.variables_by_name.items()
            if not name.startswith(tuple(exclude_scopes) or "\0")
        }
        return checkpoints.find_adjustment(shapes, path, self.network, self.num_classes)

    def find_head(self) -> tuple[str, ...]:
        """Returns the names of the variables that depend on the number of classes.

        They are the last layer, of an auxiliary head too; () of a model of features.
        """
        if not self.num_classes:
            return ()
        shapes = {n: v.shape.as_list() for n, v in self.variables_by_name.items()}
        return anatomy.find_head(
            self.network, shapes, self.num_classes, self.image_size, self.channels
        )

    def list_layers(self) -> list[list[str]]:
        """Returns the names of the variables of each block, or layer outside of these.

        From the image to the logits; auxiliary heads are left out.
        """
        return anatomy.list_layers(
            self.network, self.num_classes, self.image_size, self.channels
        )

    def _start_from(self, path: str) -> None:
        """Gives the variables a checkpoint's values; a head of other classes stays."""
        adjustment = self.find_adjustment(path)
        for line in adjustment.notes:
            print(line)
        checkpoints.restore(
            self.variables_by_name,
            path,
            exclude_scopes=adjustment.head,
            averages=True,
            allow_unused=False,
            known=() if self.num_classes else self._list_with_logits(),
            channels=adjustment.channels,
        )

    def _list_with_logits(self) -> list[str]:
        """Returns the names of the variables that it would have with logits."""
        return list(checkpoints.get_variable_shapes(self.network, 2))

    def regularization_loss(self, kernels_only: bool = False) -> tf.Tensor:
        """Returns the sum of the variables' regularizers, a float32 scalar.

        Args:
          kernels_only: leave out those of vectors: of biases and batch norm.
        """
        losses = [
            regularizer(self.variables_by_name[name])
            for name, regularizer in self._regularizers.items()
            if not kernels_only or self.variables_by_name[name].shape.rank > 1
        ]
        losses = [loss for loss in losses if loss is not None]  # of a zero weight
        return tf.add_n(losses) if losses else tf.zeros([])

    @contextlib.contextmanager
    def _finding_variables(self) -> Iterator[None]:
        """Lets the graph around ask this model for variables, by their full names."""
        with (
            _own_scopes(),
            tf.compat.v1.variable_scope(
                "", reuse=tf.compat.v1.AUTO_REUSE, custom_getter=self._get_variable
            ),
        ):
            yield

    def _make_variables(self) -> None:
        """Runs the builder once in a function's graph that is discarded."""
        shape = [None, self.image_size, self.image_size, self.channels]
        with (
            tf.__internal__.FuncGraph("variables").as_default(),
            fake_quantized.in_place(),
            builder_checks.checked(self.network, self.variables_by_name),
        ):
            net, _ = self(tf.compat.v1.placeholder(tf.float32, shape))
        builder_checks.require_classes(net, self.num_classes, self.network)

    def _get_variable(
        self,
        getter: Callable[..., tf.Variable],
        name: str,
        shape: Any = None,
        dtype: tf.DType = tf.float32,
        initializer: Any = None,
        regularizer: Regularizer | None = None,
        trainable: bool | None = None,
        synchronization: tf.VariableSynchronization = tf.VariableSynchronization.AUTO,
        aggregation: tf.VariableAggregation = tf.VariableAggregation.NONE,
        **graph_only: Any,
    ) -> tf.Variable:
        """Finds or makes a variable; takes the place of TF 1's variable store.

        `graph_only` is what has a meaning in a v1 graph alone: collections,
        reuse, partitioner, caching device.

        TF-Slim's float16 layers ask for float16 variables, which would lose small
        updates. Here they get float32 ones, and cast them as they do in bfloat16.
        """
        dtype = tf.float32 if dtype == tf.float16 else dtype
        if name in self.variables_by_name:
            return self._get_existing(name, shape)
        initial = initializer or tf.compat.v1.glorot_uniform_initializer()
        on_read = synchronization == tf.VariableSynchronization.ON_READ
        with tf.init_scope():
            variable = tf.Variable(
                lambda: _make_initial_value(initial, shape, dtype),
                trainable=not on_read if trainable is None else trainable,
                dtype=dtype,
                name=name,
                synchronization=synchronization,
                aggregation=aggregation,
            )
        self.variables_by_name[name] = variable
        if regularizer is not None:
            self._regularizers[name] = regularizer
        return variable

    def _get_existing(self, name: str, shape: Any) -> tf.Variable:
        variable = self.variables_by_name[name]
        if shape is not None and not variable.shape.is_compatible_with(shape):
            raise ValueError(
                f"{name} has shape {variable.shape}; the network now asks for {shape}."
                " Build another Model for another size."
            )
        return variable


@contextlib.contextmanager
def _own_scopes() -> Iterator[None]:
    """Opens variable scopes as in a new graph, and numbers those without a name so.

    So each call of a network finds the variables of the first, wherever it is made.
    """
    scopes = variable_scope.get_variable_scope_store()
    outer = scopes.current_scope, scopes.variable_scopes_count
    scopes.current_scope = variable_scope.VariableScope(False)
    scopes.variable_scopes_count = {}
    try:
        yield
    finally:
        scopes.current_scope, scopes.variable_scopes_count = outer


def _make_initial_value(initial: Any, shape: Any, dtype: tf.DType) -> tf.Tensor:
    """Returns a variable's first value from an initializer, its class, or a value."""
    if isinstance(initial, type):
        initial = initial()
    if callable(initial):
        return initial(shape, dtype=dtype)
    return tf.convert_to_tensor(initial, dtype)
