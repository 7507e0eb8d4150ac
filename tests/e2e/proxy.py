# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP proxy of the test's own between browser and mill: it can be cut, and be silent."""
import select
import socket
import threading


class Proxy:
    def __init__(self, port):
        self.target = port
        self.open = threading.Event()
        self.open.set()
        self.pairs = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return  # closed
            if not self.open.is_set():
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            self.pairs.append((client, server))
            threading.Thread(target=self._carry, args=(client, server), daemon=True).start()

    @staticmethod
    def _carry(client, server):
        ends = {client: server, server: client}
        try:
            while True:
                for source in select.select(list(ends), [], [])[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    ends[source].sendall(data)
        except (OSError, ValueError):
            pass  # cut
        finally:
            for end in ends:
                end.close()

    def cut(self):
        """Every connection ends, and no new one is taken."""
        self.open.clear()
        for pair in self.pairs:
            for end in pair:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # it had ended
        self.pairs.clear()

    def mend(self):
        self.open.set()

    def close(self):
        self.cut()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)
