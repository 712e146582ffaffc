"""slimnets compare: runs on the same images, a table and a page."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from slimnets import errors
from slimnets.config import dataclass_flags
from slimnets.config.compare import CompareConfig
from slimnets.inference import comparison_report, run_comparison
from slimnets.training import trainer
from tests.inference.test_evaluator import evaluated
from tests.tiny_runs import make_config, silent


def make(**flags) -> CompareConfig:
    """Returns settings."""
    return dataclass_flags.from_dict(CompareConfig, flags)


@pytest.fixture
def runs(run, toy_data, tmp_path):
    """Returns the folders of a run, a longer one and a broken one."""
    flags = {"model": "tiny_bn", "max_number_of_steps": 9, "learning_rate": 0.5}
    trainer.train(make_config(toy_data, tmp_path / "long", **flags), silent)
    broken = shutil.copytree(run, tmp_path / "broken")
    for data in broken.glob("*.data-*"):
        data.write_bytes(b"")
    line = {"step": 2, "loss": 1.5, "top1": 0.5}
    (run / "metrics.jsonl").write_text(json.dumps(line) + "\n")
    return str(run), str(tmp_path / "long" / "run"), str(broken)


def test_the_table_and_the_page(runs, tmp_path):
    found = run_comparison.compare(make(), runs, silent)
    shares = {}
    for path, one in zip(runs[:2], found[:2], strict=True):
        [alone] = evaluated(path, eval_dir=str(tmp_path / "results"))
        shares[path] = alone.summary.top1
        assert one.right.mean() == alone.summary.top1 and not one.error
    assert found[2].evaluation is None and found[2].error
    best, other = run_comparison.list_evaluated(found)
    assert best.right.mean() == max(shares.values())
    text = run_comparison.format_table(found)
    assert text.splitlines()[1].startswith(best.name)
    assert f"{other.right.mean() - best.right.mean():+.2%}" in text.splitlines()[2]
    assert text.splitlines()[3].startswith(f"error: {runs[2]}: ")
    path = tmp_path / "made" / "compared.html"
    comparison_report.check(str(path))
    comparison_report.write(str(path), found, make())
    page = path.read_text()
    assert "<h1>2 runs on toy validation</h1>" in page
    for heading in ("result", "classes", "training", "settings"):
        assert page.count(f'<h2 id="{heading}">') == 1
    assert '<th scope="row">learning_rate</th>' in page and "train_dir" not in page
    assert page.count("data:image/jpeg") == (found[0].right != found[1].right).sum()
    assert f"{runs[2]}: " in page
    assert not (tmp_path / "long" / "run" / "eval_validation").exists()
    # A run's name is no other column's.
    renamed = [dataclasses.replace(found[0], name="images"), *found[1:]]
    comparison_report.write(str(path), renamed, make())
    assert path.read_text().count('<button type="button">images</button>') == 2


def test_the_most_divided_come_first():
    right = np.array(
        [[1, 1, 1, 0, 0], [1, 1, 0, 0, 0], [1, 1, 0, 0, 1], [1, 0, 1, 0, 1]]
    )
    found = comparison_report.choose_disagreements(right.astype(bool))
    assert found.tolist() == [2, 4, 1]


@pytest.mark.slow
def test_other_images_are_a_line(runs, toy_data):
    found = run_comparison.compare(make(), [runs[0], runs[1]], silent)
    other = run_comparison.compare(
        make(dataset_split_name="train"), [runs[0], runs[1]], silent
    )
    mixed = list(run_comparison._require_same_images([found[0], other[1]]))
    assert mixed[0].evaluation and not mixed[1].evaluation
    assert mixed[1].error.startswith(f"it was scored on other images than {runs[0]};")


def test_bad_input(tmp_path):
    for names in ([], ["a"], ["a", "a"]):
        with pytest.raises(errors.InputError, match="name two or more different runs"):
            run_comparison.compare(make(), names, silent)
    with pytest.raises(errors.InputError, match=r"has to end in \.html"):
        comparison_report.check(f"{tmp_path}/page.pdf")
    (tmp_path / "file").touch()
    with pytest.raises(errors.InputError, match="cannot be written"):
        comparison_report.check(f"{tmp_path}/file/page.html")
