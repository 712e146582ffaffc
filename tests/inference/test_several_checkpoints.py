"""Many checkpoints by pattern or list become one table."""

import csv
import json
import shutil
from pathlib import Path

import pytest

from slimnets import errors
from slimnets.config import dataclass_flags
from slimnets.config.inference import EvalConfig
from slimnets.inference import evaluator
from slimnets.inference import several_checkpoints as several


def make(**flags: object) -> EvalConfig:
    """Returns settings."""
    return dataclass_flags.from_dict(EvalConfig, flags)


def silent(line: str) -> None:
    """Says nothing."""


def test_patterns_sort_by_step_and_pass_other_files_over(tmp_path: Path) -> None:
    for step in (1000, 900):
        for part in ("index", "data-00000-of-00001", "meta"):
            (tmp_path / f"model.ckpt-{step}.{part}").touch()
    (tmp_path / "settings.json").write_text("{}")
    (tmp_path / "eval_validation").mkdir()
    wanted = [f"{tmp_path}/model.ckpt-900", f"{tmp_path}/model.ckpt-1000"]
    assert several.list_paths(f"{tmp_path}/*") == wanted
    assert several.list_paths(f"{tmp_path}/model.ckpt-*[0]") == wanted
    assert several.list_paths(f"{wanted[1]},{wanted[0]}") == wanted[::-1]


def test_a_path_that_exists_or_a_url_is_never_a_pattern(tmp_path: Path) -> None:
    folder = tmp_path / "run[1],*"
    folder.mkdir()
    (folder / "model.ckpt-1.index").touch()
    assert several.list_paths(str(folder)) is None
    assert several.list_paths(f"{folder}/model.ckpt-1") is None
    assert several.list_paths("https://a.b/c?d=e,f") is None
    with pytest.raises(errors.InputError, match="no checkpoint or folder matches"):
        several.list_paths(f"{tmp_path}/none*")


def test_a_broken_checkpoint_is_a_line_and_the_others_go_on(
    run: Path, tmp_path: Path
) -> None:
    broken = shutil.copytree(run, tmp_path / "broken")
    for data in broken.glob("*.data-*"):
        data.write_bytes(b"")
    paths = several.list_paths(f"{tmp_path}/[br]*n")
    assert paths == [str(broken), str(run)]
    first, second = several.evaluate(make(), paths, silent)
    assert first.error and not first.scores
    [alone] = evaluator.evaluate(make(checkpoint_path=str(run)), silent)
    assert second.scores == alone.summary.list_scalars() and not second.error
    text = several.format_table([first, second])
    assert f"error: {broken}: " in text
    for name in ("table.csv", "table.json"):
        several.check_table(str(tmp_path / name))
        several.write_table(str(tmp_path / name), [first, second])
    lines = (tmp_path / "table.csv").read_text().splitlines()
    rows = list(csv.DictReader(lines))
    assert float(rows[1]["top1"]) == alone.summary.top1 and rows[0]["top1"] == ""
    content = json.loads((tmp_path / "table.json").read_text())["checkpoints"]
    assert content[1]["top1"] == alone.summary.top1 and content[0]["error"]


@pytest.mark.parametrize("flag", ["report", "predictions", "eval_dir"])
def test_files_of_one_checkpoint_are_refused(flag: str) -> None:
    with pytest.raises(errors.InputError, match=f"--{flag} with several"):
        list(several.evaluate(make(**{flag: "a.html"}), ["a", "b"]))


@pytest.mark.slow
def test_every_size_and_crop_is_a_row_and_no_result_is_replaced(run: Path) -> None:
    recipe = {"preprocessing_name": "standard"}
    variations = [{"image_size": 4, "crop_pct": 0.5}, {"image_size": 12, "crop_pct": 1}]
    rows = list(several.evaluate(make(**recipe), [str(run)], silent, variations))
    assert not (run / "eval_validation").exists()
    for row, variation in zip(rows, variations, strict=True):
        flags = {"checkpoint_path": str(run), **recipe, **variation}
        [alone] = evaluator.evaluate(make(**flags), silent)
        assert row.scores == alone.summary.list_scalars() and row.images == 7
        assert row.settings == variation
    assert rows[0].scores["loss"] != rows[1].scores["loss"]
    several.write_table(f"{run}/table.csv", rows)
    header, first, _ = (run / "table.csv").read_text().splitlines()
    assert header.startswith("checkpoint,image_size,crop_pct,images,top1,")
    assert first.startswith(f"{run}/model.ckpt-2,4,0.5,7,")
    [head, line, _] = several.format_table(rows).splitlines()
    assert head.split()[1:3] == ["image_size", "crop_pct"]
    assert line.split()[1:3] == ["4", "0.5"]


def test_a_setting_that_cannot_be_is_refused_or_a_row(run: Path) -> None:
    with pytest.raises(errors.InputError, match="--crop_pct=2 must be above 0"):
        list(several.evaluate(make(), [str(run)], silent, [{"crop_pct": 2}]))
    flags = {"checkpoint_path": str(run)}
    sizes = [{"crop_pct": 0.5}, {"crop_pct": 1}]
    rows = list(several.evaluate(make(**flags), [str(run)], silent, sizes))
    assert all("the recipe plain has no such step" in row.error for row in rows)
    text = several.format_table(rows)
    assert f"error: {run} --crop_pct=0.5: " in text
