"""Quantization-aware training as the settings of a run ask for it."""

import tensorflow as tf

from slimnets import errors
from slimnets.config.quantization import QuantizationConfig
from slimnets.config.train import TrainConfig
from slimnets.layers.fake_quantization import FakeQuantization


def make_quantization(
    config: QuantizationConfig, step: tf.Variable
) -> FakeQuantization | None:
    """Returns how a run rounds weights and activations; None where it does not.

    Args:
      config: the settings.
      step: int64, the number of steps done.
    """
    if not config.is_on:
        return None
    frozen = config.freeze_bn_delay
    return FakeQuantization(
        step=step,
        delay=config.quantize_delay,
        freeze_batch_norm_delay=None if frozen < 0 else frozen,
    )


def check_quantization(config: TrainConfig) -> None:
    """Raises an InputError for settings that do not go with rounding."""
    quantization = config.quantization
    if not quantization.is_on:
        if quantization.freeze_bn_delay >= 0:
            raise errors.InputError(
                "--freeze_bn_delay is a part of quantization-aware training; give"
                " --quantize_delay too, or --freeze_batch_norm without it"
            )
        return
    if 0 <= quantization.freeze_bn_delay < quantization.quantize_delay:
        raise errors.InputError(
            f"--freeze_bn_delay={quantization.freeze_bn_delay} comes before"
            f" --quantize_delay={quantization.quantize_delay}; batch norm is frozen"
            " when training with rounded values is nearly over"
        )
    refused = {
        f"--precision={config.precision}": config.precision not in ("auto", "float32"),
        "--recompute_gradients": config.recompute_gradients,
        "--sync_batch_norm": config.run.sync_batch_norm,
    }
    for flag, is_given in refused.items():
        if is_given:
            raise errors.InputError(
                f"{flag} does not go with --quantize_delay, which rounds float32 values"
                " in a graph of TensorFlow's plain layers; leave one of the two out"
            )
