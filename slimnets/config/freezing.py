"""The settings of what training leaves as it is."""

import dataclasses

from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class FreezingConfig:
    """Which of the network's variables are trained."""

    trainable_scopes: tuple[str, ...] = setting(
        (),
        "Comma-separated prefixes of the variables to train, or `logits`: the head of"
        " any network, whatever its scope is called. None given: all.",
        common=True,
    )
    freeze_scopes: tuple[str, ...] = setting(
        (),
        "Comma-separated prefixes of variables not to train, or `logits`; the rest of"
        " trainable_scopes is trained. Batch norm's moving averages are no part of it:"
        " see freeze_batch_norm.",
    )
    freeze_batch_norm: bool = setting(
        False,
        "Let batch norm normalize by its moving averages, as in evaluation, and leave"
        " these as they are, in all layers: for small batches from a trained"
        " checkpoint. gamma and beta are trained nevertheless, where they are not"
        " frozen.",
    )
