"""A checkpoint of the weights alone, with a model card, to publish."""

from collections.abc import Callable
from pathlib import Path

from slimnets import checkpoints
from slimnets.checkpoints import run_settings
from slimnets.config.checkpoint_files import CheckpointsConfig
from slimnets.maintenance import model_card, output
from slimnets.maintenance.contents import choose_keys
from slimnets.maintenance.sources import Source


def strip(
    path: str, config: CheckpointsConfig, log: Callable[[str], None] = print
) -> str:
    """Writes a checkpoint without what training alone needs, and its model card.

    The flags of the run, which hold paths and names of its machine, stay behind.

    Args:
      path: a checkpoint, or a folder whose latest one is taken.
      config: all settings.
      log: gets the lines that tell what was done.

    Returns:
      The path of the new one.

    Raises:
      InputError: an input is at fault, or a weight is not finite.
    """
    result = config.result
    folder = output.require_new(result.output)
    source = Source(path, config.selection.model)
    kinds = source.list_kinds()
    keys = choose_keys(source, kinds, result.moving_averages)
    if not result.global_step:
        keys.pop(checkpoints.GLOBAL_STEP, None)
    values = source.reader.read(keys)
    output.require_finite(source.path, values)
    evaluates_averages = result.moving_averages != "drop" and any(
        name.endswith(checkpoints.AVERAGE_SUFFIX) for name in kinds
    )

    def add_files(into: Path) -> None:
        if source.settings is not None:
            run_settings.write_facts(into, source.settings)
        facts = model_card.CardFacts(
            model=source.model,
            settings=source.settings,
            step=source.step,
            shapes={name: value.shape for name, value in values.items()},
            results=model_card.find_results(source.path, evaluates_averages),
            license=result.license,
        )
        model_card.write(into, facts)

    made = output.write(folder, source.step, values, add_files)
    sizes = [
        sum(file.stat().st_size for file in checkpoints.list_files(each))
        for each in (source.path, made)
    ]
    log(
        f"kept {len(values)} of {len(kinds)} arrays, {sizes[1] / 1e6:.1f} of"
        f" {sizes[0] / 1e6:.1f} MB; {model_card.FILE} is the model card"
    )
    return made
