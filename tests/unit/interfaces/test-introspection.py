#!/usr/bin/env python3
# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
"""Uses libdms-1 from Python: values, and an executor written in it."""

import unittest

import gi

gi.require_version("Dms", "1")
from gi.repository import Dms, Gio, GLib, GObject, Json  # noqa: E402


class PythonExecutor(GObject.Object, Dms.Executor):
    def do_get_id(self):
        return "python"

    def do_validate(self, spec):
        if spec.get_engine() != "python":
            raise GLib.Error("wrong engine", "dms-error-quark", Dms.Error.INVALID_ARGUMENT)
        return True

    def do_probe_async(self, cancellable, callback, *data):
        task = Gio.Task.new(self, cancellable, lambda source, result, *rest: callback(source, result))
        task.return_boolean(True)

    def do_probe_finish(self, result):
        result.propagate_boolean()
        return Dms.ExecutorProbe.new(True, "written in Python", "3", Dms.ExecutorFeatures.EXEC)


def call(start, finish):
    """Runs an asynchronous call to its end."""
    loop = GLib.MainLoop()
    answer = {}

    def done(source, result):
        try:
            answer["value"] = finish(result)
        except GLib.Error as error:
            answer["error"] = error
        loop.quit()

    limit = GLib.timeout_add_seconds(10, loop.quit)
    start(None, done)
    loop.run()
    if answer:
        GLib.source_remove(limit)
    return answer


class PythonTransport(GObject.Object, Dms.Transport):
    """Knows one peer, and tells of it."""

    peer = Dms.PeerId.new("12D3KooWHzew9HTYzywFuvTHGK5Yzoz7qAhMfxagtCvhvjheoBQ3")

    def do_list_limits(self):
        return [Dms.LimitInfo.new("system", None, "streams", 1, 2, 3, 4)]

    def do_dup_peer_protocols(self, peer):
        return ["/ping", "/id"] if peer.equal(self.peer) else None

    def do_set_peer_score(self, peer, score):
        self.score = (peer.get_text(), score)


class Introspection(unittest.TestCase):
    def test_transport(self):
        transport = PythonTransport()
        (limit,) = transport.list_limits()
        self.assertEqual((limit.get_scope(), limit.get_name(), limit.get_refused()), ("system", None, 4))
        self.assertEqual(transport.dup_peer_protocols(transport.peer), ["/ping", "/id"])
        transport.set_peer_score(transport.peer, 2.5)
        self.assertEqual(transport.score, (transport.peer.get_text(), 2.5))
        self.assertEqual(transport.list_connections(), [])
        transport.set_peer_handler(lambda *arguments: self.fail("nobody is there"))

    def test_connection_info(self):
        bare = Dms.ConnectionInfo.new(PythonTransport.peer, None, None, True, False, "/tls/1.0.0", None, 5)
        info = bare.with_traffic(3, -1, 10, 20).with_identity("agent", ["/ping"])
        self.assertEqual(info.get_protocols(), ["/ping"])
        self.assertEqual((info.get_n_streams(), info.get_rtt_us(), info.get_muxer()), (3, -1, ""))
        self.assertTrue(info.equal(Dms.ConnectionInfo.new_from_json(info.to_json())))
        step = Dms.DialStep.new("connect", None, 7, "refused")
        self.assertEqual(Json.to_string(step.to_json(), False),
                         '{"step":"connect","duration_us":7,"error":"refused"}')

    def test_resources(self):
        resources = Dms.Resources.new(
            Dms.Cpu.new(2, 0), Dms.Ram.new(1 << 30, 0, None), Dms.Disk.new(5 << 30), []
        )
        text = Json.to_string(resources.to_json(), False)
        self.assertEqual(text, '{"cpu":{"cores":2},"ram":{"size":1073741824},"disk":{"size":5368709120}}')
        self.assertTrue(resources.equal(Dms.Resources.new_from_json(resources.to_json())))
        self.assertEqual(resources.get_gpus(), [])

    def test_errors(self):
        with self.assertRaises(GLib.Error) as caught:
            Dms.PeerId.new("nonsense")
        self.assertTrue(caught.exception.matches(Dms.error_quark(), Dms.Error.INVALID_DATA))

    def test_executor(self):
        executor = PythonExecutor()
        self.assertEqual(Dms.Executor.get_id(executor), "python")
        good = Dms.ExecutionSpecBuilder.new("job", "x", "python").end()
        bad = Dms.ExecutionSpecBuilder.new("job", "x", "docker").end()
        self.assertTrue(Dms.Executor.validate(executor, good))
        with self.assertRaises(GLib.Error):
            Dms.Executor.validate(executor, bad)
        probe = call(executor.probe_async, executor.probe_finish)["value"]
        self.assertTrue(probe.get_available())
        self.assertEqual(probe.get_reason(), "written in Python")

    def test_missing(self):
        executor = PythonExecutor()
        error = call(executor.list_async, executor.list_finish)["error"]
        self.assertTrue(error.matches(Dms.error_quark(), Dms.Error.NOT_SUPPORTED))


if __name__ == "__main__":
    unittest.main()
