"""A supervisor's threads work on the supervisor's graph."""

import tensorflow as tf

from slimnets.mended.supervisor import Supervisor


def test_threads_are_on_the_graph():
    seen = []
    graph = tf.Graph()
    with graph.as_default():
        tf.compat.v1.get_variable("w", [1])
        supervisor = Supervisor(graph=graph, summary_op=None)

    def look():
        seen.append((tf.executing_eagerly(), tf.compat.v1.get_default_graph()))
        supervisor.request_stop()

    thread = supervisor.loop(None, look)
    thread.join(timeout=900)
    assert seen == [(False, graph)]


def test_a_thread_that_fails_stops_the_others():
    with tf.Graph().as_default() as graph:
        tf.compat.v1.get_variable("w", [1])
        supervisor = Supervisor(graph=graph, summary_op=None)
    with supervisor.stop_on_exception():
        raise ZeroDivisionError
    assert supervisor.should_stop()
