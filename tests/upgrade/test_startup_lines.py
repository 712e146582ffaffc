"""Who asks for TensorFlow 1's ways, and where."""

TF = "import tensorflow.compat.v1 as tf\n"
OFF = "tf.disable_v2_behavior()\n"


def test_a_program_is_tensorflow_1s_from_the_start(move):
    old = "import tensorflow as tf\nimport nets\n\ndef f():\n  tf.Session()\n"
    assert move(old).read().startswith(f"{TF}{OFF}import nets\n")


def test_a_script_without_functions_is_a_program(move):
    old = "import tensorflow as tf\n\nx = tf.placeholder(tf.float32)\n"
    assert move(old).read().startswith(TF + OFF)


def test_a_network_that_can_be_run_is_one_only_then(move):
    old = (
        "import tensorflow as tf\n\ndef f():\n  return tf.zeros([])\n\n"
        'if __name__ == "__main__":\n    tf.Session()\n'
    )
    new = old.replace("import tensorflow as tf\n", TF)
    assert move(old).read() == new.replace("    tf.S", f"    {OFF}    tf.S")


def test_a_program_that_has_tensorflow_from_its_other_files(move):
    main = "import net\n\nif __name__ == '__main__':\n    net.run()\n"
    moved = move("import tensorflow as tf\n", {"main.py": main, "b.py": "x = 1\n"})
    assert moved.read("main.py").startswith(f"{TF}import net\n")
    assert f"    {OFF}    net.run()" in moved.read("main.py")
    assert moved.read("b.py") == "x = 1\n"


def test_a_network_is_none(move):
    old = "import tensorflow as tf\n\ndef f(x):\n  return tf.nn.relu(x)\n"
    assert move(old).read() == old.replace("import tensorflow as tf\n", TF)


def test_a_network_with_branches_has_the_old_ones(move):
    old = "import tensorflow as tf\n\ndef f(x):\n  return tf.cond(x, x, x)\n"
    assert move(old).read().startswith(f"{TF}tf.disable_control_flow_v2()\n")


def test_the_call_stands_behind_the_import_of_its_name(move):
    old = (
        "from tensorflow.python.framework import ops\nimport tensorflow as tf\n\n"
        "tf.Session()\n"
    )
    assert move(old).read() == (
        f"from tensorflow.python.framework import ops\n{TF}{OFF}\ntf.Session()\n"
    )


def test_layers_that_may_branch_do_so_too(move):
    old = "import tf_slim\n\ndef f(x, t):\n  tf_slim.batch_norm(x, is_training=t)\n"
    assert "tf.disable_control_flow_v2()\n" in move(old).read()


def test_who_asks_already_is_left_alone(move):
    old = f"{TF}{OFF}tf.Session()\n"
    assert move(old).read() == old
