"""The settings of the programs that run trained networks: eval, extract, export.

Their flags follow from them: see slimnets.config.dataclass_flags.
"""

import dataclasses

from slimnets import errors
from slimnets.config import choices, network_name
from slimnets.config.dataclass_flags import setting
from slimnets.config.devices import DevicesConfig
from slimnets.config.evaluation_files import EvaluationFilesConfig
from slimnets.config.feature_views import FeatureViewsConfig
from slimnets.config.post_training import PostTrainingConfig
from slimnets.config.reading import MAX_PIXELS, MAX_PIXELS_HELP, ReadingConfig
from slimnets.config.resizing import ResizingConfig
from slimnets.config.views import ViewsConfig


@dataclasses.dataclass(frozen=True)
class TrainedNetworkConfig:
    """Which trained network, and which images; what is None follows from its run."""

    checkpoint_path: str = setting(
        "/tmp/tfmodel/",
        "Folder of checkpoints (the latest is taken), or one checkpoint; or published"
        " weights by name, which are downloaded once: imagenet, tf_slim, keras, timm,"
        " torchvision/IMAGENET1K_V2, a URL (`slimnets weights` lists them).",
        path=True,
        common=True,
    )
    model: str | None = setting(
        None,
        f"{network_name.MODEL_HELP} None reads it from settings.json beside the"
        " checkpoint.",
        common=True,
    )
    import_module: str | None = setting(None, network_name.IMPORT_HELP)
    num_classes: int | None = setting(
        None,
        "Number of logits. None takes training's, or reads it from the"
        " checkpoint's shapes.",
        lowest=1,
    )
    image_size: int | None = setting(
        None,
        "Height and width of the images, in pixels. None takes training's, or the"
        " network's.",
        lowest=1,
        common=True,
    )
    preprocessing_name: str | None = setting(
        None,
        "Recipe that prepares the images, arguments in parentheses:"
        " 'standard(crop=0.95)'. None takes training's.",
        common=True,
    )
    resizing: ResizingConfig = dataclasses.field(default_factory=ResizingConfig)
    use_grayscale: bool | None = setting(
        None, "Feed the network one channel, not three. None does as in training."
    )
    upright: bool | None = setting(
        None,
        "Turn photos as their cameras noted (Exif). None does as in training, or turns"
        " them; --noupright takes the pixels as they are stored.",
    )
    labels_offset: int | None = setting(
        None,
        "Subtracted from every label: 1 gives a network of 1000 classes the images of a"
        " dataset that counts a background class 0; -1 the other way round. None"
        " matches labels with training's classes by name, where settings.json has the"
        " names; else it infers the offset from the numbers of classes, 1000 and 1001.",
        lowest=-1,
    )
    use_moving_averages: bool = setting(
        True,
        "Restore the weights' moving averages (EMA) where the checkpoint has them.",
    )
    allow_unused: bool = setting(
        False,
        "Leave out what the checkpoint holds beside the network's variables and its"
        " training's, which otherwise is taken for a sign that it is of another"
        " network.",
    )
    dataset_dir: str | None = setting(
        None,
        "Images, as training takes them: class folders, a list of photos, or TFRecords."
        " None takes what was trained on, or the handwritten digits in the package.",
        path=True,
        common=True,
    )
    dataset_name: str | None = setting(
        None, "Which dataset, where the folder holds several without dataset.json."
    )
    dataset_split_name: str | None = setting(
        None, "Split of the dataset. None takes the one that is held out.", common=True
    )

    def require_model(self) -> str:
        """Returns the network's name, as found; InputError where nothing names it."""
        if self.model is None:
            raise errors.InputError(
                "name a network with --model, or a --checkpoint_path"
            )
        return network_name.name_network(self.model, self.import_module)


@dataclasses.dataclass(frozen=True)
class InferenceConfig:
    """How a trained network is run."""

    batch_size: int = setting(
        100, "Images a step. Any size gives the same result.", lowest=1, common=True
    )
    fold_batch_norm: bool = setting(
        True,
        "Fold batch norm into the convolution before it: faster, and the same within"
        " 1e-4 of the largest value. An end point between the two is still right: it is"
        " computed separately if it is asked for. --nofold_batch_norm runs the network"
        " as it was trained.",
    )
    runtime: str = setting(
        "tensorflow",
        "Library that runs the network: tensorflow, or openvino or litert if their"
        " extras are installed. Outputs agree within 1e-4 of the largest value.",
        choices=choices.RUNTIMES,
        common=True,
    )
    precision: str = setting(
        "float32",
        "Number type to compute in. bfloat16 is meant for processors and GPUs that have"
        " it: it is slow where it is emulated, and outputs differ by up to a few"
        " percent of the largest value. litert has float32 only. auto takes what was"
        " measured to be fastest for the network on such a processor, float32 where"
        " nothing was, and says which.",
        choices=choices.INFERENCE_PRECISIONS,
        common=True,
    )
    quantize: bool = setting(
        False,
        "Round weights and activations to 8 bits, as training with --quantize_delay"
        " did: what an integer device will give. Such a checkpoint runs in float"
        " otherwise.",
        common=True,
    )


