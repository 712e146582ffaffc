"""PyTorch's weights of a network, read under the names of our variables."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from slimnets import checkpoints, errors
from slimnets.weights import rules
from slimnets.weights.match import AUXILIARY
from slimnets.weights.rules import Found, Layer
from slimnets.weights.torch import files
from slimnets.weights.torch.kinds import LINEAR, NORM, TIMM_TF, Table
from slimnets.weights.torch.tables import BLURRING, OTHERS, TABLES

# What wrappers put before names: DataParallel, compile, Lightning, a user's own module.
_WRAPPERS = ("module.", "_orig_mod.", "model.", "backbone.")
_AVERAGES_TOO = (
    "it holds moving averages too, under {!r}: --use_moving_averages takes them"
)
_HEAD = "its {} is taken for the logits"
_SCALES = (
    "its batch norm has factors, which are multiplied into the kernels: the same"
    " logits, but training goes on without factors"
)
_READ_AS = (
    "read as the network of {}; that of {} has the same names but another padding or"
    " epsilon: --variant says which it is"
)
_BLURRING = (
    "read as {}; of timm's {}, which have the same tensors but blur features, the"
    " logits would be wrong"
)
_COUNTER = ".num_batches_tracked"  # of batch norm; nothing in inference depends on it


def read(
    path: Path,
    network: str,
    moving_averages: bool = False,
    variant: str | None = None,
) -> Found:
    """Reads a file of PyTorch's weights.

    Args:
      path: of the file.
      network: a name of the registry.
      moving_averages: take those of the weights where the file has them too.
      variant: the name of the table to read it by, where several fit it; None for what
        the file's name says, or else the first.

    Raises:
      InputError: it is no such file, or nobody knows PyTorch's names of the network, or
        none are of that variant.
    """
    check_known(network, variant)
    _refuse_blurring(network, path)
    stored = files.read(path, moving_averages)
    tensors = _unwrap_all(path, stored.tensors)
    fitting = _find_tables(network, tensors)
    table, note = _choose(fitting, path, variant)
    tensors = _rename(table, tensors)
    layers = _find_layers(table, tensors)
    used = {name for layer, _ in layers for name in _list_names(layer)}
    unused = [name for name in tensors if name not in used]
    head = _find_head(network, table, layers, {n: tensors[n] for n in unused})
    return Found(
        values=rescale_gamma(rules.to_ours([*layers, *head]), *table.epsilons),
        unused=[] if head else unused,
        notes=[
            *table.describe(),
            *([note] if note else []),
            *_note_scales(layers),
            *([] if variant else _note_blurring(network)),
            *([_HEAD.format(unused[0].rpartition(".")[0])] if head else []),
            *([_AVERAGES_TOO.format(stored.averages)] if stored.averages else []),
        ],
        arguments=table.arguments,
    )


def check_known(network: str, variant: str | None) -> None:
    """Raises InputError for a network, or a variant of it, whose names nobody knows."""
    if network in OTHERS:
        raise errors.InputError(
            f"PyTorch's weights do not fit {network}: {OTHERS[network]}"
        )
    if network not in TABLES:
        raise errors.InputError(
            f"PyTorch's names of {network} are not known; known: {', '.join(TABLES)}"
        )
    known = [table.name for table in TABLES[network]]
    if variant not in (None, *known):
        raise errors.InputError(
            f"no names of {network} are known as {variant}'s; known: {', '.join(known)}"
        )


def _find_tables(network: str, tensors: dict[str, np.ndarray]) -> list[Table]:
    """Returns the tables of which the most layers are among the tensors."""
    tables = TABLES[network]
    found = [len(_find_layers(table, _rename(table, tensors))) for table in tables]
    pairs = zip(tables, found, strict=True)
    return [table for table, number in pairs if number == max(found)]


def _choose(tables: list[Table], path: Path, variant: str | None) -> tuple[Table, str]:
    """Returns the table to read a file by, of those that fit it.

    Also what the user should know where nobody told which: tensors do not say how
    images are padded.
    """
    in_name = TIMM_TF if path.name.startswith("tf_") else None
    wanted = variant or in_name
    [chosen, *others] = sorted(tables, key=lambda table: table.name != wanted)
    differing = [t.name for t in others if not chosen.computes_as(t)]
    if variant or not differing:
        return chosen, ""
    return chosen, _READ_AS.format(chosen.name, " or ".join(differing))


def _refuse_blurring(network: str, path: Path) -> None:
    """Raises InputError where a file's name says that it is of a blurring network."""
    for name in BLURRING.get(network, ()):
        if path.name.startswith(name):
            raise errors.InputError(
                f"{path} is by its name of timm's {name}, which has the tensors of"
                f" {network} but blurs features: its logits would be others; rename the"
                " file if it is not"
            )


