r"""Turns published weights into a TF-Slim checkpoint, and back to Keras or PyTorch.

  python -m train.convert_weights --from=keras --weights=mobilenet_v2.weights.h5 \
      --model=mobilenet_v2 --output=checkpoints/mobilenet_v2

--from says what --weights is:

  keras         keras.applications' .weights.h5, .h5 or .keras
  torch         a state dict of torchvision or timm: .pth, .pt or .safetensors; it is
                read without running any code in it
  frozen_graph  a .pb with the weights as constants, made of a TF-Slim graph
  saved_model   the folder of a SavedModel, made of a TF-Slim graph
  tflite        a .tflite, float or quantised, made of a TF-Slim graph
  checkpoint    a TensorFlow checkpoint by variable names, of today's format or of V1

--to=keras writes <model>.weights.h5, which keras.applications' network loads, and
--to=torch <model>.safetensors, a state dict of the --variant. Nothing is written unless
every variable is found and matches: otherwise the exit status is 2, and one line tells
what is wrong.
"""

from pathlib import Path

from absl import flags

from slimnets import errors, startup
from slimnets.config import choices, dataclass_flags

_FROM = flags.DEFINE_enum(
    "from", None, choices.WEIGHT_SOURCES, "What --weights is; see above.", required=True
)
_TO = flags.DEFINE_enum("to", "checkpoint", choices.WEIGHT_TARGETS, "What to write.")
_WEIGHTS = dataclass_flags.define_path(
    "weights",
    None,
    "The file to convert, or the folder of a SavedModel or of checkpoints.",
    required=True,
)
_MODEL = flags.DEFINE_string(
    "model",
    None,
    "The network of the weights, a classifier that `slimnets list` has. Without it a"
    " checkpoint is rewritten whole.",
)
_OUTPUT = dataclass_flags.define_path(
    "output",
    None,
    "Folder to write into, made if missing; also a file's path, which for Keras ends in"
    " .weights.h5, for PyTorch in .safetensors.",
    required=True,
)
_IGNORE_MISSING = flags.DEFINE_bool(
    "ignore_missing_vars",
    False,
    "Write a checkpoint without the variables that are not in --weights.",
)
_ALLOW_UNUSED = flags.DEFINE_bool(
    "allow_unused",
    False,
    "Leave out what --weights holds beside the network's variables, which otherwise is"
    " taken for a sign that it is of another network. Optimizers' slots and auxiliary"
    " heads are left out anyway.",
)
_AVERAGES = flags.DEFINE_bool(
    "use_moving_averages",
    False,
    "Of PyTorch's files, take the weights' moving averages (EMA) where they have them"
    " too. Those of checkpoints are taken anyway.",
)
_VARIANT = flags.DEFINE_enum(
    "variant",
    None,
    choices.TORCH_VARIANTS,
    "Of PyTorch's files, whose network they are of, where the names in them fit several"
    " that pad and normalize differently; with --to=torch whose to write, by default"
    " the first of them. timm_tf are timm's networks whose names begin with tf_: by"
    " default those of files whose names do.",
)
_FLIP = flags.DEFINE_bool(
    "flip_input_channels",
    False,
    "Reverse the input channels of the first convolution. keras.applications' ImageNet"
    " weights of VGG and ResNet-50 were trained on BGR images, our recipes give RGB.",
)
_OVERWRITE = flags.DEFINE_bool(
    "overwrite", False, "Replace the checkpoint or file that the output already holds."
)
flags.adopt_module_key_flags(dataclass_flags)


def main(argv: list[str]) -> None:
    """Converts, prints what matched."""
    errors.refuse_arguments(argv)
    import tensorflow as tf

    from slimnets.weights import convert

    tf.config.set_visible_devices([], "GPU")  # nothing is computed
    conversion = convert.convert(
        _FROM.value,
        _WEIGHTS.value,
        _MODEL.value,
        Path(_OUTPUT.value),
        to=_TO.value,
        ignore_missing=_IGNORE_MISSING.value,
        allow_unused=_ALLOW_UNUSED.value,
        use_moving_averages=_AVERAGES.value,
        variant=_VARIANT.value,
        flip_input_channels=_FLIP.value,
        overwrite=_OVERWRITE.value,
    )
    print(conversion)


if __name__ == "__main__":
    startup.run(main)
