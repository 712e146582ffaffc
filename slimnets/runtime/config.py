"""Every setting of the programs, with the values that research/slim gave them.

The one place where flags turn into values: see slimnets.runtime.settings.
"""

import dataclasses
from typing import Literal

from slimnets import errors
from slimnets.export import formats, runtimes
from slimnets.runtime import distribute, precision, schedules
from slimnets.runtime.optimizers import OptimizerConfig
from slimnets.runtime.settings import setting


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which images, and how they are prepared."""

    dataset_dir: str | None = setting(
        None,
        "Folder of TFRecords, as train.convert_image_folder writes them or TF-Slim's"
        " scripts did. None takes the handwritten digits inside the package.",
    )
    dataset_name: str | None = setting(
        None, "Which dataset, where the folder holds several without dataset.json."
    )
    dataset_split_name: str = setting("train", "Split of the dataset.")
    labels_offset: int = setting(
        0,
        "Subtracted from every label: 1 gives a network of 1000 classes the images of a"
        " dataset that counts a background class 0; -1 the other way round.",
        lowest=-1,
    )
    preprocessing_name: str | None = setting(
        None,
        "Recipe that prepares the images: inception, vgg, cifarnet, lenet or plain."
        " None takes the network's own.",
    )
    image_size: int | None = setting(
        None,
        "Height and width of the images, in pixels. None takes the network's.",
        lowest=1,
    )
    use_grayscale: bool = setting(False, "Feed the network one channel, not three.")
    batch_size: int | Literal["auto"] = setting(
        32,
        "Images a step, over all replicas together. auto tries 8, 16, 32, ... before"
        " training and takes the smallest that is within 5 % of the fastest; it does"
        " not scale the learning rate.",
        lowest=1,
    )
    num_readers: int = setting(4, "Files read at the same time.", lowest=1)
    num_preprocessing_threads: int = setting(
        0, "Images prepared at the same time; 0 lets tf.data choose.", lowest=0
    )
    cache: bool = setting(
        False,
        "Keep the encoded images in memory after the first epoch, where the disk or the"
        " network file system is slow.",
    )
    data_service: str | None = setting(
        None,
        "Dispatcher of a tf.data service, such as grpc://host:5050, whose workers"
        " prepare the images; they have to find the same files. None: this process.",
    )


@dataclasses.dataclass(frozen=True)
class LearningRateConfig:
    """The learning rate over a run, in epochs; `schedule` gives it in steps."""

    learning_rate_decay_type: str = setting(
        "exponential",
        "How the learning rate falls.",
        choices=tuple(schedules.SCHEDULES),
    )
    learning_rate: float = setting(0.01, "Learning rate before it decays.", lowest=0)
    end_learning_rate: float = setting(
        0.0001, "Learning rate at the end of polynomial and cosine decay."
    )
    learning_rate_decay_factor: float = setting(
        0.94, "Factor of exponential decay, applied every num_epochs_per_decay."
    )
    num_epochs_per_decay: float = setting(
        2.0, "Epochs between two exponential decays, or until polynomial's end."
    )
    warmup_epochs: float = setting(
        0.0,
        "Epochs over which the learning rate rises from 0 at the start.",
        lowest=0,
    )

    def schedule(
        self, num_examples: int, batch_size: int, total_steps: int | None
    ) -> schedules.Schedule:
        """Returns the learning rate by step.

        Args:
          num_examples: in an epoch.
          batch_size: examples a step.
          total_steps: the run's last step; None where it never ends.
        """
        if self.learning_rate_decay_type == "cosine" and total_steps is None:
            raise errors.InputError(
                "--learning_rate_decay_type=cosine needs an end: give --num_epochs or"
                " --max_number_of_steps"
            )
        return schedules.Schedule(
            kind=self.learning_rate_decay_type,
            learning_rate=self.learning_rate,
            decay_steps=schedules.decay_steps(
                num_examples, self.num_epochs_per_decay, batch_size
            ),
            decay_factor=self.learning_rate_decay_factor,
            end_learning_rate=self.end_learning_rate,
            total_steps=total_steps or 0,
            warmup_steps=round(self.warmup_epochs * num_examples / batch_size),
        )


@dataclasses.dataclass(frozen=True)
class FineTuneConfig:
    """What training starts from."""

    checkpoint_path: str | None = setting(
        None,
        "Checkpoint, or folder of checkpoints, whose weights to start from. Not read"
        " where train_dir has a checkpoint already.",
    )
    checkpoint_exclude_scopes: tuple[str, ...] = setting(
        (),
        "Comma-separated prefixes of variables not to read from checkpoint_path, such"
        " as MobilenetV1/Logits for another number of classes.",
    )
    trainable_scopes: tuple[str, ...] = setting(
        (), "Comma-separated prefixes of the variables to train. None given: all."
    )
    ignore_missing_vars: bool = setting(
        False, "Start variables anew that checkpoint_path lacks."
    )


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Where training runs, how long, and what it leaves behind."""

    train_dir: str = setting(
        "/tmp/tfmodel/", "Folder for checkpoints, settings and TensorBoard's files."
    )
    max_number_of_steps: int | None = setting(
        None,
        "Last step. With neither this nor num_epochs training never ends.",
        lowest=1,
    )
    num_epochs: float | None = setting(None, "Length in passes over the images.")
    seed: int | None = setting(
        None, "Seed of weights, shuffling and augmentation. None differs at each run."
    )
    strategy: str = setting(
        "none",
        "none: one device. mirrored: all of this machine's. multi_worker: the machines"
        " that TF_CONFIG names.",
        choices=distribute.STRATEGIES,
    )
    num_clones: int = setting(
        0, "Replicas on this machine; 0 takes one per GPU, or one CPU.", lowest=0
    )
    clone_on_cpu: bool = setting(False, "Put the replicas on CPUs, GPUs or not.")
    steps_per_call: int = setting(
        1,
        "Steps that TensorFlow takes at a time, with as many batches in memory. Meant"
        " for GPUs that wait for Python between the steps of a small network; on a CPU"
        " it made no difference. Logs, checkpoints and Ctrl-C wait for the end of a"
        " call.",
        lowest=1,
    )
    log_every_n_steps: int = setting(
        10, "Steps between two reports of loss and speed; 0 for none.", lowest=0
    )
    save_summaries_secs: int = setting(
        600, "Seconds between two summaries of input images; 0 for one.", lowest=0
    )
    save_interval_secs: int = setting(
        600, "Seconds between two checkpoints; 0 for none by the clock.", lowest=0
    )
    save_interval_steps: int = setting(
        0, "Steps between two checkpoints; 0 for none by steps.", lowest=0
    )
    max_checkpoints_to_keep: int = setting(
        5, "Newest checkpoints kept; 0 keeps all.", lowest=0
    )


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """All settings of a training run."""

    model: str = setting("", "The network: one of slimnets.list_networks().")
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    optimization: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    learning_rate: LearningRateConfig = dataclasses.field(
        default_factory=LearningRateConfig
    )
    fine_tuning: FineTuneConfig = dataclasses.field(default_factory=FineTuneConfig)
    run: RunConfig = dataclasses.field(default_factory=RunConfig)
    precision: str = setting(
        "auto",
        "What the network computes in; weights, losses and checkpoints are float32"
        " whatever it is. auto takes the fastest measured for the network: bfloat16 on"
        " a GPU that has it, and on a CPU that has it for networks of large"
        " convolutions; float16 on GPUs with tensor cores for that alone; else float32."
        " float16 trains with a loss scale that finds itself; it is meant for GPUs, as"
        " CPUs also add up in it.",
        choices=precision.CHOICES,
    )
    recompute_gradients: bool = setting(
        False,
        "Keep only what goes in and out of a network's blocks, and compute the rest"
        " again when its gradients are due: half the memory or less for up to a third"
        " more time, and the same weights. A step of 16 images of 224x224 pixels takes"
        " 0.6 GB in place of 1.35 of resnet_v1_50, 1.0 GB in place of 2.2 of"
        " densenet_121, beside the weights.",
    )
    weight_decay: float = setting(
        0.00004, "Weight of the L2 regularizers; replaces the network's own.", lowest=0
    )
    label_smoothing: float = setting(
        0.0, "Share of each label that is spread over all classes, in [0, 1)."
    )
    adapt_batch_norm_decay: bool = setting(
        True,
        "Let batch norm's moving averages follow quickly at first, by a decay of at"
        " most (1 + step) / (10 + step), so that short runs evaluate well. No"
        " difference after some thousand steps. --noadapt_batch_norm_decay: the"
        " network's own, always.",
    )
    moving_average_decay: float | None = setting(
        None,
        "Decay of the moving averages of all weights, such as 0.9999. None keeps none.",
    )


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
        choices=tuple(runtimes.RUNTIMES),
    )
    precision: str = setting(
        "float32",
        "What it computes in. bfloat16 is meant for processors and GPUs that have it:"
        " it is slow where it is emulated, and off by up to a few percent of the"
        " largest value; litert has none.",
        choices=runtimes.PRECISIONS,
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
        choices=tuple(formats.FORMATS),
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
