"""A trained network and the images to run it on, as the programs of eval/ find them."""

import dataclasses
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.checkpoints import run_settings
from slimnets.config.inference import InferenceConfig, SourceConfig
from slimnets.datasets import registry as datasets
from slimnets.export import runtimes
from slimnets.inference.folded_model import FoldedModel
from slimnets.layers.computation import Computation, computing
from slimnets.layers.folding import Folding
from slimnets.model import Model
from slimnets.preprocessing import registry as preprocessing

# The names that datasets give to the split that is kept from training.
HELD_OUT = ("validation", "test", "val")


@dataclasses.dataclass(frozen=True)
class Source:
    """A network in inference mode, and how its images are prepared.

    Attributes:
      model: with the checkpoint's weights once `restore` was called.
      use_moving_averages: whether `restore` reads averages where there are any.
      preprocess: uint8 [h, w, c] -> float32 [image_size, image_size, c].
      folded: the model with batch norm folded; None runs the model as it is.
      runtime: what runs it, one of `config.choices.RUNTIMES`.
      precision: what the runtime computes in, one of
        `config.choices.INFERENCE_PRECISIONS`.
    """

    model: Model
    use_moving_averages: bool
    preprocess: Callable[[tf.Tensor], tf.Tensor]
    folded: FoldedModel | None = None
    runtime: str = "tensorflow"
    precision: str = "float32"

    def restore(self, checkpoint: str) -> checkpoints.Report:
        """Gives the network a checkpoint's weights.

        Raises:
          InputError: the checkpoint is unreadable or of another network.
        """
        try:
            report = checkpoints.restore(
                self.model.variables_by_name,
                checkpoint,
                averages=self.use_moving_averages,
            )
        except checkpoints.Misfit as error:
            raise errors.InputError(
                f"{error}; name its network with --model and the number of its classes"
                " with --num_classes"
            ) from error
        if self.folded is not None:
            self.folded.refresh()
        return report

    def network(self, images: tf.Tensor) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Runs the network, folded or not; call it in a tf.function."""
        run = self.model if self.folded is None else self.folded
        return run(images)

    def prepare(self, function: Any, batch_size: int) -> runtimes.Run:
        """Makes the runtime ready to run batches with the weights last restored.

        Args:
          function: a tf.function from images to outputs by name.
          batch_size: of every batch to come.

        Raises:
          InputError: the runtime is not installed or lacks the precision.
        """
        size = self.model.image_size
        shape = [batch_size, size, size, self.model.channels]
        images = tf.TensorSpec(shape, name="images")
        return runtimes.prepare(self.runtime, function, images, self.precision)


def completed(config: SourceConfig, checkpoint: str) -> SourceConfig:
    """Fills in what the settings beside a checkpoint say and the user did not.

    Raises:
      InputError: the network is named nowhere.
    """
    saved = run_settings.read(checkpoint)
    if saved is None:
        if config.model is None:
            raise errors.InputError(
                f"no {run_settings.FILE} beside {checkpoint}, so name the network with"
                " --model"
            )
        return config
    if config.model not in (None, saved.model):
        raise errors.InputError(
            f"{checkpoint} is a checkpoint of {saved.model}, says {run_settings.FILE}"
            f" beside it; leave --model={config.model} out"
        )
    facts = dataclasses.asdict(saved)
    if config.dataset_dir is not None:
        facts.pop("dataset_name")
    given = {name: value for name, value in facts.items() if hasattr(config, name)}
    missing = {n: v for n, v in given.items() if getattr(config, n) is None}
    return dataclasses.replace(config, **missing)


def find_dataset(config: SourceConfig) -> datasets.Dataset:
    """Returns the split to run on; the held-out one where none is named."""
    split = config.dataset_split_name
    if split is None:
        splits = datasets.list_splits(config.dataset_dir, config.dataset_name)
        held_out = [name for name in HELD_OUT if name in splits]
        if not held_out:
            raise errors.InputError(
                f"{config.dataset_dir} has no held-out split; name one of"
                f" {', '.join(splits)} with --dataset_split_name"
            )
        split = held_out[0]
    return datasets.get_dataset(config.dataset_dir, split, config.dataset_name)


def load(
    config: SourceConfig,
    num_classes: int | None,
    inference: InferenceConfig | None = None,
) -> Source:
    """Makes the network that a completed configuration names.

    Args:
      config: as `completed` returns it.
      num_classes: of the network's logits; None for features alone.
      inference: how it is to be run; None takes the defaults.
    """
    network = config.require_model()
    inference = inference or InferenceConfig()
    # Other runtimes are given a graph in float32 and choose the kernels.
    by_layers = inference.runtime == "tensorflow"
    folding = Folding() if inference.fold_batch_norm else None
    # What is folded is made while the model is, not by building it once more.
    call = None if folding is None else folding.start_call()
    with computing(Computation(folding=call)):
        model = Model(
            network,
            num_classes,
            image_size=config.image_size,
            channels=1 if config.use_grayscale else None,
            precision=tf.as_dtype(inference.precision) if by_layers else tf.float32,
        )
    size = model.image_size
    recipe = preprocessing.get_preprocessing(
        config.preprocessing_name or network, False, bool(config.use_grayscale)
    )
    return Source(
        model=model,
        use_moving_averages=config.use_moving_averages,
        preprocess=lambda image: recipe(image, size, size),
        folded=None if folding is None else FoldedModel(model, folding),
        runtime=inference.runtime,
        precision=inference.precision,
    )


def as_numpy(values: Any) -> Any:
    """Returns a structure of tensors as arrays."""
    return tf.nest.map_structure(lambda tensor: tensor.numpy(), values)
