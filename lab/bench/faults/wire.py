"""A wire that loses, delays, repeats and reorders packets, seeded, and knows nothing of what they carry.

It is a network device of this machine's own (tun) inside a network namespace in which nobody else is. A packet to
10.9.N.2 comes out of the device, and goes back in with its two addresses changed round: whoever listens at 10.9.0.1 is
so reached as 10.9.N.2 over a wire of its own, and the checksums stay right, for they are sums.
"""

import fcntl
import heapq
import os
import random
import select
import socket
import struct
import threading
import time

HERE = "10.9.0.1"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
SIOCGIFFLAGS, SIOCSIFFLAGS, SIOCSIFADDR, SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891C
UP = 0x1
LARGEST_PACKET = 65_536


def request(device, *fields):
    return struct.pack("16s", device.encode()) + b"".join(fields).ljust(24, b"\0")


def address(text):
    return struct.pack("=HH4s", socket.AF_INET, 0, socket.inet_aton(text))


def raise_device(device, at=None):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ask:
        if at:
            fcntl.ioctl(ask, SIOCSIFADDR, request(device, address(at)))
            fcntl.ioctl(ask, SIOCSIFNETMASK, request(device, address("255.255.0.0")))
        answer = fcntl.ioctl(ask, SIOCGIFFLAGS, request(device))
        flags = struct.unpack_from("=H", answer, 16)[0]
        fcntl.ioctl(ask, SIOCSIFFLAGS, request(device, struct.pack("=H", flags | UP)))


class Wire:
    """Runs until it is closed. Its fields may be changed at any time."""

    def __init__(self, seed=1):
        self.device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.device, TUNSETIFF, request("wire", struct.pack("=H", IFF_TUN | IFF_NO_PI)))
        raise_device("wire", HERE)
        self.random = random.Random(seed)
        self.loss = self.duplication = 0.0
        self.delay, self.jitter = 0.0, 0.0
        self.cut = set()
        """Pairs of a node and 'there' or 'back' of which nothing arrives."""
        self.carried = self.lost = self.repeated = 0
        self.over = False
        self.thread = threading.Thread(target=self.carry)
        self.thread.start()

    def close(self):
        self.over = True
        self.thread.join()
        os.close(self.device)

    def carry(self):
        waiting, number = [], 0
        while not self.over:
            pause = min(0.05, waiting[0][0] - time.monotonic()) if waiting else 0.05
            if select.select([self.device], [], [], max(0, pause))[0]:
                packet = os.read(self.device, LARGEST_PACKET)
                for late in self.fates(packet):
                    number += 1
                    heapq.heappush(waiting, (time.monotonic() + late, number, packet))
            while waiting and waiting[0][0] <= time.monotonic():
                packet = heapq.heappop(waiting)[2]
                os.write(self.device, packet[:12] + packet[16:20] + packet[12:16] + packet[20:])

    def fates(self, packet):
        """How late each copy of a packet comes; none if it is lost."""
        if len(packet) < 20 or packet[0] >> 4 != 4:
            return []
        # There: from here to the node's wire. Back: the node's answers go to the caller's address on that wire too, so
        # the node is told by its port.
        node = packet[18]
        way = "there" if self.port(packet, 2) in self.ports else "back"
        self.carried += 1
        if (node, way) in self.cut or self.random.random() < self.loss:
            self.lost += 1
            return []
        copies = 1 + (self.random.random() < self.duplication)
        self.repeated += copies - 1
        return [max(0.0, self.random.gauss(self.delay, self.jitter)) if self.delay else 0.0 for _ in range(copies)]

    ports = frozenset()
    """Where nodes listen."""

    @staticmethod
    def port(packet, at):
        begin = 4 * (packet[0] & 15) + at
        return struct.unpack_from("!H", packet, begin)[0]
