"""The TF-Slim checkpoint of published weights, made once and kept in the cache."""

import dataclasses
import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from slimnets import checkpoints, errors, folder_lock, user_cache
from slimnets.checkpoints import atomic_files, file_kinds, run_settings
from slimnets.config import calls, choices
from slimnets.nets import registry
from slimnets.nets.published import PublishedWeights
from slimnets.preprocessing import registry as recipes
from slimnets.weights import convert
from slimnets.weights.published import archive, cache, download, transfer

CARD = "weights.json"  # beside the checkpoint: what it was made of
_FORM = 1  # of the folder's content; another number makes it anew


@dataclasses.dataclass(frozen=True)
class Card:
    """What a checkpoint in the cache was made of.

    Attributes:
      weights: the published weights.
      sha256: of their file.
      files: SHA-256 of each file of the folder, by name.
      form: of the folder's content.
    """

    weights: dict[str, Any]
    sha256: str
    files: dict[str, str]
    form: int = _FORM


def get_checkpoint(weights: PublishedWeights, log: Callable[[str], None]) -> str:
    """Returns a checkpoint of published weights, made where it is not there yet.

    Args:
      weights: which.
      log: gets the lines that tell what is downloaded, and what it is.

    Raises:
      transfer.NotAvailable: its file is not to be had.
      InputError: its file is another than it should be, or does not fit the network.
    """
    folder = cache.locate_checkpoint(weights)
    if not is_current(folder, weights):  # else it may lie where nothing can be written
        _make_alone(weights, folder, log)
    log(describe(weights))
    return checkpoints.require(folder)


def _make_alone(
    weights: PublishedWeights, folder: Path, log: Callable[[str], None]
) -> None:
    """Makes a checkpoint, once all other processes that do so have ended."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with folder_lock.lock(folder.parent, f"converting {weights.name}", log):
            if not is_current(folder, weights):
                file = download.get_file(weights, log)
                _make(weights, file, folder, log)
    except OSError as error:
        raise errors.InputError(
            f"cannot write {error.filename or folder}: {error.strerror or error}; give"
            f" another folder with {user_cache.HOME}"
        ) from error


def is_current(folder: Path, weights: PublishedWeights) -> bool:
    """Returns whether a folder holds these weights, with every file as it was made."""
    card = read_card(folder)
    if card is None or card.weights != dataclasses.asdict(weights):
        return False
    return card.form == _FORM and not list_faults(folder, card)


def is_here(weights: PublishedWeights) -> bool:
    """Returns whether weights can be had without network."""
    has_file = cache.locate_download(weights.url).exists()
    return has_file or is_current(cache.locate_checkpoint(weights), weights)


def read_card(folder: Path) -> Card | None:
    """Returns what a folder's checkpoint was made of; None where nothing says it."""
    try:
        content = json.loads((folder / CARD).read_text(encoding="utf-8"))
        card = Card(**content)
        texts = [*card.files, *card.files.values()]
        return card if all(isinstance(text, str) for text in texts) else None
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None


def list_faults(folder: Path, card: Card) -> list[str]:
    """Returns the names of a folder's files that are missing or were changed."""
    return [
        name
        for name, sha256 in card.files.items()
        if not (folder / name).is_file() or cache.hash_file(folder / name) != sha256
    ]


def _make(
    weights: PublishedWeights, file: Path, folder: Path, log: Callable[[str], None]
) -> None:
    """Converts a file into a folder, which appears once all is well."""
    recipe = weights.preprocessing
    if recipe:
        recipes.get_preprocessing(recipe)  # an error now, not at the evaluation
    with atomic_files.replace_folder(folder) as made:
        scratch = made / "unpacked"
        scratch.mkdir()
        kind, path = _open(weights, file, scratch)
        log(f"converting {file.name}")
        conversion = convert.convert(
            kind,
            str(path),
            weights.network,
            made,
            variant=_find_variant(weights) if kind == "torch" else None,
            flip_input_channels=weights.bgr,
            overwrite=True,
        )
        shutil.rmtree(scratch)
        classes = checkpoints.read_num_classes(conversion.path, weights.network)
        _require_classes(weights, file, classes, log)
        _write_settings(made, weights, conversion.arguments, classes)
        _write_card(made, weights, cache.hash_file(file))


