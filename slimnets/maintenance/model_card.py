"""A model card in Markdown: what weights are, what they reach, how to load them."""

import dataclasses
import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from slimnets import checkpoints
from slimnets.checkpoints import atomic_files
from slimnets.checkpoints.run_settings import RunSettings
from slimnets.datasets import sources

FILE = "README.md"
_MOST_CLASSES = 100  # that are named
_METRICS = ("top1", "top5", "map", "f1_micro", "f1_macro", "loss")


@dataclasses.dataclass(frozen=True)
class CardFacts:
    """What a card tells.

    Attributes:
      model: the network's name; None where it is not known.
      settings: of the run; None where it is not known.
      step: of training.
      shapes: of the checkpoint's arrays by name.
      results: evaluations of these weights, as `find_results` returns them.
      license: of the weights; None where nobody said.
    """

    model: str | None
    settings: RunSettings | None
    step: int
    shapes: Mapping[str, Sequence[int]]
    results: Sequence[Mapping[str, Any]]
    license: str | None


def find_results(checkpoint: str, averages: bool) -> list[dict[str, Any]]:
    """Returns the evaluations of a checkpoint that lie beside it.

    Args:
      checkpoint: its path.
      averages: whether those are meant that took the moving averages.
    """
    path = Path(checkpoint)
    name = path.name.removeprefix(f"{checkpoints.BASENAME}-")
    found = []
    for file in sorted(path.parent.glob(f"eval_*/results-{name}.json")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            if bool(content["moving_averages"]) == averages:
                found.append(content)
        except (OSError, ValueError, LookupError, TypeError):
            continue  # of another program, or half of one
    return found


def write(folder: Path, facts: CardFacts) -> None:
    """Writes the card of the checkpoint in a folder, beside it.

    Raises:
      OSError: it cannot be written.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file())
    hashes = {path.name: hash_file(path) for path in files}
    atomic_files.write_text(folder / FILE, format_card(facts, hashes))


def hash_file(path: Path) -> str:
    """Returns a file's SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        for part in iter(lambda: file.read(2**20), b""):
            digest.update(part)
        return digest.hexdigest()


def format_card(facts: CardFacts, hashes: Mapping[str, str]) -> str:
    """Returns the card in Markdown.

    Args:
      facts: what it tells.
      hashes: SHA-256 of each file by name.
    """
    parts = [
        _describe_network(facts),
        _describe_data(facts),
        _describe_results(facts.results),
        _describe_loading(facts),
        _describe_files(hashes),
    ]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _describe_network(facts: CardFacts) -> Iterator[str]:
    held = [n for n in facts.shapes if n != checkpoints.GLOBAL_STEP]
    own = [n for n in held if not n.endswith(checkpoints.AVERAGE_SUFFIX)]
    count = sum(math.prod(facts.shapes[name]) for name in own)
    yield f"# {_quote(facts.model or 'Weights of a network that is not named')}"
    yield ""
    yield "| | |"
    yield "|---|---|"
    yield f"| network | {_quote(facts.model or 'not named')} |"
    yield f"| values | {count:,} in {len(own)} variables |"
    if len(own) < len(held):
        yield f"| moving averages | of {len(held) - len(own)} variables, beside them |"
    yield f"| step of training | {facts.step:,} |"
    if facts.settings:
        channels = "gray" if facts.settings.use_grayscale else "RGB"
        size = facts.settings.image_size
        yield f"| images | {size} x {size} pixels, {channels} |"
        recipe = facts.settings.preprocessing_name or "the network's own"
        yield f"| preprocessing | {_quote(recipe)} |"
    yield f"| licence | {_quote(facts.license or 'not stated')} |"


def _describe_data(facts: CardFacts) -> Iterator[str]:
    yield "## Data and classes"
    yield ""
    settings = facts.settings
    if settings is None:
        yield "No settings.json lay beside the checkpoint: neither is known."
        return
    yield f"Trained on {_quote(_name_data(settings, facts.results))}."
    labels = "any number of labels" if settings.multi_label else "one label"
    yield (
        f"{settings.num_classes} logits; {labels} an image; {len(settings.class_names)}"
        " classes by number:"
    )
    yield ""
    named = settings.class_names[:_MOST_CLASSES]
    yield "\n".join(f"- {k}: {_quote(name)}" for k, name in enumerate(named))
    more = len(settings.class_names) - len(named)
    if more > 0:
        yield f"- and {more} more, in settings.json"


def _name_data(settings: RunSettings, results: Sequence[Mapping[str, Any]]) -> str:
    """Returns the name of the images: no path, which is of one machine alone."""
    if settings.dataset_name:
        return settings.dataset_name
    if results and isinstance(results[0].get("dataset"), str):
        return results[0]["dataset"]
    if settings.dataset_dir is None:
        return "the handwritten digits in the package"
    return Path(settings.dataset_dir.removeprefix(sources.FROM_PYTHON)).name


def _describe_results(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "## Metrics"
    yield ""
    if not results:
        yield "Not measured: no evaluation of these weights lay beside the checkpoint."
        return
    yield "| dataset | split | images | metrics |"
    yield "|---|---|---|---|"
    for result in results:
        figures = ", ".join(
            f"{name} {result[name]:.4f}"
            for name in _METRICS
            if isinstance(result.get(name), float)
        )
        words = [_quote(str(result.get(name))) for name in ("dataset", "split")]
        yield f"| {' | '.join([*words, str(result.get('num_examples')), figures])} |"


def _describe_loading(facts: CardFacts) -> Iterator[str]:
    step = f"{checkpoints.BASENAME}-{facts.step}"
    model = "" if facts.settings else f" --model={facts.model or 'NETWORK'}"
    yield "## How to load it"
    yield ""
    yield "With slimnets, in this folder:"
    yield ""
    yield "```bash"
    yield f"slimnets classify photo.jpg --checkpoint_path=.{model}"
    yield f"slimnets eval --checkpoint_path=. --dataset_dir=photos{model}"
    yield "```"
    yield ""
    yield "With TensorFlow alone, as arrays by name:"
    yield ""
    yield "```python"
    yield f'tf.train.load_checkpoint("{step}").get_variable_to_shape_map()'
    yield "```"


def _describe_files(hashes: Mapping[str, str]) -> Iterator[str]:
    yield "## Files"
    yield ""
    yield "| file | SHA-256 |"
    yield "|---|---|"
    for name, digest in hashes.items():
        yield f"| {name} | `{digest}` |"


def _quote(text: str) -> str:
    """Returns text that Markdown shows as it is, in one line."""
    line = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\`*[]<>|#" else c for c in line)
