"""The file of --class_map: which class of a dataset each class of a network is."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

from slimnets import errors
from slimnets.config.inference import EvalConfig

FLAG = "--class_map"

_HEADER = ["network_class", "dataset_class"]

Pairs = list[tuple[str, str]]


def check(config: EvalConfig) -> None:
    """Checks before the work that a map is one, and goes with the other flags.

    Raises:
      InputError: it does not.
    """
    path = config.class_map
    if not path:
        return
    if config.true_labels:
        raise errors.InputError(
            f"{FLAG} with --true_labels: these are classes of the network, and what is"
            " scored are the dataset's; leave one of the two out"
        )
    if config.trained.labels_offset is not None:
        raise errors.InputError(
            f"{FLAG} with --labels_offset: the map matches classes by name and shifts"
            " no label; leave one of the two out"
        )
    read(path)


def read(path: str) -> Pairs:
    """Returns pairs of a network's class and a dataset's, in the order of the file.

    Raises:
      InputError: it cannot be read, or is something else.
    """
    readers: dict[str, Callable[[str, str], Pairs]] = {
        ".csv": _parse_csv,
        ".json": _parse_json,
    }
    if Path(path).suffix not in readers:
        raise errors.InputError(f"{FLAG}={path} has to end in .csv or .json")
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        pairs = readers[Path(path).suffix](path, text)
    except errors.InputError:
        raise
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or errors.summarize(error)
        raise errors.InputError(f"{FLAG}={path} cannot be read: {reason}") from error
    if not pairs:
        raise errors.InputError(f"{FLAG}={path} maps no class")
    return pairs


def _parse_csv(path: str, text: str) -> Pairs:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    pairs = []
    header = [cell.strip() for cell in next(rows, [])]
    if header != _HEADER:
        raise errors.InputError(
            f"{FLAG}={path}: its first line has to be {','.join(_HEADER)}"
        )
    for row in rows:
        cells = [cell.strip() for cell in row]
        if not any(cells) and len(cells) <= 1:
            continue  # an empty line
        if len(cells) != len(_HEADER) or not all(cells):
            raise errors.InputError(
                f"{FLAG}={path}: line {rows.line_num} has to be the names of two"
                " classes with a comma between"
            )
        pairs.append((cells[0], cells[1]))
    return pairs


def _parse_json(path: str, text: str) -> Pairs:
    # As pairs: in a dict the last of equal keys would silently replace the others.
    content = json.loads(text, object_pairs_hook=tuple)
    if not isinstance(content, tuple):
        raise errors.InputError(
            f"{FLAG}={path} has to be a JSON object of the dataset's class by the"
            " network's"
        )
    for key, value in content:
        if not isinstance(value, int | str) or isinstance(value, bool):
            raise errors.InputError(
                f"{FLAG}={path}: what {key!r} has is no name of a class"
            )
    return [(key, str(value)) for key, value in content]