def _open(weights: PublishedWeights, file: Path, scratch: Path) -> tuple[str, Path]:
    """Returns what a file is, as `convert` calls it, and the path that it takes."""
    kind = file_kinds.recognize(file)
    if kind in (file_kinds.TAR, file_kinds.GZIP):
        try:
            path = archive.unpack_checkpoint(file, weights.member, scratch)
        except archive.Damaged as error:
            download.forget(weights)
            raise transfer.NotAvailable(f"{error}; it was removed") from error
        return convert.CHECKPOINT, path
    if kind is None or not kind.source:
        what = kind.what if kind else "no file of weights that is known"
        download.forget(weights)
        shown = cache.hide_password(weights.url)
        raise transfer.NotAvailable(f"{shown} is {what}; it was removed")
    return kind.source, file


def _find_variant(weights: PublishedWeights) -> str | None:
    """Returns whose PyTorch network the weights are of; None where nobody says."""
    torchvision, timm, timm_tf = choices.TORCH_VARIANTS
    if weights.name.startswith("timm/tf_"):
        return timm_tf
    return {"timm": timm, "torchvision": torchvision}.get(weights.source)


def _require_classes(
    weights: PublishedWeights,
    file: Path,
    classes: int | None,
    log: Callable[[str], None],
) -> None:
    if {weights.classes, classes} == {1000, 1001}:  # both are ImageNet's
        log(f"{file.name} has {classes} classes, not the {weights.classes} stated")
    elif weights.classes not in (None, classes):
        shown = cache.hide_password(weights.url)
        raise errors.InputError(
            f"{file}, from {shown}, has {classes} classes and should have"
            f" {weights.classes}; remove it, or state its classes in the catalogue"
        )


def _write_settings(
    folder: Path,
    weights: PublishedWeights,
    arguments: Mapping[str, Any],
    classes: int | None,
) -> None:
    """Writes what evaluation needs to know, as beside a run's checkpoints."""
    named = calls.parse(weights.network)
    network = str(calls.Call(named.name, {**arguments, **named.arguments}))
    run_settings.write_facts(
        folder,
        run_settings.RunSettings(
            model=network,
            num_classes=classes or 0,
            image_size=weights.image_size or registry.get_row(network).image_size,
            class_names=(),
            preprocessing_name=weights.preprocessing or None,
            labels_offset=0,
            use_grayscale=False,
            dataset_dir=None,
            dataset_name=None,
        ),
    )


def _write_card(folder: Path, weights: PublishedWeights, sha256: str) -> None:
    files = {
        file.name: cache.hash_file(file)
        for file in cache.list_files(folder)
        if file.name != folder_lock.FILE
    }
    card = Card(dataclasses.asdict(weights), sha256, files)
    atomic_files.write_json(folder / CARD, dataclasses.asdict(card))


def describe(weights: PublishedWeights) -> str:
    """Returns a line that tells what published weights are."""
    row = registry.get_row(weights.network)
    size = weights.image_size or row.image_size
    parts = [
        f"{weights.name}: {weights.network}",
        f"{weights.classes} classes" if weights.classes else "",
        f"images of {size}x{size} by the recipe"
        f" {weights.preprocessing or row.preprocessing or 'plain'}",
        f"published top-1 {weights.top1:.1f} %" if weights.top1 is not None else "",
        f"licence {weights.license}" if weights.license else "licence unknown",
        f"from {cache.hide_password(weights.url)}",
    ]
    return ", ".join(part for part in parts if part)
