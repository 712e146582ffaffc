"""Checkpoints are TF-Slim's, whole or not there, and misfits are named."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from slimnets import checkpoints, errors
from slimnets.model import Model
from slimnets.nets import registry

v1 = tf.compat.v1


def values(fill: float = 1.0, **shapes: list[int]) -> dict[str, np.ndarray]:
    """Returns an array for each name; by default a small checkpoint's."""
    shapes = shapes or {"net/a/weights": [2, 3], "net/a/biases": [3]}
    return {n: np.full(s, fill, np.float32) for n, s in shapes.items()}


def variables(fill: float = 0.0, **shapes: list[int]) -> dict[str, tf.Variable]:
    """Returns variables of the names and shapes of `values`."""
    return {name: tf.Variable(v) for name, v in values(fill, **shapes).items()}


def steps_in(folder: Path) -> list[int]:
    """Returns the steps of the checkpoints that have an index in a folder."""
    return sorted(checkpoints.get_step(str(p)[:-6]) for p in folder.glob("*.index"))


def listed_by_tensorflow(folder: Path) -> list[str]:
    """Returns what the state file lists, oldest first."""
    state = tf.train.get_checkpoint_state(str(folder))
    return list(state.all_model_checkpoint_paths)


def v1_save(path: Path, held: dict[str, np.ndarray], version: int) -> str:
    """Writes a checkpoint the TensorFlow 1 way."""
    with tf.Graph().as_default(), v1.Session() as session:
        for name, value in held.items():
            v1.get_variable(name, initializer=value)
        session.run(v1.global_variables_initializer())
        saver = v1.train.Saver(write_version=version)
        return saver.save(session, str(path), global_step=7, write_meta_graph=False)


class TestSave:
    def test_tensorflow_reads_it(self, tmp_path):
        held = {**values(), "global_step": np.int64(5)}
        path = checkpoints.save(tmp_path, 5, held)
        assert path == str(tmp_path / "model.ckpt-5")
        reader = tf.train.load_checkpoint(path)
        assert reader.get_variable_to_shape_map() == {
            "net/a/weights": [2, 3],
            "net/a/biases": [3],
            "global_step": [],
        }
        assert reader.get_variable_to_dtype_map()["global_step"] == tf.int64
        for name, value in held.items():
            np.testing.assert_array_equal(reader.get_tensor(name), value)

    def test_its_files_are_a_savers(self, tmp_path):
        checkpoints.save(tmp_path, 5, values())
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "checkpoint",
            "model.ckpt-5.data-00000-of-00001",
            "model.ckpt-5.index",
        ]
        assert tf.train.latest_checkpoint(str(tmp_path)) == str(
            tmp_path / "model.ckpt-5"
        )

    def test_a_savers_graph_reads_what_a_model_saved(self, tmp_path):
        model = Model("tiny_bn", 3)
        held = {n: v.numpy() for n, v in model.variables_by_name.items()}
        path = checkpoints.save(tmp_path, 1, held)
        images = np.random.default_rng(0).normal(size=[2, 8, 8, 3]).astype(np.float32)
        expected, _ = model(images)
        with tf.Graph().as_default(), v1.Session() as session:
            logits, _ = registry.get_network_fn("tiny_bn", 3)(tf.constant(images))
            v1.train.Saver().restore(session, path)
            np.testing.assert_allclose(
                session.run(logits), expected.numpy(), rtol=1e-5, atol=1e-6
            )

    def test_keeps_the_newest(self, tmp_path):
        for step in (1, 2, 30, 4):
            checkpoints.save(tmp_path, step, values(), keep=2)
        assert steps_in(tmp_path) == [4, 30]  # the last two saved, whatever their step
        assert len(list(tmp_path.iterdir())) == 2 * 2 + 1
        assert listed_by_tensorflow(tmp_path) == [
            str(tmp_path / "model.ckpt-30"),
            str(tmp_path / "model.ckpt-4"),
        ]

    def test_keeps_all(self, tmp_path):
        for step in range(7):
            checkpoints.save(tmp_path, step, values(), keep=0)
        assert steps_in(tmp_path) == list(range(7))

    def test_saving_a_step_again_replaces_it(self, tmp_path):
        for fill in (1.0, 2.0):
            path = checkpoints.save(tmp_path, 1, values(fill), keep=2)
        assert listed_by_tensorflow(tmp_path) == [path]
        loaded = tf.train.load_checkpoint(path).get_tensor("net/a/biases")
        np.testing.assert_array_equal(loaded, [2, 2, 2])

    def test_the_folder_can_be_moved_and_goes_on(self, tmp_path):
        old, new = tmp_path / "old", tmp_path / "new"
        for step in (1, 2):
            checkpoints.save(old, step, values(), keep=2)
        old.rename(new)
        assert checkpoints.find(new) == str(new / "model.ckpt-2")
        checkpoints.save(new, 3, values(), keep=2)
        assert steps_in(new) == [2, 3]

    def test_a_copied_folder_leaves_the_original_alone(self, tmp_path):
        """A state file that TensorFlow wrote has absolute paths: into the original."""
        old, new = tmp_path / "old", tmp_path / "new"
        for step in (1, 2):
            checkpoints.save(old, step, values())
        v1.train.update_checkpoint_state(
            str(old),
            str(old / "model.ckpt-2"),
            [str(old / "model.ckpt-1"), str(old / "model.ckpt-2")],
        )
        shutil.copytree(old, new)
        assert str(old) in (new / "checkpoint").read_text()
        assert checkpoints.find(new) == str(new / "model.ckpt-2")
        checkpoints.save(new, 3, values(), keep=1)
        assert (steps_in(old), steps_in(new)) == ([1, 2], [3])

    def test_what_an_interrupted_save_left_is_no_checkpoint(self, tmp_path):
        checkpoints.save(tmp_path, 1, values())
        for suffix in (".index", ".data-00000-of-00001"):
            shutil.copy(
                tmp_path / f"model.ckpt-1{suffix}",
                tmp_path / f"unfinished-model.ckpt-9{suffix}",
            )
        (tmp_path / "checkpoint").unlink()
        assert checkpoints.find(tmp_path) == str(tmp_path / "model.ckpt-1")
        checkpoints.save(tmp_path, 2, values())
        assert not list(tmp_path.glob("unfinished-*"))

    def test_a_failure_is_one_line(self, tmp_path):
        blocked = tmp_path / "file"
        blocked.touch()
        with pytest.raises(errors.InputError, match=r"^cannot write the checkpoint "):
            checkpoints.save(blocked / "run", 1, values())


