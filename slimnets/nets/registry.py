"""The networks by name: the rows that the families' files end with."""

import contextlib
import dataclasses
import fnmatch
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import tensorflow as tf
import tf_slim

from slimnets import errors, slim
from slimnets.config import calls
from slimnets.nets import (
    alexnet,
    cifarnet,
    convnext,
    cyclegan,
    dcgan,
    densenet,
    efficientnet,
    i3d,
    inception_resnet_v2,
    inception_v1,
    inception_v2,
    inception_v3,
    inception_v4,
    lenet,
    mnasnet,
    mobilenet_v1,
    overfeat,
    own,
    pix2pix,
    regnet,
    resnet50,
    resnet_v1,
    resnet_v2,
    s3dg,
    vgg,
    xception,
)
from slimnets.nets.mobilenet import mobilenet_v2, mobilenet_v3, mobilenet_v4
from slimnets.nets.nasnet import nasnet, pnasnet
from slimnets.nets.row import (
    CLASSIFIER,
    VIDEO_CLASSIFIER,
    ArgScope,
    Builder,
    Network,
    get_family_builder,
    set_image_size,
)

# The order in which they are listed.
FAMILIES = (
    lenet,
    cifarnet,
    alexnet,
    inception_v1,
    inception_v2,
    inception_v3,
    inception_v4,
    inception_resnet_v2,
    overfeat,
    vgg,
    mobilenet_v1,
    mobilenet_v2,
    mobilenet_v3,
    mobilenet_v4,
    nasnet,
    pnasnet,
    resnet_v1,
    resnet_v2,
    resnet50,
    efficientnet,
    mnasnet,
    densenet,
    xception,
    convnext,
    regnet,
    i3d,
    s3dg,
    dcgan,
    cyclegan,
    pix2pix,
)

NETWORKS: dict[str, Network] = {}


def register(row: Network) -> None:
    """Makes a network known under its name.

    Its builder gets the attribute `default_image_size`, which TF-Slim's users read,
    where it is this row's alone and bears its name.

    Raises:
      ValueError: there is a network of that name.
    """
    if row.name in NETWORKS:
        raise ValueError(f"there is a network {row.name!r} already; give another name")
    NETWORKS[row.name] = row
    if getattr(row.builder, "__name__", "") == row.name:
        for builder in (row.builder, get_family_builder(row.builder)):
            set_image_size(builder, row.image_size)


for _family in FAMILIES:
    for _row in _family.NETWORKS:
        register(_row)


def get_row(
    network: str | Network | Builder,
    arg_scope: ArgScope | None = None,
    *,
    kinds: Sequence[str] = (CLASSIFIER,),
) -> Network:
    """Returns the row of a network.

    Args:
      network: a name; a reference to the user's own, 'package.module:name' or
        'path/to/file.py:name', where name may be registered by importing the module;
        either of them with arguments for its builder, such as
        'mobilenet_v2(depth_multiplier=0.5)'; a builder; or a row.
      arg_scope: defaults in the place of its own; None keeps these.
      kinds: what the caller can do something with, see slimnets.nets.row.

    Raises:
      InputError: there is none, and the nearest names; or it is none of these kinds, or
        its builder lacks an argument.
    """
    if isinstance(network, Network):
        row = network
    else:
        row = _make_row(network) if callable(network) else _find_row(network)
    if row.kind not in kinds:
        raise errors.InputError(
            f"{row.name} is a {row.kind}, and this takes a classifier of images: call"
            " its builder in a graph of your own, as docs/networks.md shows"
        )
    return row if arg_scope is None else dataclasses.replace(row, arg_scope=arg_scope)


def _find_row(words: str) -> Network:
    name, arguments = calls.parse(words)
    row = _find_named(name)
    return own.with_arguments(row, arguments) if arguments else row


