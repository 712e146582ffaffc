"""What a user means by --checkpoint_path: a path, or a word for published weights.

The words are `imagenet`, the first of the network's weights that are to be had; a
source, such as `tf_slim`, `keras` or `timm`; a name, such as
`timm/mobilenetv2_100.ra_in1k`, which needs no --model where one network alone has it;
or the URL of a file.
"""

import difflib
from collections.abc import Callable
from pathlib import Path

from slimnets import checkpoints, errors
from slimnets.config import calls
from slimnets.nets import published, registry
from slimnets.nets.published import PublishedWeights
from slimnets.weights.published import checkpoint, download, transfer

ANY = "imagenet"


def resolve(given: str, network: str | None, log: Callable[[str], None] = print) -> str:
    """Returns the checkpoint, or the path, that a user means.

    Args:
      given: as --checkpoint_path has it.
      network: its name, or None where the user names none.
      log: gets the lines that tell what was taken, and what it is.

    Returns:
      The path of a checkpoint in the cache; `given` itself where it is a path.

    Raises:
      InputError: it stands for weights that the network has not, or that are not to be
        had.
    """
    found = find_weights(given, network)
    if _is_there(given):
        if found:
            log(f"{given} is taken as the path that is there, not as published weights")
        return given
    if found is None:
        _require_no_misspelling(given, network)
        return given
    return get_first(found, log)


def find_weights(given: str, network: str | None) -> list[PublishedWeights] | None:
    """Returns the published weights that a word stands for, those to try first.

    Args:
      given: the word.
      network: its name, or None where the user names none.

    Returns:
      None where it is no such word.

    Raises:
      InputError: it is one, and the network has none of that name, or is not named.
    """
    if given.lower().startswith(("http://", "https://")):
        if not published.is_url(given):
            raise errors.InputError(f"{errors.printable(given)} is no URL of a file")
        if network is None:
            raise errors.InputError(f"name the network of {given} with --model")
        return [PublishedWeights(network, given, given)]
    catalogue = published.read_catalogue()
    name = None if network is None else calls.parse(network).name
    known = list(catalogue.get(name or "", {}).values())
    if found := _match(given, known):
        return found
    others = [w for entries in catalogue.values() for w in entries.values()]
    if not _match(given, others) and given != ANY:
        return None
    if name is not None:
        raise _describe_absence(given, name, known)
    exact = [w for w in others if given in (w.name, w.name.partition("/")[2])]
    if len({weights.network for weights in exact}) != 1:
        raise errors.InputError(
            f"name the network of the weights {given!r} with --model"
        )
    return exact


def _match(given: str, known: list[PublishedWeights]) -> list[PublishedWeights]:
    """Returns those of some weights that a word stands for, and copies of them."""
    if given == ANY:
        return known
    exact = [w for w in known if given in (w.name, w.name.partition("/")[2])]
    found = exact or [w for w in known if w.source == given]
    first = found[:1]
    return first + [w for w in known if first and w.same_as == first[0].name]


def _describe_absence(
    given: str, network: str, known: list[PublishedWeights]
) -> errors.InputError:
    registry.get_row(network)  # it may be misspelt
    names = ", ".join(weights.name for weights in known)
    return errors.InputError(
        f"no weights {given!r} of {network} are published; it has {names or 'none'}"
    )


def _require_no_misspelling(given: str, network: str | None) -> None:
    """Raises an InputError for what is no path and nearly a word."""
    catalogue = published.read_catalogue()
    entries = catalogue.get(calls.parse(network).name if network else "", {})
    known = {ANY, *entries, *(weights.source for weights in entries.values())}
    if difflib.get_close_matches(given, known, n=1, cutoff=0.75):
        raise errors.unknown("checkpoint or weights", given, sorted(known))


def _is_there(given: str) -> bool:
    try:
        return Path(given).exists() or checkpoints.find(given) is not None
    except OSError:  # too long for a path, as a signed URL may be
        return False


def get_first(found: list[PublishedWeights], log: Callable[[str], None]) -> str:
    """Returns a checkpoint of the first weights that are to be had.

    Args:
      found: as `find_weights` returns them.
      log: gets the lines that tell what was taken, and what it is.

    Raises:
      InputError: none is to be had, for the first one's reason.
    """
    first, *others = found
    try:
        return checkpoint.get_checkpoint(first, log)
    except transfer.NotAvailable as fault:
        if isinstance(fault, download.Unreachable):  # the others most likely too
            others = [weights for weights in others if checkpoint.is_here(weights)]
        if not others:
            raise
        log(f"{fault}; taking {others[0].name} instead")
        return get_first(others, log)