def _note_blurring(network: str) -> list[str]:
    names = BLURRING.get(network, ())
    return [_BLURRING.format(network, " and ".join(names))] if names else []


def _unwrap_all(path: Path, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns tensors by their names without what wrappers put before them."""
    found: dict[str, np.ndarray] = {}
    names: dict[str, str] = {}
    for name, array in tensors.items():
        own = _unwrap(name)
        if name.endswith(_COUNTER):
            continue
        if own in names:
            raise errors.InputError(
                f"{path} has {own} twice, as {names[own]} and as {name}: keep one"
                " network's in a file of their own"
            )
        names[own], found[own] = name, array
    return found


def _unwrap(name: str) -> str:
    """Returns a tensor's name without what wrappers put before it."""
    for wrapper in _WRAPPERS:
        if name.startswith(wrapper):
            return _unwrap(name.removeprefix(wrapper))
    return name


def _rename(table: Table, tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns tensors by the names that the library has for them now."""
    renamed = {}
    for name, array in tensors.items():
        now = name
        for pattern, new in table.renamed:
            now = re.sub(pattern, new, now)
        renamed[name if now in tensors else now] = array
    return renamed


_Arrays = tuple[Layer, list[np.ndarray]]


def _find_layers(table: Table, tensors: dict[str, np.ndarray]) -> list[_Arrays]:
    """Returns the table's layers that are among the tensors, with their arrays."""
    return [
        (layer, [tensors[name] for name in _list_names(layer)])
        for layer in table.layers()
        if all(name in tensors for name in _list_names(layer))
    ]


def _find_head(
    network: str, table: Table, found: list[_Arrays], others: dict[str, np.ndarray]
) -> list[_Arrays]:
    """Returns a linear layer of one's own in the place of the logits; [] for none.

    It counts as such if it is all that the table lacks and all that the file has
    besides, and takes as many features.
    """
    known = [layer for layer, _ in found]
    missing = [
        layer
        for layer in table.layers()
        if layer not in known and AUXILIARY not in f"/{layer.ours}/"
    ]
    arrays = sorted(others.values(), key=lambda array: -array.ndim)
    stems = {name.rpartition(".")[0] for name in others}
    fits = [array.ndim for array in arrays] == [2, 1] and len(stems) == 1
    if not fits or len(missing) != 1 or missing[0].kind != LINEAR:
        return []
    [layer], (kernel, bias) = missing, arrays
    shape = checkpoints.get_variable_shapes(network, len(bias))[layer.variables()[0]]
    return [(layer, arrays)] if list(kernel.shape) == shape[:-3:-1] else []


def _note_scales(found: list[_Arrays]) -> list[str]:
    """Returns what to say where factors of batch norm went into kernels."""
    scales = [arrays[0] for layer, arrays in found if layer.kind.scale_in_kernel]
    return [_SCALES] if any((scale != 1).any() for scale in scales) else []


def _list_names(layer: Layer) -> list[str]:
    return [f"{layer.theirs}.{weight.theirs}" for weight in layer.kind.weights]


def rescale_gamma(
    values: Mapping[str, np.ndarray], before: float, after: float
) -> dict[str, np.ndarray]:
    """Makes up for another epsilon of batch norm by its gamma: exact in inference.

    Args:
      values: by the names of our variables.
      before: the epsilon that they are for.
      after: the one that they are to be for.
    """
    rescaled = dict(values)
    if before == after:
        return rescaled
    gamma, variance = NORM.weights[0].ours, NORM.weights[3].ours
    for name in [name for name in values if name.endswith(f"/{variance}")]:
        scale = name.removesuffix(variance) + gamma
        ratio = (values[name].astype(np.float64) + after) / (values[name] + before)
        rescaled[scale] = (values[scale] * np.sqrt(ratio)).astype(np.float32)
    return rescaled