def _find_named(name: str) -> Network:
    if name in NETWORKS:
        return NETWORKS[name]
    if name.endswith(".py"):
        raise errors.InputError(f"which network of {name}? Give {name}:NAME")
    if not own.is_reference(name):
        raise errors.InputError(
            f"{errors.unknown('network', name, NETWORKS)}; one of your own is"
            " FILE.py:NAME, or MODULE:NAME where importing the module registers it"
        )
    reference = own.parse(name)
    found = own.find(reference)
    if isinstance(found, Network):
        return found
    if found is not None:
        return _make_row(found, reference.name)
    if reference.name in NETWORKS:
        return NETWORKS[reference.name]
    raise errors.unknown(
        f"network in {reference.module}", reference.name, own.list_names(reference)
    )


def _make_row(builder: Builder, name: str | None = None) -> Network:
    """Returns the row of a builder: its own where it is the library's."""
    if own.is_librarys(builder):
        if getattr(builder, "__name__", "") in NETWORKS:
            return NETWORKS[builder.__name__]
        for row in NETWORKS.values():
            if builder in (row.builder, get_family_builder(row.builder)):
                return row
    return own.make_row(builder, name)


def list_networks(pattern: str = "*", kind: str | None = None) -> list[str]:
    """Returns names of networks, in the order of their families.

    Args:
      pattern: shell wildcard, such as 'mobilenet*'.
      kind: 'classifier' (of images, which all programs take), 'video classifier',
        'generator' or 'discriminator'; None for all.

    Raises:
      InputError: there is no such kind.
    """
    known = dict.fromkeys(row.kind for row in NETWORKS.values())
    if kind is not None and kind not in known:
        raise errors.unknown("kind", kind, known)
    names = [name for name, row in NETWORKS.items() if kind in (None, row.kind)]
    return fnmatch.filter(names, pattern)


def get_network_fn(
    network: str | Network | Builder,
    num_classes: int | None,
    weight_decay: float = 0.0,
    is_training: bool = False,
) -> Callable[..., tuple[tf.Tensor, dict[str, tf.Tensor]]]:
    """Returns a network with its classes, weight decay and mode filled in.

    Args:
      network: a classifier of list_networks(), of images or videos; a reference,
        builder or row of one's own, see `get_row`; or a copy of a row with a shorter
        table.
      num_classes: number of logits; None or 0 gives features instead.
      weight_decay: of the L2 regularizers, >= 0.
      is_training: whether dropout and batch norm train.

    Returns:
      `network_fn(images, **kwargs) -> (net, end_points)`, which passes kwargs to the
      builder and opens the network's arg scope at each call; and its
      `default_image_size`.

    Raises:
      InputError: there is no such network; the message has the nearest names. Or it is
        no classifier.
    """
    row = get_row(network, kinds=(CLASSIFIER, VIDEO_CLASSIFIER))

    @functools.wraps(row.builder)
    def network_fn(
        images: tf.Tensor, **kwargs: Any
    ) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        defaults = _in_mode(row.make_arg_scope(weight_decay), is_training)
        with tf_slim.arg_scope(defaults), _named_arguments(row):
            return row.build(images, num_classes, is_training=is_training, **kwargs)

    network_fn.__name__ = row.name
    set_image_size(network_fn, row.image_size)
    return network_fn


@contextlib.contextmanager
def _named_arguments(row: Network) -> Iterator[None]:
    """Tells in a line of an argument that a library builder does not take."""
    try:
        yield
    except TypeError as error:
        if own.is_own(row) or "unexpected keyword argument" not in str(error):
            raise
        raise errors.InputError(f"{row.name} cannot be built: {error}") from error


def _in_mode(arg_scope: Mapping[str, Any], is_training: bool) -> Mapping[str, Any]:
    """Returns an arg scope in which layers that know the mode have it as a default.

    So a builder that forgets to hand is_training on is not evaluated as if it trained.
    """
    in_mode = [slim.batch_norm, slim.dropout]
    with (
        tf_slim.arg_scope({}),
        tf_slim.arg_scope(in_mode, is_training=is_training) as scope,
    ):
        keys = scope.keys() | arg_scope.keys()
        return {key: {**scope.get(key, {}), **arg_scope.get(key, {})} for key in keys}