class TestLatest:
    @pytest.mark.parametrize("suffix", ["", ".index", ".data-00000-of-00001"])
    def test_one_checkpoint_by_its_files(self, tmp_path, suffix):
        path = checkpoints.save(tmp_path, 1, values())
        checkpoints.save(tmp_path, 2, values())
        assert checkpoints.find(path + suffix) == path

    def test_a_folder_without_state_file(self, tmp_path):
        for step in (9, 10):
            checkpoints.save(tmp_path, step, values())
        (tmp_path / "checkpoint").unlink()
        assert checkpoints.find(tmp_path) == str(tmp_path / "model.ckpt-10")

    def test_the_state_files_word_counts(self, tmp_path):
        for step in (10, 9):
            checkpoints.save(tmp_path, step, values())
        assert checkpoints.find(tmp_path) == str(tmp_path / "model.ckpt-9")

    def test_a_state_file_that_cannot_be_read(self, tmp_path):
        checkpoints.save(tmp_path, 3, values())
        (tmp_path / "checkpoint").write_bytes(b"\x00\xffgarbage")
        assert checkpoints.find(tmp_path) == str(tmp_path / "model.ckpt-3")

    def test_a_state_file_that_names_what_no_file_can_be_called(self, tmp_path):
        checkpoints.save(tmp_path, 3, values())
        name = "x" * 999
        (tmp_path / "checkpoint").write_text(f'model_checkpoint_path: "{name}"')
        assert checkpoints.find(tmp_path) == str(tmp_path / "model.ckpt-3")

    def test_the_newest_whole_one_where_the_state_file_names_one_that_is_gone(
        self, tmp_path
    ):
        for step in (1, 2, 3, 4):
            checkpoints.save(tmp_path, step, values())
        for path in tmp_path.glob("model.ckpt-4.*"):
            path.unlink()
        (tmp_path / "model.ckpt-3.data-00000-of-00001").write_bytes(b"short")
        assert checkpoints.find(tmp_path) == str(tmp_path / "model.ckpt-2")

    @pytest.mark.parametrize("damage", ["cut", "flipped"])
    def test_the_one_before_where_the_newest_is_damaged(self, tmp_path, damage):
        first, second = (checkpoints.save(tmp_path, n, values()) for n in (1, 2))
        file = Path(f"{second}.data-00000-of-00001")
        whole = file.read_bytes()
        flipped = bytes([whole[0] ^ 1]) + whole[1:]
        file.write_bytes(whole[:-1] if damage == "cut" else flipped)
        for look in (checkpoints.find, checkpoints.require):
            lines = []
            assert look(tmp_path, lines.append) == first
            assert lines == [
                f"{second} is damaged or cut off; taking {first}, the newest that is"
                " not"
            ]
        assert checkpoints.find(second) == second  # asked for by its name
        file.write_bytes(whole)
        assert checkpoints.find(tmp_path) == second

    def test_a_damaged_one_where_there_is_no_other(self, tmp_path):
        path = checkpoints.save(tmp_path, 1, values())
        (tmp_path / "checkpoint").unlink()
        Path(f"{path}.index").write_bytes(b"garbage")
        assert checkpoints.find(tmp_path) == path

    @pytest.mark.parametrize("name", ["checkpoint", "checkpoint-of-yesterday"])
    def test_a_state_file_stands_for_what_it_names(self, tmp_path, name):
        for step in (10, 9):
            checkpoints.save(tmp_path, step, values())
        (tmp_path / "checkpoint").rename(tmp_path / name)
        assert checkpoints.require(tmp_path / name) == str(tmp_path / "model.ckpt-9")

    def test_data_without_an_index(self, tmp_path):
        path = checkpoints.save(tmp_path, 1, values())
        Path(f"{path}.index").unlink()
        for given in (path, f"{path}.data-00000-of-00001"):
            with pytest.raises(errors.InputError) as caught:
                checkpoints.require(given)
            assert str(caught.value).startswith(
                f"no checkpoint {given}: model.ckpt-1.index is missing beside its data"
            )

    @pytest.mark.parametrize("name", [".", "gone", "gone/model.ckpt-1"])
    def test_none(self, tmp_path, name):
        assert checkpoints.find(tmp_path / name) is None

    def test_require_says_what_was_looked_for(self, tmp_path):
        with pytest.raises(errors.InputError, match=f"folder {tmp_path}; give"):
            checkpoints.require(tmp_path)
        with pytest.raises(errors.InputError, match=f"no checkpoint {tmp_path}/x; "):
            checkpoints.require(tmp_path / "x")

    @pytest.mark.parametrize(
        ("path", "step"),
        [("a/model.ckpt-12", 12), ("a-3/model.ckpt", 0), ("v-1/b-2", 2)],
    )
    def test_step_of(self, path, step):
        assert checkpoints.get_step(path) == step


