"""Matches what a file holds to the variables of a network."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.nets import registry
from slimnets.weights import rules
from slimnets.weights.rules import Found

# Heads that training alone needs; Keras and exported graphs lack them.
AUXILIARY = "/AuxLogits/"


@dataclasses.dataclass(frozen=True)
class Match:
    """Values for a network's variables.

    Attributes:
      values: by name, in the order in which the builder asks for them.
      report: what matched and what did not.
      num_classes: of the logits; None where there are features alone.
      notes: what the user should know besides.
      arguments: of the builder, under which its logits are those of the file's library.
    """

    values: dict[str, np.ndarray]
    report: checkpoints.RestoreReport
    num_classes: int | None
    notes: tuple[str, ...]
    arguments: Mapping[str, Any]


def match_variables(
    path: str,
    network: str,
    found: Found,
    ignore_missing: bool = False,
    allow_unused: bool = False,
) -> Match:
    """Brings what a file holds into the shapes of a network's variables.

    The number of classes is the file's. An auxiliary head that the file lacks gets the
    values that training would begin with.

    Args:
      path: of the file.
      network: a name of the registry.
      found: what it holds.
      ignore_missing: leave out the variables that it lacks.
      allow_unused: leave out what it holds beside them. Optimizers' slots and auxiliary
        heads always are.

    Raises:
      InputError: a variable is missing or has another shape, or the file holds what has
        no place in the network, as another network's does.
    """
    held = {name: value.shape for name, value in found.values.items()}
    num_classes = checkpoints.infer_num_classes(held, network)
    shapes = checkpoints.get_variable_shapes(network, num_classes)
    values = {
        name: rules.reshape_matrix(found.values[name], shape)
        for name, shape in shapes.items()
        if name in found.values
    }
    absent = [name for name in shapes if name not in values]
    untrained = [name for name in absent if AUXILIARY in name]
    missing = tuple(name for name in absent if name not in untrained)
    _check(path, network, found, shapes, values, () if ignore_missing else missing)
    extra = [name for name in found.values if name not in shapes]
    unused = [*extra, *found.unused]
    if not allow_unused:
        checkpoints.require_used(path, unused, list(shapes), network)
    initial = _make_initial_values(network, num_classes, untrained)
    complete = values | initial
    return Match(
        values={name: complete[name] for name in shapes if name in complete},
        report=checkpoints.RestoreReport(
            path=path,
            restored=tuple(values),
            excluded=(),
            missing=missing,
            unused=tuple(unused),
            verb="converted",
        ),
        num_classes=num_classes,
        notes=(*found.notes, *_note_untrained(untrained), *_note_not_finite(values)),
        arguments=found.arguments,
    )


def _check(
    path: str,
    network: str,
    found: Found,
    shapes: Mapping[str, list[int]],
    values: Mapping[str, np.ndarray],
    missing: tuple[str, ...],
) -> None:
    try:
        checkpoints.require_match(
            shapes,
            {name: value.shape for name, value in values.items()},
            path,
            missing,
            [*found.values, *found.unused],
        )
    except checkpoints.Misfit as error:
        hint = " --ignore_missing_vars leaves it out" if error.only_missing else ""
        raise errors.InputError(
            f"{error}; are these the weights of {network}?{hint}"
        ) from error


def _note_not_finite(values: Mapping[str, np.ndarray]) -> list[str]:
    note = checkpoints.describe_not_finite(checkpoints.list_not_finite(values))
    return [note] if note else []


def _note_untrained(names: list[str]) -> list[str]:
    if not names:
        return []
    return [
        f"{len(names)} variables of the auxiliary head, which only training uses, are"
        " not in it and have initial values"
    ]


def _make_initial_values(
    network: str, num_classes: int | None, names: list[str]
) -> dict[str, np.ndarray]:
    """Returns what training would begin with, the same ones at each call."""
    if not names:
        return {}
    row = registry.get_row(network)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.compat.v1.set_random_seed(0)
        images = tf.zeros([1, row.image_size, row.image_size, row.channels])
        registry.get_network_fn(network, num_classes)(images)
        made = {v.op.name: v for v in tf.compat.v1.global_variables()}
        return session.run({name: made[name].initial_value for name in names})
