"""A trained network that is ready to run, and the preparation of its images."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.config.inference import InferenceConfig, TrainedNetworkConfig
from slimnets.export import runtimes
from slimnets.inference import precision, rounded_images, views
from slimnets.inference.folded_model import FoldedModel
from slimnets.layers.computation import Computation, computing
from slimnets.layers.fake_quantization import FakeQuantization
from slimnets.layers.folding import Folding
from slimnets.model import Model
from slimnets.nets import own
from slimnets.preprocessing import registry as preprocessing
from slimnets.preprocessing.views import Views, make_views
from slimnets.quantization import fake_quantized


@dataclasses.dataclass(frozen=True)
class Predictor:
    """A network in inference mode, and how its images are prepared.

    Attributes:
      model: has a checkpoint's weights once `restore` was called.
      use_moving_averages: whether `restore` reads averages where there are any.
      allow_unused: whether `restore` leaves out what has no place in the network.
      preprocess: uint8 [h, w, c] -> float32 [image_size, image_size, c].
      folded: the model with batch norm folded; None runs the model as it is.
      runtime: what runs it, one of `config.choices.RUNTIMES`.
      precision: number type that the runtime computes in, one of
        `config.choices.INFERENCE_PRECISIONS`.
      quantization: how weights and activations are rounded; None leaves them in float.
      image_range: in which images are rounded then; None leaves them as they are.
      views: of each image, where it is seen in several.
    """

    model: Model
    use_moving_averages: bool
    allow_unused: bool
    preprocess: Callable[[tf.Tensor], tf.Tensor]
    folded: FoldedModel | None = None
    runtime: str = "tensorflow"
    precision: str = "float32"
    quantization: FakeQuantization | None = None
    image_range: rounded_images.Range | None = None
    views: Views | None = None

    @property
    def see(self) -> Callable[[tf.Tensor], tf.Tensor]:
        """What prepares an image for `classify`: as `preprocess`, or all its views."""
        return self.preprocess if self.views is None else self.views.prepare

    def count_images(self, batch_size: int) -> int:
        """Returns how many images make a batch of so many views."""
        return (
            batch_size if self.views is None else max(batch_size // self.views.count, 1)
        )

    def restore(self, checkpoint: str) -> checkpoints.RestoreReport:
        """Gives the network a checkpoint's weights.

        Raises:
          InputError: the checkpoint is unreadable or of another network.
        """
        try:
            report = checkpoints.restore(
                self.model.variables_by_name,
                checkpoint,
                averages=self.use_moving_averages,
                allow_unused=self.allow_unused,
            )
        except checkpoints.Misfit as error:
            self._require_channels(checkpoint)
            raise errors.InputError(f"{error}; {self._advise(error)}") from error
        if self.folded is not None:
            self.folded.refresh()
        return report

    def _require_channels(self, checkpoint: str) -> None:
        """Raises an InputError if weights are of colour and images gray, or so."""
        variables = self.model.variables_by_name
        shapes = {
            name: variable.shape.as_list() for name, variable in variables.items()
        }
        channels = checkpoints.find_other_channels(shapes, checkpoint)
        if channels == (3, 1):
            raise errors.InputError(
                f"{checkpoint} was trained on images in colour: leave --use_grayscale"
                " out, gray images are taken as well; `slimnets train --use_grayscale"
                f" --checkpoint_path={checkpoint}` makes weights of one channel"
            )
        if channels == (1, 3):
            raise errors.InputError(
                f"{checkpoint} was trained on gray images: give --use_grayscale"
            )

    def _advise(self, error: checkpoints.Misfit) -> str:
        """Returns what to do about a checkpoint that does not fit."""
        if self.quantization is not None and error.only_missing:
            return "it was trained without --quantize_delay: leave --quantize out"
        lacks_head = len(error.scopes) == 1 and error.only_missing
        if lacks_head and "/Logits" in error.scopes[0].title():
            return (
                "without logits there is nothing to score: train them first, with"
                f" --checkpoint_exclude_scopes={error.scopes[0]}"
            )
        changed = ""
        if own.is_own(self.model.network):
            changed = f"{self.model.network.name} may have been changed since; "
        return (
            f"{changed}name its network with --model and the number of its classes with"
            " --num_classes"
        )

    def network(self, images: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Runs the network, folded, rounded or neither; call it in a tf.function.

        Args:
          images: float32 [batch, image_size, image_size, channels], preprocessed.

        Returns:
          Logits (or features), and end points by name.
        """
        if self.quantization is not None:
            # Of its own, without the scopes that replicas put before the ops' names.
            run_rounded = functools.partial(self.run_rounded, self.quantization)
            return tf.function(run_rounded, autograph=False)(images)
        run = self.model if self.folded is None else self.folded
        return run(images)

    def run_rounded(
        self, settings: FakeQuantization, images: tf.Tensor
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Adds the rounded network to a graph; images are rounded as a file's are.

        Args:
          settings: how.
          images: as `network` takes.

        Returns:
          As `network` does.
        """
        rounded = rounded_images.round_to(images, self.image_range)
        way = Computation(quantization=settings)
        with computing(way), fake_quantized.in_place():
            return self.model(rounded, is_training=False)

    def classify(
        self, images: tf.Tensor, activation: Callable[[tf.Tensor], tf.Tensor]
    ) -> tf.Tensor:
        """Returns the logits [batch, classes] of images; call it in a tf.function.

        Args:
          images: a batch of what `see` returns.
          activation: what makes probabilities of logits, which views have in common.
        """
        if self.views is None:
            return self.network(images)[0]
        logits = self.network(tf.reshape(images, [-1, *images.shape[2:]]))[0]
        return views.join(
            tf.reshape(logits, [-1, self.views.count, logits.shape[-1]]), activation
        )

    def prepare(self, function: Any, batch_size: int) -> runtimes.Run:
        """Makes the runtime ready to run batches with the weights last restored.

        Args:
          function: a tf.function from images to outputs by name.
          batch_size: of every batch to come.

        Raises:
          InputError: the runtime is not installed or lacks the precision.
        """
        size = self.model.image_size
        seen = [] if self.views is None else [self.views.count]
        shape = [batch_size, *seen, size, size, self.model.channels]
        images = tf.TensorSpec(shape, name="images")
        return runtimes.prepare(self.runtime, function, images, self.precision)


def load_predictor(
    config: TrainedNetworkConfig,
    num_classes: int | None,
    inference: InferenceConfig | None = None,
    log: Callable[[str], None] | None = None,
    test_time_augmentation: str = "none",
) -> Predictor:
    """Builds the network that a configuration names; its weights come by `restore`.

    Args:
      config: as `defaults.complete_config` returns it.
      num_classes: of the network's logits; None for features alone.
      inference: how it is to be run; None takes the defaults.
      log: gets the line that tells what --precision=auto took; None for none.
      test_time_augmentation: views of each image that `Predictor.see` prepares.

    Raises:
      InputError: a setting is at fault, or the recipe has no such views.
    """
    network = config.require_model()
    inference = precision.choose(inference or InferenceConfig(), network, log)
    # Other runtimes are given a graph in float32 and choose the kernels.
    by_layers = inference.runtime == "tensorflow"
    quantization = _make_quantization(inference)
    # Rounding folds by itself.
    folding = Folding() if inference.fold_batch_norm and not quantization else None
    # The folded kernels are made with the model, not by building it once more.
    call = None if folding is None else folding.start_call()
    with computing(Computation(folding=call, quantization=quantization)):
        model = Model(
            network,
            num_classes,
            image_size=config.image_size,
            channels=1 if config.use_grayscale else None,
            precision=tf.as_dtype(inference.precision) if by_layers else tf.float32,
        )
    size = model.image_size
    name = preprocessing.add_resizing(
        config.preprocessing_name or network, config.resizing
    )
    recipe = preprocessing.get_preprocessing(name, False, bool(config.use_grayscale))

    def preprocess(image: tf.Tensor) -> tf.Tensor:
        return recipe(image, size, size)

    return Predictor(
        model=model,
        use_moving_averages=config.use_moving_averages,
        allow_unused=config.allow_unused,
        preprocess=preprocess,
        folded=None if folding is None else FoldedModel(model, folding),
        runtime=inference.runtime,
        precision=inference.precision,
        quantization=quantization,
        image_range=None
        if quantization is None
        else rounded_images.find_range(preprocess, size, model.channels),
        views=make_views(
            test_time_augmentation, name, size, bool(config.use_grayscale)
        ),
    )


def _make_quantization(inference: InferenceConfig) -> FakeQuantization | None:
    if not inference.quantize:
        return None
    if inference.runtime != "tensorflow" or inference.precision != "float32":
        raise errors.InputError(
            "--quantize rounds in TensorFlow and float32 as an integer device would;"
            " leave --runtime and --precision out, or run `slimnets export"
            " --format=lite` for LiteRT"
        )
    return FakeQuantization(integer_kernels=True)


def to_numpy(values: Any) -> Any:
    """Returns a structure of tensors as arrays."""
    return tf.nest.map_structure(lambda tensor: tensor.numpy(), values)