class TestReader:
    @pytest.mark.parametrize("folder", ["run [1]", "run*", "what?", "a\\\\b", "{a,b}"])
    def test_a_path_with_wildcards(self, tmp_path, folder):
        path = checkpoints.save(tmp_path / folder, 1, values())
        for file in checkpoints.list_files(path):
            shutil.copy(file, file.with_name(file.name.replace("-1", "-[1]")))
        for given in (path, f"{path[:-1]}[1]"):
            assert (
                checkpoints.read(checkpoints.require(given)).keys() == values().keys()
            )

    def test_one_of_objects_has_its_variables_own_names(self, tmp_path):
        held = tf.train.Checkpoint(a=tf.Variable([1.0], name="net/a"))
        twice = [tf.Variable([float(i)], name="same") for i in (2, 3)]
        path = tf.train.Checkpoint(held=held, twice=twice).write(str(tmp_path / "it"))
        reader = checkpoints.Reader(path)
        assert reader.has_objects
        key = "twice/{}/.ATTRIBUTES/VARIABLE_VALUE"
        assert sorted(reader.shapes) == ["net/a", key.format(0), key.format(1)]
        found = {"net/a": tf.Variable([0.0])}
        checkpoints.restore(found, path)
        assert found["net/a"].numpy() == [1]
        with pytest.raises(errors.InputError, match="save_weights") as caught:
            checkpoints.restore({"other": tf.Variable([0.0])}, path)
        assert str(caught.value).startswith(f"{path} is a checkpoint that Keras or ")

    def test_an_index_that_claims_more_than_its_data(self, tmp_path):
        path = checkpoints.save(tmp_path, 1, values(**{"a": [10**8]}))
        data = Path(f"{path}.data-00000-of-00001")
        data.write_bytes(data.read_bytes()[:9])
        with pytest.raises(errors.InputError, match=r"would take 400 MB, which a file"):
            checkpoints.read(path)

    def test_an_end_that_points_out_of_the_file(self, tmp_path):
        path = checkpoints.save(tmp_path, 1, values())
        index = Path(f"{path}.index")
        whole = index.read_bytes()
        index.write_bytes(whole[:-48] + b"\xff" * 8 + b"\x0f" + whole[-39:])
        with pytest.raises(errors.InputError, match="its end points out of the file"):
            checkpoints.read(path)


