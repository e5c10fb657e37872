#!/usr/bin/python3
"""The delay proxy against a scripted client and server: its count of waits and the time that passes must agree."""
import json
import pathlib
import socket
import subprocess
import threading
import time
import unittest

DELAY = 0.05


class DelayProxy(unittest.TestCase):
    def play(self, steps):
        """Each step: what the client sends (b"" at the greeting), and the pieces in which the server answers."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        proxy = subprocess.Popen([pathlib.Path(__file__).with_name("delay-proxy"), "--to", "127.0.0.1:%d" % listener.getsockname()[1],
                                  "--delay-ms", str(DELAY * 1000)], stdout=subprocess.PIPE, text=True)
        self.addCleanup(proxy.wait)
        self.addCleanup(proxy.stdout.close)
        self.addCleanup(proxy.terminate)
        port = int(proxy.stdout.readline().split(":")[1])

        def serve():
            connection, _ = listener.accept()
            with connection:
                for sent, pieces in steps:
                    wanted = len(sent)
                    while wanted:
                        wanted -= len(connection.recv(min(wanted, 65536)))
                    for piece in pieces:
                        connection.sendall(piece)
                        time.sleep(0.002)
                connection.recv(1)   # until the client ends

        server = threading.Thread(target=serve)
        server.start()
        self.addCleanup(server.join)
        start = time.monotonic()
        received = b""
        with socket.create_connection(("127.0.0.1", port)) as client:
            for sent, pieces in steps:
                client.sendall(sent)
                while len(received) < sum(len(piece) for _, before in steps[:steps.index((sent, pieces)) + 1] for piece in before):
                    received += client.recv(65536)
            seconds = time.monotonic() - start
        self.assertEqual(received, b"".join(piece for _, pieces in steps for piece in pieces))
        return json.loads(proxy.stdout.readline()), seconds

    def check(self, steps, waits):
        seen, seconds = self.play(steps)
        self.assertEqual(seen["waits"], waits)
        self.assertEqual(seen["sent"], sum(len(sent) for sent, _ in steps))
        self.assertEqual(seen["received"], sum(len(piece) for _, pieces in steps for piece in pieces))
        self.assertGreaterEqual(seconds, waits * 2 * DELAY - 0.01)
        self.assertLess(seconds, (waits + 0.9) * 2 * DELAY)
        self.assertAlmostEqual(seen["seconds"], seconds, delta=DELAY)

    def test_connect_and_greeting(self):
        self.check([(b"", [b"220 mail.example\r\n"])], 2)

    def test_one_command_at_a_time(self):
        self.check([(b"", [b"220 x\r\n"]), (b"EHLO c\r\n", [b"250 x\r\n"]), (b"MAIL\r\n", [b"250 a\r\n"]), (b"RCPT\r\n", [b"250 b\r\n"])], 5)

    def test_a_group_is_one_wait_and_so_is_a_reply_in_pieces(self):
        self.check([(b"", [b"220-x\r\n", b"220 x\r\n"]), (b"MAIL\r\nRCPT\r\nDATA\r\n", [b"250 a\r\n", b"250 b\r\n", b"354 c\r\n"])], 3)

    def test_content_streams(self):
        self.check([(b"", [b"220 x\r\n"]), (b"x" * 3_000_000, [b"250 y\r\n"])], 3)


if __name__ == "__main__":
    unittest.main()
