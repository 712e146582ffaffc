"""Training steps are timed as they are taken in training."""

import pytest

from slimnets.training import step_time


@pytest.mark.parametrize("flags", [{}, {"strategy": "mirrored", "num_clones": 2}])
def test_several_steps_per_call(config, monkeypatch, flags):
    monkeypatch.setattr(step_time, "_LEAST_SECONDS", 0)
    made = config(batch_size=8, steps_per_call=2, learning_rate=1e38, **flags)
    assert step_time.measure(made).images_per_second > 0
