"""The settings of the programs that run trained networks: eval, extract, export.

Their flags follow from them: see slimnets.config.dataclass_flags.
"""

import dataclasses

from slimnets import errors
from slimnets.config import choices
from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class SourceConfig:
    """Which trained network, and which images; what is None is read beside it."""

    checkpoint_path: str = setting(
        "/tmp/tfmodel/",
        "Folder of checkpoints (the latest is taken), or one checkpoint.",
    )
    model: str | None = setting(
        None, "The network. None reads it from settings.json beside the checkpoint."
    )
    num_classes: int | None = setting(
        None,
        "Number of logits. None reads it beside the checkpoint or off its shapes.",
        lowest=1,
    )
    image_size: int | None = setting(
        None,
        "Height and width of the images, in pixels. None reads it beside the"
        " checkpoint, or takes the network's.",
        lowest=1,
    )
    preprocessing_name: str | None = setting(
        None, "Recipe that prepares the images. None takes training's."
    )
    use_grayscale: bool | None = setting(
        None, "Feed one channel, not three. None does as in training."
    )
    labels_offset: int | None = setting(
        None,
        "Subtracted from every label: 1 gives a network of 1000 classes the images of a"
        " dataset that counts a background class 0; -1 the other way round. None tells"
        " 1000 classes from 1001 and says so, or does as in training.",
        lowest=-1,
    )
    use_moving_averages: bool = setting(
        True, "Read the weights' moving averages where the checkpoint has them."
    )
    dataset_dir: str | None = setting(
        None,
        "Folder of TFRecords. None takes the one trained on, or the handwritten digits"
        " inside the package.",
    )
    dataset_name: str | None = setting(
        None, "Which dataset, where the folder holds several without dataset.json."
    )
    dataset_split_name: str | None = setting(
        None, "Split of the dataset. None takes the one that is held out."
    )

    def require_model(self) -> str:
        """Returns the network's name; InputError where nothing names it."""
        if self.model is None:
            raise errors.InputError(
                "name a network with --model, or a --checkpoint_path"
            )
        return self.model


@dataclasses.dataclass(frozen=True)
class InferenceConfig:
    """How a trained network is run."""

    batch_size: int = setting(
        100, "Images a step. Any size gives the same result.", lowest=1
    )
    fold_batch_norm: bool = setting(
        True,
        "Let the convolutions do the work of the batch norms that follow them: faster,"
        " and the same within 1e-4 of the largest value. An end point between the two"
        " is computed beside them where it is asked for, so every one is right."
        " --nofold_batch_norm: the network as it was trained.",
    )
    runtime: str = setting(
        "tensorflow",
        "What runs the network: tensorflow, or with their extras installed openvino or"
        " litert. Same numbers within 1e-4 of the largest value.",
        choices=choices.RUNTIMES,
    )
    precision: str = setting(
        "float32",
        "What it computes in. bfloat16 is meant for processors and GPUs that have it:"
        " it is slow where it is emulated, and off by up to a few percent of the"
        " largest value; litert has none.",
        choices=choices.INFERENCE_PRECISIONS,
    )


@dataclasses.dataclass(frozen=True)
class EvalConfig:
    """All settings of an evaluation."""

    source: SourceConfig = dataclasses.field(default_factory=SourceConfig)
    inference: InferenceConfig = dataclasses.field(default_factory=InferenceConfig)
    eval_dir: str | None = setting(
        None,
        "Folder for results. None takes eval_<split> beside the checkpoint.",
    )
    eval_interval_secs: int = setting(
        0,
        "Evaluate each new checkpoint, looking for one every so many seconds. 0"
        " evaluates the present one and ends.",
        lowest=0,
    )
    timeout: int = setting(
        0,
        "Seconds to wait for a new checkpoint before ending; 0 waits without end.",
        lowest=0,
    )
    max_evals: int = setting(
        0, "End after so many evaluations; 0 does not count them.", lowest=0
    )


@dataclasses.dataclass(frozen=True)
class ExtractConfig:
    """All settings of a feature extraction."""

    source: SourceConfig = dataclasses.field(default_factory=SourceConfig)
    inference: InferenceConfig = dataclasses.field(default_factory=InferenceConfig)
    images: str | None = setting(
        None, "Folder of image files to run instead of a dataset."
    )
    end_points: tuple[str, ...] = setting(
        (), "Comma-separated end points, shell wildcards allowed, such as layer_1*."
    )
    output: str | None = setting(None, "File to write: .npz or .tfrecord.")


@dataclasses.dataclass(frozen=True)
class ExportConfig:
    """All settings of an export."""

    source: SourceConfig = dataclasses.field(default_factory=SourceConfig)
    format: str = setting(
        "saved_model",
        "saved_model, which TensorFlow runs, or lite, which LiteRT runs on phones.",
        choices=choices.FORMATS,
    )
    output: str | None = setting(None, "Folder to write; it must not be there yet.")
    overwrite: bool = setting(
        False, "Put the new export in the place of one that --output holds."
    )
    images: str | None = setting(
        None, "Folder of image files to try the export out on instead of a dataset."
    )
    num_images: int = setting(
        32, "How many of the images to try it out on, the first.", lowest=1
    )
