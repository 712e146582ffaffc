"""Which variables a run trains, and at what share of the learning rate."""

from collections.abc import Callable, Collection, Sequence

import tensorflow as tf

from slimnets import errors
from slimnets.config.freezing import FreezingConfig
from slimnets.model import Model

HEAD = "logits"  # stands for the head, whatever its scope is


def select(model: Model, config: FreezingConfig) -> dict[str, tf.Variable]:
    """Returns the variables to train, by name.

    Args:
      model: whose they are.
      config: which ones.

    Raises:
      InputError: a scope has no trainable variable, or none is left to train.
    """
    trainable = model.trainable_by_name
    chosen: Collection[str] = trainable
    if config.trainable_scopes:
        chosen = _find(model, config.trainable_scopes, "trainable")
    frozen = _find(model, config.freeze_scopes, "frozen")
    left = {n: v for n, v in trainable.items() if n in chosen and n not in frozen}
    if not left:
        raise errors.InputError(
            "--freeze_scopes leaves no variable to train; give fewer scopes"
        )
    return left


def _find(model: Model, scopes: Sequence[str], kind: str) -> set[str]:
    """Returns the names of the trainable variables in some scopes."""
    names = list(model.trainable_by_name)
    found: set[str] = set()
    for scope in scopes:
        prefixes = name_head(model, [scope])
        matching = [name for name in names if name.startswith(prefixes)]
        if not matching:
            tops = sorted({"/".join(name.split("/")[:2]) for name in names})
            raise errors.unknown(f"{kind} scope", scope, [HEAD, *tops])
        found.update(matching)
    return found


def name_head(model: Model, scopes: Sequence[str]) -> tuple[str, ...]:
    """Returns scopes with the head's variables in the place of `logits`.

    Args:
      model: whose head it is. A scope of its own that is called so is meant, too.
      scopes: prefixes of names of variables.
    """
    if HEAD not in scopes:
        return tuple(scopes)
    is_scope = any(name.startswith(HEAD) for name in model.variables_by_name)
    others = [scope for scope in scopes if scope != HEAD or is_scope]
    return (*others, *model.find_head())


def compute_rate_scales(
    layers: Sequence[Sequence[str]], head: Collection[str], decay: float
) -> Callable[[str], float]:
    """Returns the function from a variable's name to its share of the learning rate.

    Layer-wise decay, as BEiT (arXiv:2106.08254) and ConvNeXt (arXiv:2201.03545) are
    fine-tuned: the head has the whole rate, the last layer before it `decay` times
    that, the one before `decay` times as much again.

    Args:
      layers: names of variables, first to last, as `Model.list_layers` returns them.
      head: names of the head's; so are those that no layer has.
      decay: in (0, 1].
    """
    below = [layer for layer in layers if not set(head) & set(layer)]
    scales = {
        name: decay ** (len(below) - place)
        for place, layer in enumerate(below)
        for name in layer
    }
    return lambda name: scales.get(name, 1.0)
