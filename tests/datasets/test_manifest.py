"""Lists of photos: what they say, and the one line for what they do not."""

import json

import pytest

from slimnets import errors
from slimnets.datasets import image_folder, manifest, tfrecord
from slimnets.datasets.registry import get_dataset, list_splits


@pytest.fixture
def write(tmp_path):
    """Returns a maker of lists of photos, of their lines."""

    def write(*lines, name="labels.csv"):
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def refused():
    """Returns the one line with which a list is refused, without its path."""

    def refused(path):
        with pytest.raises(errors.InputError) as caught:
            manifest.read(path)
        line = str(caught.value)
        assert "\n" not in line
        return line.replace(f"{path}", "LIST")

    return refused


def listed(found):
    return [(photo.name, photo.split, photo.labels) for photo in found.photos]


def test_a_csv_of_single_labels(write):
    found = manifest.read(write("path,label", "a.jpg,dog", '"b,c.jpg", cat '))
    assert found.classes == ("cat", "dog")
    assert listed(found) == [("a.jpg", None, (1,)), ("b,c.jpg", None, (0,))]
    assert not found.multi_label


@pytest.mark.parametrize(
    "lines",
    [
        ("path,labels", "a.jpg,dog|cat", "b.jpg,", "c.jpg,dog"),
        ("labels,path", '"[""cat"", ""dog""]",a.jpg', "[],b.jpg", "dog,c.jpg"),
        ("path,label", "a.jpg,cat|dog|cat", "b.jpg,", "c.jpg,dog"),
    ],
    ids=["bars", "lists", "label"],
)
def test_a_csv_of_several_labels(write, lines):
    found = manifest.read(write(*lines))
    assert found.multi_label
    assert [photo.labels for photo in found.photos] == [(0, 1), (), (1,)]


def test_a_column_labels_makes_several_possible(write):
    assert manifest.read(write("path,labels", "a.jpg,dog")).multi_label


def test_json_lines(write):
    rows = [
        {"path": "a.jpg", "labels": [10, "9"], "split": "train"},
        {"path": "b.jpg", "labels": "9", "split": "VAL"},
    ]
    found = manifest.read(write(*map(json.dumps, rows), name="labels.jsonl"))
    assert found.classes == ("9", "10")
    assert listed(found) == [
        ("a.jpg", "train", (0, 1)),
        ("b.jpg", "validation", (0,)),
    ]


def test_tabs_and_a_mark_of_byte_order(write):
    found = manifest.read(write("\ufeffpath\tlabel", "a,b.jpg\tcat", name="l.tsv"))
    assert listed(found) == [("a,b.jpg", None, (0,))]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["path,label"], "LIST lists no photos"),
        ([""], "LIST, line 1: the columns have to be path, one of label and labels"),
        (
            ["pth,label"],
            "unknown column in LIST, line 1: 'pth'; did you mean path",
        ),
        (["path,label,label"], "LIST, line 1: the column label stands there twice"),
        (["path,label,labels"], "LIST, line 1: the columns have to be path, one of"),
        (["path,label", "a.jpg"], "LIST, line 2: 1 columns, where the first line name"),
        (["path,label", '"a.jpg,cat'], "LIST, line 2: unexpected end of data"),
        (["path,label", "a.jpg,cat", ",cat"], "LIST, line 3: the path is ''"),
        (["path,label", "a.jpg,cat", "b.jpg,"], "LIST, line 3: no label; where a"),
        (
            ["path,label", "a.jpg,cat", "./a.jpg,dog"],
            "LIST, line 3: ./a.jpg stands in line 2 already; give a photo one line",
        ),
        (
            ["path,label,split", "a.jpg,cat,trian"],
            "unknown split in LIST, line 2: 'trian'; did you mean train",
        ),
        (
            ["path,label,split", "a.jpg,cat,train", "b.jpg,dgo,val"],
            "unknown class in validation, not in train of LIST: 'dgo'; known: cat",
        ),
        (["path,labels", "a.jpg,", "b.jpg,"], "LIST has no label at all"),
        (["path,label", "a.jpg,[1.5]"], "LIST, line 2: 1.5 is no label"),
    ],
)
def test_what_is_refused(write, refused, lines, line):
    assert refused(write(*lines)).startswith(line)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{"path": "a.jpg", "label"', "LIST, line 1: not JSON: "),
        ('["a.jpg", "cat"]', "LIST, line 1: not an object such as"),
        ('{"path": "a.jpg", "lable": "cat"}', "unknown column in LIST, line 1: 'lab"),
        ('{"path": 1, "label": "cat"}', "LIST, line 1: the path is 1"),
        ('{"path": "a.jpg", "label": null}', "LIST, line 1: None is no label"),
        ('{"path": "a.jpg", "label": "c", "split": 3}', "unknown split in LIST, line"),
        (
            '{"path": "a.jpg", "label": "\\ud800"}',
            "LIST, line 1: '\\ud800' is no label",
        ),
    ],
)
def test_what_is_refused_of_json(write, refused, text, line):
    assert refused(write(text, name="labels.jsonl")).startswith(line)


def test_a_line_without_a_split_among_others(write, refused):
    path = write(
        '{"path": "a", "label": "c", "split": "train"}',
        '{"path": "b", "label": "c"}',
        name="l.jsonl",
    )
    assert refused(path).startswith("LIST, line 2: it names no split, others do")


def test_labels_fix_the_ids(write, tmp_path):
    (tmp_path / "labels.txt").write_text("0:background\n1:dog\n2:cat\n")
    path = write("path,label", "a.jpg,dog")
    found = manifest.read(path, tmp_path / "labels.txt")
    assert found.classes == ("background", "dog", "cat")
    assert found.photos[0].labels == (1,)


def test_a_list_is_converted(photo_folder, write, tmp_path):
    path = write(
        "path,labels,split",
        "photos/cat/0.jpeg,cat|small,train",
        "photos/dog/50.png,dog,train",
        f"{photo_folder}/dog/51.png,,val",
        "photos/dog/none.png,dog,val",
    )
    report = image_folder.convert(path, tmp_path / "out", "pets")
    counts = {"cat": 1, "dog": 1, "small": 1}
    assert report.counts == {"train": counts, "validation": {}}
    assert report.summary().splitlines()[-2].split() == ["total", "2", "1"]
    assert report.list_broken() == [
        f"{photo_folder}/dog/none.png: there is no such file"
    ]
    assert list_splits(str(tmp_path / "out")) == ["train", "validation"]
    dataset = get_dataset(str(tmp_path / "out"), "train")
    assert dataset.multi_label and dataset.class_names == ("cat", "dog", "small")
    labels = {
        parsed["filename"].numpy(): parsed["labels"].numpy().tolist()
        for record in tfrecord.read_records(dataset.files)
        for parsed in [tfrecord.parse_example(record, ("labels", "filename"))]
    }
    assert labels == {b"photos/cat/0.jpeg": [0, 2], b"photos/dog/50.png": [1]}


def test_flags_of_folders_are_refused(write, tmp_path):
    path = write("path,label", "a.jpg,cat")
    with pytest.raises(errors.InputError, match="says how to read a folder"):
        image_folder.convert(path, tmp_path / "out", "pets", layout="splits")
    with pytest.raises(errors.InputError, match=r"class 'cat' can be used; .*no such"):
        image_folder.convert(path, tmp_path / "out", "pets")
