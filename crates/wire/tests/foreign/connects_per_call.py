"""Drives a node as the original's server does: a connection for each call, left open: connects_per_call.py PORT CALLS"""

import sys

from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport import TSocket, TTransport

import interface

port, calls = int(sys.argv[1]), int(sys.argv[2])
left_open = []
for call in range(calls):
    socket = TSocket.TSocket("127.0.0.1", port)
    socket.setTimeout(30_000)
    transport = TTransport.TBufferedTransport(socket)
    transport.open()
    left_open.append(transport)
    client = interface.Client(TBinaryProtocol(transport))
    name = "busy.png" if call % 2 else "a.png"
    answer = client.execute("/data", name)
    assert answer == ("Rejected" if call % 2 else "Success"), answer
print(f"ok {calls}")
