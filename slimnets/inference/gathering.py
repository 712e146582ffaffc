"""The outcomes of several workers, each of its share of the images, as those of one."""

import io
import json
from collections.abc import Mapping, Sequence

import numpy as np
import tensorflow as tf

from slimnets.distribution import workers
from slimnets.inference.outcomes import Collector, Outcomes

_ARRAYS = ("numbers", "labels", "classes", "probabilities", "of_label")


def gather(
    collector: Collector, strategy: tf.distribute.Strategy, left_out: Mapping[int, str]
) -> Outcomes:
    """Returns the outcomes of the whole split; several workers call this together.

    Args:
      collector: of this worker's share.
      strategy: of the run.
      left_out: the line of each example of the split that never came, by its number.
    """
    if not workers.is_cluster(strategy):
        return collector.finish(left_out)
    own = b"" if collector.is_empty else pack(collector.finish({}))
    return merge(workers.gather_bytes(strategy, own), left_out)


def pack(outcomes: Outcomes) -> bytes:
    """Returns outcomes, but for what was left out, as bytes that `merge` takes."""
    content = io.BytesIO()
    files = np.frombuffer(json.dumps(outcomes.files).encode(), np.uint8)
    arrays = {name: getattr(outcomes, name) for name in _ARRAYS}
    np.savez(content, files=files, **arrays)
    return content.getvalue()


def merge(parts: Sequence[bytes], left_out: Mapping[int, str]) -> Outcomes:
    """Returns the outcomes of several workers in the order of the split.

    Args:
      parts: what `pack` made of each one's; b"" of one that had no image.
      left_out: the line of each example of the split that never came, by its number.
    """
    each = [_unpack(part) for part in parts if part]
    order = np.argsort(np.concatenate([one.numbers for one in each]), kind="stable")
    arrays = {
        name: np.concatenate([getattr(one, name) for one in each])[order]
        for name in _ARRAYS
    }
    files = [file for one in each for file in one.files]
    return Outcomes(**arrays, files=tuple(files[k] for k in order), left_out=left_out)


def _unpack(part: bytes) -> Outcomes:
    with np.load(io.BytesIO(part)) as read:
        arrays = {name: read[name] for name in _ARRAYS}
        files = json.loads(read["files"].tobytes())
    return Outcomes(**arrays, files=tuple(files), left_out={})
