"""The weights that a Model is made with, and what goes with them."""

from typing import NamedTuple

from slimnets import checkpoints
from slimnets.checkpoints import run_settings
from slimnets.config import calls
from slimnets.nets import own, registry
from slimnets.nets.row import Builder, Network
from slimnets.weights.published import words


class Pretrained(NamedTuple):
    """A checkpoint of a network, and how it was made.

    Attributes:
      checkpoint: its path.
      network: with the arguments that the weights need.
      num_classes: of its logits; None for features alone.
      image_size: height and width in pixels that it was made for; None if unknown.
      preprocessing: the recipe that it was made for; '' for the network's own.
    """

    checkpoint: str
    network: Network
    num_classes: int | None
    image_size: int | None = None
    preprocessing: str = ""


def find(network: str | Network | Builder, weights: str) -> Pretrained:
    """Returns a network's weights, downloaded where they are named and not there yet.

    Args:
      network: a name, a reference, a builder or a row.
      weights: a word for published weights, a URL, or the path of a checkpoint.

    Raises:
      InputError: there are none.
    """
    row = registry.get_row(network)
    given = calls.parse(network).arguments if isinstance(network, str) else {}
    name = calls.parse(network).name if isinstance(network, str) else row.name
    path = checkpoints.require(words.resolve(weights, name))
    settings = run_settings.read(path)
    if settings is None:
        return Pretrained(path, row, checkpoints.read_num_classes(path, row))
    arguments = {**calls.parse(settings.model).arguments, **given}
    return Pretrained(
        path,
        own.with_arguments(row, arguments) if arguments else row,
        settings.num_classes or None,
        settings.image_size,
        settings.preprocessing_name or "",
    )
