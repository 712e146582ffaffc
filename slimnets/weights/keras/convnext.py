"""ConvNeXt of keras.applications under our names."""

from collections.abc import Iterator

from slimnets.nets.convnext import Stage
from slimnets.weights.keras.kinds import DENSE
from slimnets.weights.rules import Kind, Layer, Weight

_CONV = (Weight("kernel", "conv/weights"), Weight("bias", "conv/biases"))
_NORM = (Weight("gamma", "LayerNorm/gamma"), Weight("beta", "LayerNorm/beta"))
_CONV_PLACES = ("layers/conv2d/vars/0", "layers/conv2d/vars/1")
_NORM_PLACES = (
    "layers/layer_normalization/vars/0",
    "layers/layer_normalization/vars/1",
)
_STEM = Kind((*_CONV, *_NORM), "sequential", places=(*_CONV_PLACES, *_NORM_PLACES))
_DOWNSAMPLE = Kind(
    (*_NORM, *_CONV), "sequential", places=(*_NORM_PLACES, *_CONV_PLACES)
)
# A convolution of as many groups as channels: [height, width, 1, channels].
_DEPTHWISE = Kind(
    (
        Weight("kernel", "depthwise_weights", axes=(0, 1, 3, 2)),
        Weight("bias", "biases"),
    ),
    "conv2d",
)
_LAYER_NORM = Kind(
    (Weight("gamma", "gamma"), Weight("beta", "beta")), "layer_normalization"
)
_LAYER_SCALE = Kind((Weight("gamma", "layer_scale"),), "layer_scale")


def convnext(name: str, stages: tuple[Stage, ...]) -> Iterator[Layer]:
    """Yields a ConvNeXt's layers.

    Args:
      name: of both libraries' network.
      stages: its table.
    """
    for number, stage in enumerate(stages):
        entry = f"downsampling_block_{number - 1}" if number else "stem"
        kind = _DOWNSAMPLE if number else _STEM
        yield Layer(kind, f"{name}_{entry}", f"{name}/{stage.entry}")
        for block in range(stage.blocks):
            yield from _block(
                f"{name}_stage_{number}_block_{block}",
                f"{name}/stage{number + 1}/block{block + 1}",
            )
    yield Layer(_LAYER_NORM, f"{name}_head_layernorm", f"{name}/PreLogits")
    yield Layer(DENSE, f"{name}_head_dense", f"{name}/Logits")


def _block(theirs: str, ours: str) -> Iterator[Layer]:
    yield Layer(_DEPTHWISE, f"{theirs}_depthwise_conv", f"{ours}/depthwise")
    yield Layer(_LAYER_NORM, f"{theirs}_layernorm", f"{ours}/LayerNorm")
    yield Layer(DENSE, f"{theirs}_pointwise_conv_1", f"{ours}/expand")
    yield Layer(DENSE, f"{theirs}_pointwise_conv_2", f"{ours}/project")
    yield Layer(_LAYER_SCALE, f"{theirs}_layer_scale", ours)
