"""ConvNeXt of torchvision, timm and its authors under our names."""

from collections.abc import Iterator
from functools import partial

from slimnets.nets import convnext as nets
from slimnets.weights.rules import Kind, Layer, Weight
from slimnets.weights.torch.kinds import (
    CONV_BIAS,
    DEPTHWISE,
    LAYER_NORM,
    LINEAR,
    TIMM,
    TORCHVISION,
    Table,
)

_DEPTHWISE = Kind((*DEPTHWISE.weights, LINEAR.weights[1]))
# The factor of a block's branch: timm's is a vector as ours, torchvision's a map of
# one pixel.
_SCALE = Kind((Weight("gamma", "layer_scale"),))
_SCALE_MAP = Kind(
    (Weight("layer_scale", "layer_scale", unfolded=(0,), folded=(0, 1, 1)),)
)


def torchvision(scope: str, stages: tuple[nets.Stage, ...]) -> Iterator[Layer]:
    """Yields the layers of a ConvNeXt under torchvision's names."""
    for number, stage in enumerate(stages):
        yield from _entry(f"features.{2 * number}", f"{scope}/{stage.entry}")
        for block in range(stage.blocks):
            theirs = f"features.{2 * number + 1}.{block}"
            ours = f"{scope}/stage{number + 1}/block{block + 1}"
            yield Layer(_DEPTHWISE, f"{theirs}.block.0", f"{ours}/depthwise")
            yield Layer(LAYER_NORM, f"{theirs}.block.2", f"{ours}/LayerNorm")
            yield Layer(LINEAR, f"{theirs}.block.3", f"{ours}/expand")
            yield Layer(LINEAR, f"{theirs}.block.5", f"{ours}/project")
            yield Layer(_SCALE_MAP, theirs, ours)
    yield Layer(LAYER_NORM, "classifier.0", f"{scope}/PreLogits")
    yield Layer(LINEAR, "classifier.2", f"{scope}/Logits")


def timm(scope: str, stages: tuple[nets.Stage, ...]) -> Iterator[Layer]:
    """Yields the layers of a ConvNeXt under timm's names."""
    for number, stage in enumerate(stages):
        entry = f"stages.{number}.downsample" if number else "stem"
        yield from _entry(entry, f"{scope}/{stage.entry}")
        for block in range(stage.blocks):
            theirs = f"stages.{number}.blocks.{block}"
            ours = f"{scope}/stage{number + 1}/block{block + 1}"
            yield Layer(_DEPTHWISE, f"{theirs}.conv_dw", f"{ours}/depthwise")
            yield Layer(LAYER_NORM, f"{theirs}.norm", f"{ours}/LayerNorm")
            yield Layer(LINEAR, f"{theirs}.mlp.fc1", f"{ours}/expand")
            yield Layer(LINEAR, f"{theirs}.mlp.fc2", f"{ours}/project")
            yield Layer(_SCALE, theirs, ours)
    yield Layer(LAYER_NORM, "head.norm", f"{scope}/PreLogits")
    yield Layer(LINEAR, "head.fc", f"{scope}/Logits")


def _entry(theirs: str, ours: str) -> Iterator[Layer]:
    """Yields a convolution of patches; the stem normalizes after it, others before."""
    conv, norm = (0, 1) if ours.endswith("/stem") else (1, 0)
    yield Layer(CONV_BIAS, f"{theirs}.{conv}", f"{ours}/conv")
    yield Layer(LAYER_NORM, f"{theirs}.{norm}", f"{ours}/LayerNorm")


# The authors' files, which timm names as where its weights are from.
_AUTHORS = (
    (r"^downsample_layers\.0\.", "stem."),
    (r"^downsample_layers\.(\d)\.", r"stages.\1.downsample."),
    (r"^(stages\.\d)\.(\d+)\.", r"\1.blocks.\2."),
    (r"\.dwconv\.", ".conv_dw."),
    (r"\.pwconv([12])\.", r".mlp.fc\1."),
    (r"^norm\.", "head.norm."),
    (r"^head\.(weight|bias)$", r"head.fc.\1"),
)


def _list_tables(scope: str, stages: tuple[nets.Stage, ...]) -> tuple[Table, ...]:
    return (
        Table(partial(torchvision, scope, stages), TORCHVISION),
        Table(partial(timm, scope, stages), TIMM, renamed=_AUTHORS),
    )


NETWORKS = {
    "convnext_tiny": _list_tables("convnext_tiny", nets.TINY),
    "convnext_small": _list_tables("convnext_small", nets.SMALL),
}
