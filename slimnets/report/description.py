"""A network in words and numbers: its layers, its end points, its totals."""

import itertools
from collections.abc import Sequence

from slimnets.nets.blueprint import Blueprint
from slimnets.nets.row import Network
from slimnets.report import receptive_field
from slimnets.report.layers import Layer, list_layers
from slimnets.report.receptive_field import Field

LEGEND = """\
madds: multiply-adds of convolutions and matrix products, in millions for one image.
/2: stride 2. g32: 32 groups of channels. sep: depthwise, then 1x1.
sees: the receptive field in pixels, not cut at the border; all: the whole image.
A gate of squeeze and excite sees all of it; what it scales keeps the field it had.
stride: pixels of the image from one feature to the next."""


def describe(network: Network, blueprint: Blueprint) -> str:
    """Returns the tables of a network's layers and end points.

    Args:
      network: its row in the registry.
      blueprint: the network as it is to be described.
    """
    return "\n\n".join(
        [
            _title(network, blueprint),
            _layer_table(blueprint),
            _end_point_table(blueprint),
            LEGEND,
        ]
    )


def _title(network: Network, blueprint: Blueprint) -> str:
    accuracy = [
        f"{name} {value:.1f} %"
        for name, value in (("top-1", network.top1), ("top-5", network.top5))
        if value is not None
    ]
    lines = [f"{network.name}: {network.paper}"]
    if accuracy:
        lines.append(
            f"published: {', '.join(accuracy)}, {network.classes} classes,"
            f" {network.image_size}x{network.image_size} images"
        )
    lines.append(f"here: images of {_by(blueprint.images.shape.as_list()[1:])}")
    return "\n".join(lines)


def _layer_table(blueprint: Blueprint) -> str:
    layers = list_layers(blueprint)
    scope = _common_scope([layer.name for layer in layers])
    header = ("type", "output", "params", "madds M", "sees")
    rows: list[tuple[str, ...]] = [(*header, f"layer in {scope}" if scope else "layer")]
    rows += [_layer_row(layer, scope) for layer in layers]
    parameters = sum(layer.parameters for layer in layers)
    madds = sum(layer.multiply_adds for layer in layers)
    total = ("total", "", f"{parameters:,}", _millions(madds), "")
    rows.append((*total, _variables(blueprint)))
    return _aligned(rows, left=(0, 5))


def _layer_row(layer: Layer, scope: str) -> tuple[str, ...]:
    return (
        layer.kind,
        _by(layer.shape),
        f"{layer.parameters:,}",
        _millions(layer.multiply_adds) if layer.multiply_adds else "",
        _size(layer.field),
        layer.name.removeprefix(scope),
    )


def _millions(multiply_adds: int) -> str:
    return f"{multiply_adds / 1e6:,.2f}"


def _variables(blueprint: Blueprint) -> str:
    trained = len(blueprint.trainable)
    kept = len(blueprint.variables) - trained
    return f"{trained} variables trained" + (f", {kept} averaged" if kept else "")


def _end_point_table(blueprint: Blueprint) -> str:
    fields = receptive_field.fields(blueprint.graph, blueprint.images)
    rows = [("stride", "sees", "output", "end point")]
    for name, tensor in blueprint.end_points.items():
        field = fields[tensor.op]
        shape = _by(tensor.shape.as_list()[1:])
        rows.append((_by(field.stride or ()), _size(field), shape, name))
    return _aligned(rows, left=(3,))


def _size(field: Field) -> str:
    return _by(field.size) if field.size else "all"


def _by(numbers: Sequence[float]) -> str:
    """Returns 7x7x512; a pair of equals as one number."""
    if len(numbers) == 2 and numbers[0] == numbers[1]:
        numbers = numbers[:1]
    return "x".join(f"{number:g}" for number in numbers)


def _common_scope(names: Sequence[str]) -> str:
    """Returns the scopes, with a slash after each, that all names lie in."""
    parts = zip(*(name.split("/")[:-1] for name in names), strict=False)
    shared = itertools.takewhile(lambda part: len(set(part)) == 1, parts)
    return "".join(f"{part[0]}/" for part in shared)


def _aligned(rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """Returns a table; the columns `left` begin, the others end, on one line."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if index in left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
