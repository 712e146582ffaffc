"""The words that settings take, in the order in which --help lists them.

Elsewhere a table has what each word stands for; tests/config compares them. They are
written here so that flags can be defined, and --help shown, without TensorFlow.
"""

STRATEGIES = ("none", "mirrored", "multi_worker", "parameter_server", "tpu")

OPTIMIZERS = (
    "adadelta",
    "adagrad",
    "adam",
    "adamw",
    "ftrl",
    "lamb",
    "lars",
    "momentum",
    "rmsprop",
    "sgd",
)

SCHEDULES = (
    "fixed",
    "exponential",
    "polynomial",
    "cosine",
    "plateau",
    "step",
    "multistep",
)

BEST_METRICS = ("auto", "top1", "top5", "map", "f1_micro", "f1_macro", "loss")

LOSSES = ("softmax", "sigmoid", "softmax_focal", "sigmoid_focal")

INTERPOLATIONS = ("bilinear", "bicubic", "nearest", "area")

ERASING_MODES = ("zeros", "noise")

TRAINING_PRECISIONS = ("auto", "float32", "bfloat16", "float16")

VIEWS = ("none", "flip", "five_crops", "ten_crops")  # of each image

RUNTIMES = ("tensorflow", "openvino", "litert")

INFERENCE_PRECISIONS = ("float32", "bfloat16", "auto")

FORMATS = ("saved_model", "lite", "onnx", "frozen_graph", "openvino")  # of exports

POST_TRAINING_KINDS = ("float16", "dynamic", "int8")  # of smaller weights in a lite

KEPT_AVERAGES = ("take", "keep", "drop")  # what becomes of moving averages

CLASSIFICATION_FORMATS = ("table", "jsonl", "csv")

WEIGHT_SOURCES = (
    "keras",
    "torch",
    "frozen_graph",
    "saved_model",
    "tflite",
    "checkpoint",
)

# Whose networks PyTorch's weights are of; timm's tf_ ones have names of the others.
TORCH_VARIANTS = ("torchvision", "timm", "timm_tf")
WEIGHT_TARGETS = ("checkpoint", "keras", "torch")

FOLDER_LAYOUTS = ("auto", "classes", "splits", "imagenet")  # of photos to convert

ON_BAD_RECORD = ("stop", "skip")
PROJECTIONS = ("tsne", "pca")
