"""The settings of quantization-aware training."""

import dataclasses

from slimnets.config.dataclass_flags import setting


@dataclasses.dataclass(frozen=True)
class QuantizationConfig:
    """When training begins to round as an integer device will."""

    quantize_delay: int = setting(
        -1,
        "Quantization-aware training: the step from which weights and activations are"
        " rounded to 8 bits in the forward pass, with batch norm folded into the"
        " weights (arXiv:1712.05877). 0 suits a start from trained weights; from"
        " scratch, give the steps that training in float needs. -1 trains in float.",
        lowest=-1,
        common=True,
    )
    freeze_bn_delay: int = setting(
        -1,
        "With quantize_delay: the step from which batch norm normalizes by its moving"
        " averages, which then stay as they are, as on a device. Meant for the last"
        " part of a run; -1 never does.",
        lowest=-1,
    )

    @property
    def is_on(self) -> bool:
        """Whether training is quantization-aware."""
        return self.quantize_delay >= 0
