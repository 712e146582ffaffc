"""A network's layers, end points and totals as text."""

import itertools
from collections.abc import Sequence

from slimnets.nets.blueprint import Blueprint
from slimnets.nets.row import Network
from slimnets.report import receptive_field
from slimnets.report.layers import LayerSummary, list_layers
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
            _format_title(network, blueprint),
            _format_layers(blueprint),
            _format_end_points(blueprint),
            LEGEND,
        ]
    )


def _format_title(network: Network, blueprint: Blueprint) -> str:
    accuracy = [
        f"{name} {value:.1f} %"
        for name, value in (("top-1", network.top1), ("top-5", network.top5))
        if value is not None
    ]
    lines = [": ".join(filter(None, [network.name, network.paper]))]
    if accuracy:
        lines.append(
            f"published: {', '.join(accuracy)}, {network.classes} classes,"
            f" {network.image_size}x{network.image_size} images"
        )
    lines.append(f"here: images of {_join(blueprint.images.shape.as_list()[1:])}")
    return "\n".join(lines)


def _format_layers(blueprint: Blueprint) -> str:
    layers = list_layers(blueprint)
    scope = _find_common_scope([layer.name for layer in layers])
    header = ("type", "output", "params", "madds M", "sees")
    rows: list[tuple[str, ...]] = [(*header, f"layer in {scope}" if scope else "layer")]
    rows += [_format_layer(layer, scope) for layer in layers]
    parameters = sum(layer.parameters for layer in layers)
    madds = sum(layer.multiply_adds for layer in layers)
    total = ("total", "", f"{parameters:,}", _format_millions(madds), "")
    rows.append((*total, _count_variables(blueprint)))
    return _align(rows, left=(0, 5))


def _format_layer(layer: LayerSummary, scope: str) -> tuple[str, ...]:
    return (
        layer.kind,
        _join(layer.shape),
        f"{layer.parameters:,}",
        _format_millions(layer.multiply_adds) if layer.multiply_adds else "",
        _format_size(layer.field),
        layer.name.removeprefix(scope),
    )


def _format_millions(multiply_adds: int) -> str:
    return f"{multiply_adds / 1e6:,.2f}"


def _count_variables(blueprint: Blueprint) -> str:
    trained = len(blueprint.trainable)
    averaged = len(blueprint.variables) - trained
    text = f"{trained} variables trained"
    return f"{text}, {averaged} averaged" if averaged else text


def _format_end_points(blueprint: Blueprint) -> str:
    fields = receptive_field.compute_fields(blueprint.graph, blueprint.images)
    rows = [("stride", "sees", "output", "end point")]
    for name, tensor in blueprint.end_points.items():
        field = fields[tensor.op]
        shape = _join(tensor.shape.as_list()[1:])
        rows.append((_join(field.stride or ()), _format_size(field), shape, name))
    return _align(rows, left=(3,))


def _format_size(field: Field) -> str:
    return _join(field.size) if field.size else "all"


def _join(numbers: Sequence[float]) -> str:
    """Returns numbers as 7x7x512; a pair of equal ones as one number."""
    if len(numbers) == 2 and numbers[0] == numbers[1]:
        numbers = numbers[:1]
    return "x".join(f"{number:g}" for number in numbers)


def _find_common_scope(names: Sequence[str]) -> str:
    """Returns the scopes that all names share, with a slash after each."""
    parts = zip(*(name.split("/")[:-1] for name in names), strict=False)
    shared = itertools.takewhile(lambda part: len(set(part)) == 1, parts)
    return "".join(f"{part[0]}/" for part in shared)


def _align(rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """Returns a table, the columns `left` aligned to the left, others to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if index in left else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
