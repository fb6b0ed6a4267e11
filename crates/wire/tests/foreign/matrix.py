"""Speaks to a port in the nine ways of the stock Python clients: matrix.py node|server PORT IDL_FOLDER

A line "ok DIALECT" for each that passed; the first that does not ends the program with a trace.
"""

import sys

import thriftpy2
from thrift.Thrift import TApplicationException
from thrift.protocol.TBinaryProtocol import TBinaryProtocol, TBinaryProtocolAccelerated
from thrift.protocol.TCompactProtocol import TCompactProtocol
from thrift.transport import TSocket, TTransport
# The package's own names stand for the compiled classes where there are any, so the plain ones come from their modules.
from thriftpy2.protocol.binary import TBinaryProtocolFactory
from thriftpy2.protocol.compact import TCompactProtocolFactory
from thriftpy2.protocol.cybin import TCyBinaryProtocolFactory
from thriftpy2.rpc import make_client
from thriftpy2.thrift import TApplicationException as TApplicationException2
from thriftpy2.transport.buffered import TBufferedTransportFactory
from thriftpy2.transport.buffered.cybuffered import TCyBufferedTransportFactory
from thriftpy2.transport.framed import TFramedTransportFactory

import interface

PATIENCE_MS = 30_000
IMAGE = bytes(range(256)) * 1000


def raises(kinds, call):
    try:
        answer = call()
    except kinds as error:
        return error
    raise AssertionError(f"no exception but {answer!r}")


def check_node(client, words):
    """`words` holds the types of the library in use."""
    client.ping()
    assert client.execute("/data", "a.png") == "Success"
    assert client.execute("/data/ü", "busy.png") == "Rejected"
    assert client.delayed_execute("/data", "busy.png") == "Success"
    error = raises(words.application, lambda: client.execute("/data", "boom.png"))
    assert error.message == "boom: no such file", error
    node = client.describe()
    assert (node.name, node.slots, node.load_probability, node.incarnation) == ("node0", 4, 0.8, -2), node
    assert node.operations == ["edges", "grayscale"]
    request = words.AttemptRequest(
        job_key="j", epoch=1, server_incarnation=-1, task=3, attempt=1, seed=-(2**63), admission=1, operation="edges"
    )
    request.file = words.SharedFile(base_path="/data", file_name="ü.png")
    reply = client.attempt(request)
    assert (reply.temporary_name, reply.width, reply.result) == ("ü.png.part", 640, None), reply
    request.file, request.source = None, IMAGE
    assert client.attempt(request).result == IMAGE
    request.operation = "reject"
    assert raises(words.Rejected, lambda: client.attempt(request)).node == "node0"
    request.task = -1
    assert raises(words.InvalidRequest, lambda: client.attempt(request)).field == "task"
    client.ping()


def check_server(client, words):
    client.ping()
    assert client.submit_request("/data/ü", True) == "1.5"
    assert client.submit_request("/data/ü", False) == "2.25"
    error = raises(words.application, lambda: client.submit_request("/none", True))
    assert error.message == "no folder /none", error
    client.cancel("job")
    assert raises(words.UnknownJob, lambda: client.cancel("other")).job_key == "other"
    client.ping()


class Apache:
    """The words of the `thrift` package."""

    application = TApplicationException
    AttemptRequest = interface.AttemptRequest
    SharedFile = interface.SharedFile
    Rejected = interface.Rejected
    InvalidRequest = interface.InvalidRequest
    UnknownJob = interface.UnknownJob


def apache(port, check):
    buffered, framed = TTransport.TBufferedTransport, TTransport.TFramedTransport
    for transport, protocol in [
        (buffered, TBinaryProtocol),
        (buffered, TBinaryProtocolAccelerated),
        (buffered, TCompactProtocol),
        (framed, TBinaryProtocol),
        (framed, TCompactProtocol),
    ]:
        socket = TSocket.TSocket("127.0.0.1", port)
        socket.setTimeout(PATIENCE_MS)
        wrapped = transport(socket)
        wrapped.open()
        client = interface.Client(protocol(wrapped))
        check(client, Apache)
        error = raises(TApplicationException, lambda: client.from_the_future("hello"))
        assert error.type == TApplicationException.UNKNOWN_METHOD, error
        client.ping()
        wrapped.close()
        print(f"ok thrift {transport.__name__} {protocol.__name__}", flush=True)


def thriftpy(port, check, service, module):
    module.application = TApplicationException2
    for transport, protocol in [
        (TBufferedTransportFactory(), TBinaryProtocolFactory()),
        (TCyBufferedTransportFactory(), TCyBinaryProtocolFactory()),
        (TFramedTransportFactory(), TBinaryProtocolFactory()),
        (TFramedTransportFactory(), TCompactProtocolFactory()),
    ]:
        client = make_client(
            service, "127.0.0.1", port, trans_factory=transport, proto_factory=protocol, timeout=PATIENCE_MS
        )
        check(client, module)
        client.close()
        print(f"ok thriftpy2 {type(transport).__name__} {type(protocol).__name__}", flush=True)


def main():
    kind, port, idl = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    module = thriftpy2.load(f"{idl}/ballast.thrift", module_name="ballast_thrift", include_dirs=[idl])
    check, service = {
        "node": (check_node, module.BallastNode),
        "server": (check_server, module.BallastServer),
    }[kind]
    apache(port, check)
    thriftpy(port, check, service, module)


main()
