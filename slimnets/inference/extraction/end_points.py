"""What end points a model has, and which of them tells most of an image."""

import tensorflow as tf

from slimnets.model import Model


def survey(model: Model) -> tuple[dict[str, tuple[int, ...]], str | None]:
    """Returns the end points that have a row for each image.

    Returns:
      Their shapes for two images, by name, and the name of the last map of features
      before the whole image is pooled; None where there is no map.
    """
    size = model.image_size
    shape = [2, size, size, model.channels]
    with tf.__internal__.FuncGraph("end points").as_default() as graph:
        _, found = model(tf.compat.v1.placeholder(tf.float32, shape))
    kept = {name: each for name, each in found.items() if each.shape[:1] == shape[:1]}
    order = {op: place for place, op in enumerate(graph.get_operations())}
    maps = [
        (order[tensor.op], name)
        for name, tensor in kept.items()
        if tensor.shape.rank > 3 and set(tensor.shape[1:-1]) != {1}
    ]
    shapes = {name: tuple(each.shape) for name, each in kept.items()}
    return shapes, max(maps)[1] if maps else None