class TestRestore:
    @pytest.mark.parametrize(
        "version", [v1.train.SaverDef.V1, v1.train.SaverDef.V2], ids=["V1", "V2"]
    )
    def test_what_a_saver_wrote(self, tmp_path, version):
        path = v1_save(tmp_path / "old.ckpt", values(3.0), version)
        for given in (tmp_path, path):
            found = variables()
            report = checkpoints.restore(found, checkpoints.require(given))
            assert report.path == path
            assert set(report.restored) == found.keys() and not report.unused
            for variable in found.values():
                np.testing.assert_array_equal(variable, np.full(variable.shape, 3.0))

    def test_other_number_types_are_converted(self, tmp_path):
        path = checkpoints.save(
            tmp_path, 1, {"a": np.float16([0.5]), "global_step": np.int32(7)}
        )
        found = {"a": tf.Variable([0.0]), "global_step": tf.Variable(np.int64(0))}
        checkpoints.restore(found, path)
        assert found["a"].numpy() == 0.5 and found["global_step"].numpy() == 7

    def test_the_report_tells_what_was_left_out(self, tmp_path):
        path = checkpoints.save(
            tmp_path, 1, values(**{"a/w": [1], "b/w": [1], "c/w": [1]})
        )
        found = variables(**{"a/w": [1], "b/w": [1], "new/w": [1]})
        report = checkpoints.restore(
            found, path, exclude_scopes=["b"], ignore_missing=True
        )
        assert report == checkpoints.RestoreReport(
            path, ("a/w",), ("b/w",), ("new/w",), ("b/w", "c/w")
        )
        assert [v.numpy()[0] for v in found.values()] == [1, 0, 0]
        assert str(report) == (
            f"restored 1 variables from {path}; left out 1 in excluded scopes;"
            " 1 not in it: new/w; 2 in it not used"
        )

    def test_what_has_no_place_in_the_network_is_refused(self, tmp_path):
        held = values(**{"a/w": [1], "a/se/w": [1], "old/w": [1]})
        path = checkpoints.save(tmp_path, 1, held)
        found = variables(**{"a/w": [1]})
        with pytest.raises(errors.InputError) as caught:
            checkpoints.restore(found, path, allow_unused=False)
        assert str(caught.value) == (
            f"{path} holds 2 arrays that have no place in the network, such as a/se/w,"
            " old/w: are these the weights of another network? --allow_unused leaves"
            " them out"
        )
        assert found["a/w"].numpy() == [0]
        checkpoints.restore(found, path, allow_unused=False, known=["a/se/w", "old/w"])
        checkpoints.restore(
            found, path, allow_unused=False, exclude_scopes=["a/se", "old"]
        )
        assert found["a/w"].numpy() == [1]

    @pytest.mark.parametrize(
        "name",
        [
            "global_step",
            "beta1_power",
            "train/beta2_power",
            "a/w/Momentum",
            "a/w/RMSProp_1",
            "OptimizeLoss/a/w/Adam",
            "a/w/ExponentialMovingAverage",
            "a/w/a/w/biased",
            "a/AuxLogits/weights",
            "net/mean_rgb",
        ],
    )
    def test_what_training_keeps_beside_a_network(self, tmp_path, name):
        path = checkpoints.save(tmp_path, 1, values(**{"a/w": [1], name: [1]}))
        checkpoints.restore(variables(**{"a/w": [1]}), path, allow_unused=False)

    def test_values_that_are_not_finite_are_said(self, tmp_path):
        held = values(np.nan, **{"a": [1], "b": [1]}) | {"c": np.int32(1)}
        path = checkpoints.save(tmp_path, 1, held)
        report = checkpoints.restore(variables(a=[1], b=[1], c=[]), path)
        assert str(report).endswith(
            "; 2 variables hold NaN or infinite values, such as a, b"
        )

    def test_an_excluded_scope_is_in_the_network_or_the_checkpoint(self, tmp_path):
        path = checkpoints.save(tmp_path, 1, values(**{"a/w": [1], "old/w": [1]}))
        found = variables(**{"a/w": [1], "new/w": [1]})
        checkpoints.restore(found, path, exclude_scopes=["old", "new"])
        with pytest.raises(errors.InputError, match=r"excluded scope 'nwe'; did you"):
            checkpoints.restore(found, path, exclude_scopes=["new", "nwe"])

    def test_averages_in_place_of_the_variables_that_have_one(self, tmp_path):
        held = values(1.0, **{"a": [1], "b": [1]})
        held |= values(2.0, **{"a/ExponentialMovingAverage": [1]})
        path = checkpoints.save(tmp_path, 1, held)
        found = variables(a=[1], b=[1])
        report = checkpoints.restore(found, path, averages=True)
        assert [v.numpy()[0] for v in found.values()] == [2, 1]
        assert report.averaged and "their moving averages" in str(report)
        report = checkpoints.restore(found, path)
        assert [v.numpy()[0] for v in found.values()] == [1, 1]
        assert not report.averaged
        assert "; 1 have moving averages in it: --use_moving_averages" in str(report)

    @pytest.mark.parametrize(
        ("asked", "message", "scopes", "only_missing"),
        [
            (
                {"net/a/biases": [3], "net/b/w": [1]},
                "net/b/w is not in it",
                ("net/b",),
                True,
            ),
            (
                {"net/a/biases": [4], "net/a/weights": [2, 3]},
                "net/a/biases has shape [3] there and [4] here",
                ("net/a",),
                False,
            ),
            (
                {"net/a/weights": [1, 1], "net/a/biases": [3], "net/new/w": [1]},
                "net/new/w is not in it, net/a/weights has shape [2, 3] there and"
                " [1, 1] here",
                ("net/new", "net/a"),
                False,
            ),
        ],
    )
    def test_a_misfit_is_named_and_nothing_is_assigned(
        self, tmp_path, asked, message, scopes, only_missing
    ):
        path = checkpoints.save(tmp_path, 1, values())
        found = variables(**asked)
        with pytest.raises(checkpoints.Misfit) as caught:
            checkpoints.restore(found, path)
        assert str(caught.value) == f"{path} does not fit: {message}"
        assert caught.value.scopes == scopes
        assert caught.value.only_missing == only_missing
        assert not any(np.any(variable.numpy()) for variable in found.values())
        checkpoints.restore(found, path, exclude_scopes=scopes)

    def test_missing_ones_can_be_ignored_but_not_misshapen_ones(self, tmp_path):
        path = checkpoints.save(tmp_path, 1, values())
        found = variables(**{"net/a/biases": [4], "net/b": [1]})
        with pytest.raises(checkpoints.Misfit, match=r"not fit: net/a/biases has"):
            checkpoints.restore(found, path, ignore_missing=True)

    @pytest.mark.parametrize("ignore_missing", [True, False])
    def test_another_network(self, tmp_path, ignore_missing):
        path = checkpoints.save(tmp_path, 1, values())
        with pytest.raises(
            checkpoints.Misfit,
            match=r"of another network: it has none of the 1 variables, such as x/w,"
            r" but net/a/biases, net/a/weights$",
        ):
            checkpoints.restore(
                variables(**{"x/w": [1]}), path, ignore_missing=ignore_missing
            )

    def test_many_misfits_are_counted(self, tmp_path):
        path = checkpoints.save(tmp_path, 1, values(a=[1]))
        found = variables(a=[1], **{f"b{i}": [1] for i in range(9)})
        with pytest.raises(checkpoints.Misfit, match=r"b2 is not in it and 6 more$"):
            checkpoints.restore(found, path)

    @pytest.mark.parametrize(
        "damage",
        [
            "index cut",
            "index garbage",
            "data cut",
            "data gone",
            "data flipped",
            "V1 cut",
        ],
    )
    def test_a_damaged_file_is_one_line_and_nothing_is_assigned(self, tmp_path, damage):
        what, how = damage.split()
        held = values(1.0, **{"net/a": [50], "net/b": [50]})
        if what == "V1":
            path = v1_save(tmp_path / "old", held, v1.train.SaverDef.V1)
        else:
            path = checkpoints.save(tmp_path, 1, held)
        suffix = {"index": ".index", "data": ".data-00000-of-00001", "V1": ""}[what]
        file = Path(path + suffix)
        whole = file.read_bytes()
        broken = {
            "cut": whole[: len(whole) * 2 // 3],
            "garbage": b"garbage" * 20,
            "flipped": whole[:-1] + bytes([whole[-1] ^ 0xFF]),
            "gone": b"",
        }
        file.write_bytes(broken[how])
        if how == "gone":
            file.unlink()
        found = variables(**{"net/a": [50], "net/b": [50]})
        with pytest.raises(errors.InputError) as caught:
            checkpoints.restore(found, checkpoints.require(path))
        message = str(caught.value)
        assert message.startswith(f"the checkpoint {path} cannot be read: ")
        assert "\n" not in message and message.endswith("use an earlier one")
        assert not any(np.any(variable.numpy()) for variable in found.values())

    def test_shapes(self, tmp_path):
        path = checkpoints.save(tmp_path, 1, values())
        assert checkpoints.read_shapes(path) == {
            "net/a/weights": [2, 3],
            "net/a/biases": [3],
        }
