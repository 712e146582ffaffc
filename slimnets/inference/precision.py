"""The number type that inference computes in: as told, or the fastest measured."""

import dataclasses
from collections.abc import Callable

from slimnets import hardware
from slimnets.config.inference import InferenceConfig
from slimnets.nets import fastest, registry


def choose(
    inference: InferenceConfig,
    network: str,
    log: Callable[[str], None] | None = None,
) -> InferenceConfig:
    """Returns a configuration whose precision is no longer 'auto'.

    Args:
      inference: how the network is to be run.
      network: its name.
      log: gets the line that tells what was taken for 'auto'.
    """
    if inference.precision != "auto":
        return inference
    precision, reason = _find_fastest(inference, registry.get_row(network).name)
    if log is not None:
        log(f"--precision=auto takes {precision}: {reason}")
    return dataclasses.replace(inference, precision=precision)


def _find_fastest(inference: InferenceConfig, network: str) -> tuple[str, str]:
    """Returns the number type, and why."""
    plain = fastest.PLAIN.precision
    if inference.quantize:
        return plain, "--quantize rounds in it"
    if inference.runtime == "litert":
        return plain, "litert has no other"
    if hardware.detect().has_gpu:
        return plain, f"{network} was never measured on a GPU"
    processor = hardware.instruction_set()
    key = fastest.Key(network, fastest.INFER, inference.runtime, processor)
    found = fastest.find(key)
    if found is None:
        return plain, (
            f"{network} was never measured with {inference.runtime} on a processor"
            f" like this ({processor or 'unknown'})"
        )
    gain = "" if found.gain is None else f", {found.gain:.2f} times float32's speed"
    return found.precision, f"the fastest measured on {processor}{gain}"
