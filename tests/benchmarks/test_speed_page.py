"""The speed page shows what the result files hold."""

import pytest

from benchmarks import speed_page
from slimnets.errors import InputError


@pytest.mark.parametrize("page", speed_page.PAGES, ids=lambda page: page.name)
def test_pages_are_filled_from_the_results(page):
    text = page.read_text(encoding="utf-8")
    assert "<!-- begin " in text
    assert text == speed_page.fill(text), "run `python -m benchmarks.speed_page`"


SPEEDS = [  # accuracies are in docs/recipes.md: see test_finetuning.py
    path
    for path in sorted(speed_page.RESULTS.glob("*.csv"))
    if not path.name.startswith("finetune_peers")
]


@pytest.mark.parametrize("path", SPEEDS, ids=lambda p: p.stem)
def test_every_result_is_on_the_speed_page(path):
    text = (speed_page.ROOT / "docs" / "speed.md").read_text(encoding="utf-8")
    assert f"<!-- begin {path.stem} -->" in text


@pytest.fixture
def run(tmp_path):
    def write(name, ratio):
        path = tmp_path / f"compare_peers_cpu_2_cores_{name}_tensorflow_2_21_0.csv"
        path.write_text(
            "work,ours,our_rate,peer,their_rate,ratio,least,most,limit,goal,reached\n"
            f'"train lenet, batch 1",auto,2,keras (f32),1,{ratio},1,3,,>= 1,yes\n'
            '"train lenet, batch 1",auto,2,v1_graph (f32),1,7,1,3,,,\n'
            '"infer lenet, batch 1",openvino,2,pytorch (f32),1,8,1,3,,,\n'
        )
        return path

    return write


def test_the_headline_has_a_column_for_each_kind_of_processor(run):
    table = speed_page.headline([run("avx2", 1.5), run("avx512_bf16", 2.25)])
    assert table.splitlines() == [
        "| work | avx2: / keras | avx2: / pytorch"
        " | avx512 bf16: / keras | avx512 bf16: / pytorch |",
        "| --- | --- | --- | --- | --- |",
        "| train lenet, batch 1 | 1.50 |  | 2.25 |  |",
    ]


def test_a_table_is_replaced_between_its_marks(monkeypatch):
    monkeypatch.setattr(speed_page, "table", lambda name: f"[{name}]")
    begin, end = "<!-- begin {} -->\n", "<!-- end -->\n"
    page = (
        "a\n" + begin.format("x") + "{}" + end + "b\n" + begin.format("y") + "{}" + end
    )
    filled = speed_page.fill(page.format("old\n", ""))
    assert filled == page.format("[x]\n", "[y]\n")


def test_a_result_that_is_not_there_is_named():
    with pytest.raises(InputError, match="unknown result 'compare_peers_of_mine'"):
        speed_page.table("compare_peers_of_mine")
