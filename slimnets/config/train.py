"""The settings of training, with the values that research/slim gave them.

The flags of the programs follow from them: see slimnets.config.dataclass_flags.
"""

import dataclasses
import math
from typing import Literal

from slimnets.config import choices, network_name
from slimnets.config.augmentation import AugmentationConfig
from slimnets.config.averaging import AveragingConfig
from slimnets.config.dataclass_flags import setting
from slimnets.config.devices import DevicesConfig
from slimnets.config.freezing import FreezingConfig
from slimnets.config.loss import LossConfig
from slimnets.config.optimization import (
    GradientConfig,
    LearningRateConfig,
    OptimizerConfig,
)
from slimnets.config.quantization import QuantizationConfig
from slimnets.config.reading import ReadingConfig
from slimnets.config.resizing import ResizingConfig
from slimnets.config.sampling import SamplingConfig
from slimnets.config.validation import ValidationConfig


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which images, and how they are prepared."""

    dataset_dir: str | None = setting(
        None,
        "Folder of photos in class folders, or in train/ and validation/ folders of"
        " these, or a list of photos with their labels (.csv, .tsv, .jsonl): these are"
        " converted once, into the cache; or folder of TFRecords, as `slimnets convert`"
        " writes them or TF-Slim's scripts did; or tfds:NAME, of TensorFlow Datasets."
        " None takes the digits in the package.",
        path=True,
        common=True,
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
        "Recipe that prepares the images: inception, vgg, imagenet, standard, cifarnet,"
        " lenet or plain, with arguments in parentheses if they are to differ:"
        " 'standard(crop=0.95)'. None takes that of published weights, or else the"
        " network's own.",
        common=True,
    )
    image_size: int | None = setting(
        None,
        "Height and width of the images, in pixels. None takes the network's.",
        lowest=1,
        common=True,
    )
    use_grayscale: bool = setting(False, "Feed the network one channel, not three.")
    upright: bool = setting(
        True,
        "Turn photos as their cameras noted (Exif), as viewers show them. --noupright"
        " takes the pixels as they are stored.",
    )
    batch_size: int | Literal["auto"] = setting(
        32,
        "Images a step, over all replicas together. auto tries 8, 16, 32, ... before"
        " training and takes the smallest that is within 5 % of the fastest; it does"
        " not scale the learning rate, which --scale_learning_rate does.",
        lowest=1,
        common=True,
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

    @property
    def known_batch_size(self) -> int:
        """batch_size, a number once --batch_size=auto has been resolved.

        Raises:
          ValueError: it is "auto" still.
        """
        return int(self.batch_size)


@dataclasses.dataclass(frozen=True)
class FineTuneConfig:
    """What training starts from."""

    checkpoint_path: str | None = setting(
        None,
        "Checkpoint, or folder of checkpoints, whose weights to start from; or"
        " published weights by name, which are downloaded once: imagenet, tf_slim,"
        " keras, timm, torchvision/IMAGENET1K_V2, a URL (`slimnets weights` lists"
        " them). A head for another number of classes is left out. Not read where"
        " train_dir has a checkpoint already.",
        path=True,
        common=True,
    )
    checkpoint_exclude_scopes: tuple[str, ...] = setting(
        (),
        "Comma-separated prefixes of variables not to read from checkpoint_path, such"
        " as MobilenetV1/Logits, or `logits`: the head of any network, for as many"
        " classes but other ones.",
    )
    ignore_missing_vars: bool = setting(
        False,
        "Start variables anew that checkpoint_path lacks, and leave out what it holds"
        " beside the network's.",
    )
    allow_unused: bool = setting(
        False,
        "Leave out what checkpoint_path holds beside the network's variables and its"
        " training's, which otherwise is taken for a sign that it is of another"
        " network.",
    )


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """Where training runs, how long, and what it leaves behind."""

    train_dir: str = setting(
        "/tmp/tfmodel/",
        "Folder for checkpoints, settings and TensorBoard's files.",
        path=True,
        common=True,
    )
    max_number_of_steps: int | str | None = setting(
        None,
        "Last step: 5000, or that after so many epochs: 10ep. With neither this nor"
        " num_epochs, training goes on until stopped.",
        duration=True,
        lowest=1,
        common=True,
    )
    num_epochs: float | None = setting(
        None,
        "How long to train, in passes over the images.",
        above=0,
        below=math.inf,
        common=True,
    )
    seed: int | None = setting(
        None,
        "Seed of weights, shuffling, augmentation and dropout. On a CPU, runs of one"
        " seed end with the same bytes in every variable, however often they are"
        " stopped, killed and resumed, with the same flags on the same machine. On a"
        " GPU, and with --data_service, sums and images come in no fixed order. None"
        " differs at each run.",
        common=True,
    )
    sync_batch_norm: bool = setting(
        False,
        "Let batch norm take the moments of all replicas' images together, as one"
        " device would with the whole batch. For few images on each replica.",
    )
    steps_per_call: int = setting(
        1,
        "Steps that TensorFlow takes at a time, with as many batches in memory. Meant"
        " for GPUs that wait for Python between the steps of a small network; on a CPU"
        " it made no difference. Logs, checkpoints and Ctrl-C wait for the end of a"
        " call.",
        lowest=1,
    )
    log_every_n_steps: int | str = setting(
        10,
        "Steps, or epochs (0.1ep), between two reports of loss and speed; 0 for none.",
        duration=True,
    )
    save_summaries_secs: int = setting(
        600, "Seconds between two summaries of input images; 0 for one.", lowest=0
    )
    save_interval_secs: int = setting(
        600, "Seconds between two checkpoints; 0 for none by the clock.", lowest=0
    )
    save_interval_steps: int | str = setting(
        0,
        "Steps, or epochs (1ep), between two checkpoints; 0 for none by steps.",
        duration=True,
    )
    max_checkpoints_to_keep: int = setting(
        5, "Newest checkpoints kept; 0 keeps all.", lowest=0
    )


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """All settings of a training run."""

    model: str = setting("", network_name.MODEL_HELP, common=True)
    import_module: str | None = setting(None, network_name.IMPORT_HELP)
    data: DataConfig = dataclasses.field(default_factory=DataConfig)
    optimization: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)
    learning_rate: LearningRateConfig = dataclasses.field(
        default_factory=LearningRateConfig
    )
    gradients: GradientConfig = dataclasses.field(default_factory=GradientConfig)
    averaging: AveragingConfig = dataclasses.field(default_factory=AveragingConfig)
    sampling: SamplingConfig = dataclasses.field(default_factory=SamplingConfig)
    losses: LossConfig = dataclasses.field(default_factory=LossConfig)
    fine_tuning: FineTuneConfig = dataclasses.field(default_factory=FineTuneConfig)
    freezing: FreezingConfig = dataclasses.field(default_factory=FreezingConfig)
    quantization: QuantizationConfig = dataclasses.field(
        default_factory=QuantizationConfig
    )
    run: RunConfig = dataclasses.field(default_factory=RunConfig)
    devices: DevicesConfig = dataclasses.field(default_factory=DevicesConfig)
    reading: ReadingConfig = dataclasses.field(default_factory=ReadingConfig)
    validation: ValidationConfig = dataclasses.field(default_factory=ValidationConfig)
    augmentation: AugmentationConfig = dataclasses.field(
        default_factory=AugmentationConfig
    )
    resizing: ResizingConfig = dataclasses.field(default_factory=ResizingConfig)
    precision: str = setting(
        "auto",
        "Number type that the network computes in; weights, losses and checkpoints are"
        " float32 in any case. auto takes the fastest measured for the network:"
        " bfloat16 on a GPU that has it, float16 on one with tensor cores for that"
        " alone, on a CPU what slimnets/nets/fastest.csv has of it; else float32."
        " float16 trains with dynamic loss scaling; it is meant for GPUs, as CPUs also"
        " accumulate in it.",
        choices=choices.TRAINING_PRECISIONS,
        common=True,
    )
    recompute_gradients: bool = setting(
        False,
        "Gradient checkpointing: keep the inputs of a network's blocks alone, and"
        " recompute the rest in the backward pass. Half the memory or less for up to a"
        " third more time, and the same weights. Beside the weights, a step on 16"
        " images of 224x224 pixels takes 0.6 GB instead of 1.35 for resnet_v1_50, 1.0"
        " GB instead of 2.2 for densenet_121.",
    )
    weight_decay: float = setting(
        0.00004,
        "Weight of the L2 regularizers; replaces the network's own.",
        lowest=0,
        common=True,
    )
    adapt_batch_norm_decay: bool = setting(
        True,
        "Limit the decay of batch norm's moving averages to (1 + step) / (10 + step),"
        " so that they follow early steps quickly and short runs evaluate well. No"
        " difference after some thousand steps. --noadapt_batch_norm_decay always uses"
        " the network's own decay.",
    )

    @property
    def network(self) -> str:
        """The network's name, which says where to find it if it is the user's own."""
        return network_name.name_network(self.model, self.import_module)