@dataclasses.dataclass(frozen=True)
class EvalConfig:
    """All settings of an evaluation."""

    trained: TrainedNetworkConfig = dataclasses.field(
        default_factory=TrainedNetworkConfig
    )
    reading: ReadingConfig = dataclasses.field(default_factory=ReadingConfig)
    inference: InferenceConfig = dataclasses.field(default_factory=InferenceConfig)
    views: ViewsConfig = dataclasses.field(default_factory=ViewsConfig)
    devices: DevicesConfig = dataclasses.field(default_factory=DevicesConfig)
    files: EvaluationFilesConfig = dataclasses.field(
        default_factory=EvaluationFilesConfig
    )
    true_labels: str | None = setting(
        None,
        "JSON file with the classes that are truly seen in each image, such as"
        " ImageNet-ReaL's real.json (arXiv:2006.07159): a list, for each of ImageNet's"
        " validation images in order, of class ids, or an object of lists of ids or"
        " names by file name. An image is right too where its most probable class is"
        " among them; those without any are left out of that score.",
        path=True,
    )
    class_map: str | None = setting(
        None,
        "File that says which class of the dataset a class of the network is, where"
        " several are one: .csv with the header network_class,dataset_class, or .json,"
        " an object. Names, ImageNet's synsets or ids. Probabilities of one class are"
        " summed; those of classes that are not in it are left out.",
        path=True,
    )
    eval_dir: str | None = setting(
        None,
        "Folder for results. None takes eval_<split> beside the checkpoint.",
        path=True,
        common=True,
    )
    eval_interval_secs: int = setting(
        0,
        "Evaluate each new checkpoint, checking for one every so many seconds. 0"
        " evaluates the latest one and ends.",
        lowest=0,
        common=True,
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

    trained: TrainedNetworkConfig = dataclasses.field(
        default_factory=TrainedNetworkConfig
    )
    reading: ReadingConfig = dataclasses.field(default_factory=ReadingConfig)
    inference: InferenceConfig = dataclasses.field(default_factory=InferenceConfig)
    images: str | None = setting(
        None,
        "Folder of image files to run instead of a dataset.",
        path=True,
        common=True,
    )
    end_points: tuple[str, ...] = setting(
        (),
        "Comma-separated end points, shell wildcards allowed, such as layer_1*.",
        common=True,
    )
    pool: bool = setting(
        False,
        "Write the mean of each end point over height and width, a vector of its"
        " channels for each image, in the place of the whole.",
        common=True,
    )
    output: str | None = setting(
        None,
        "File to write: .npz; .npy, which NumPy maps into memory, with a table of names"
        " beside it; .tfrecord; or .parquet (an extra).",
        path=True,
        common=True,
    )
    views: FeatureViewsConfig = dataclasses.field(default_factory=FeatureViewsConfig)


@dataclasses.dataclass(frozen=True)
class ExportConfig:
    """All settings of an export."""

    trained: TrainedNetworkConfig = dataclasses.field(
        default_factory=TrainedNetworkConfig
    )
    max_pixels: int = setting(MAX_PIXELS, MAX_PIXELS_HELP, lowest=1)
    format: str = setting(
        "saved_model",
        "saved_model, which TensorFlow runs; lite, which LiteRT runs on phones; onnx,"
        " for ONNX Runtime and most others; frozen_graph, as TensorFlow 1 had them;"
        " openvino, the fastest on Intel's and AMD's processors.",
        choices=choices.FORMATS,
        common=True,
    )
    output: str | None = setting(
        None, "Folder to write; it must not be there yet.", path=True, common=True
    )
    overwrite: bool = setting(
        False, "Replace the export that --output already holds.", common=True
    )
    images: str | None = setting(
        None,
        "Folder of image files to verify the export on, instead of a dataset.",
        path=True,
        common=True,
    )
    quantize: bool | None = setting(
        None,
        "Round weights and activations to 8 bits as training with --quantize_delay did:"
        " lite then computes in int8, other formats simulate it in float. None does so"
        " for lite, where the checkpoint was trained so; --noquantize writes float.",
        common=True,
    )
    precision: str = setting(
        "float32",
        "With --format=saved_model or frozen_graph: number type that the network"
        " computes in. bfloat16 is for processors that have it, and differs by up to a"
        " few percent of the largest logit; auto takes what was measured to be fastest"
        " for the network on a processor like this one, and says which.",
        choices=choices.INFERENCE_PRECISIONS,
    )
    num_images: int | None = setting(
        None,
        "Number of images, the first ones, to verify the export on. None takes 32, and"
        " all of them to score what is quantized.",
        lowest=1,
    )
    metadata: bool = setting(
        False,
        "With --format=lite: write classifier.tflite too, for MediaPipe's"
        " ImageClassifier: its metadata say how photos are normalized and what the"
        " classes are called (an extra).",
        common=True,
    )
    post_training: PostTrainingConfig = dataclasses.field(
        default_factory=PostTrainingConfig
    )


@dataclasses.dataclass(frozen=True)
class ClassifyConfig:
    """All settings of classifying photos."""

    trained: TrainedNetworkConfig = dataclasses.field(
        default_factory=TrainedNetworkConfig
    )
    inference: InferenceConfig = dataclasses.field(default_factory=InferenceConfig)
    views: ViewsConfig = dataclasses.field(default_factory=ViewsConfig)
    max_pixels: int = setting(MAX_PIXELS, MAX_PIXELS_HELP, lowest=1)
    top: int = setting(5, "Most probable classes to show.", lowest=1, common=True)
    format: str = setting(
        "table",
        "How to write what was found, to standard output: a table to read, JSON lines"
        " or CSV.",
        choices=choices.CLASSIFICATION_FORMATS,
        common=True,
    )
    explain: bool = setting(
        False,
        "Write beside each photo NAME.explained.png: what the network saw, with colours"
        " where it speaks for the most probable class (Grad-CAM, arXiv:1610.02391).",
        common=True,
    )
