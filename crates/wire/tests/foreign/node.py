"""A compute node of the original's kind: node.py thrift|thriftpy2 IDL_FOLDER

Knows `execute` and `delayed_execute` only. Prints the port that it listens on, and serves until it is killed.
"""

import sys


class Handler:
    def execute(self, base_path, file_name):
        if file_name == "boom.png":
            raise RuntimeError("boom")
        return "Rejected" if file_name == "busy.png" else "Success"

    def delayed_execute(self, base_path, file_name):
        assert base_path == "/data/ü", base_path
        return "Success"


def announce(port):
    print(port, flush=True)


def apache():
    """A pool of ten threads, each bound to one connection until it closes, as the original has it."""
    from thrift.protocol.TBinaryProtocol import TBinaryProtocolFactory
    from thrift.server.TServer import TThreadPoolServer
    from thrift.Thrift import TApplicationException, TMessageType, TProcessor, TType
    from thrift.transport import TSocket, TTransport

    import interface

    handler = Handler()

    class Processor(TProcessor):
        def process(self, incoming, outgoing):
            name, _, sequence = incoming.readMessageBegin()
            kind = TMessageType.REPLY
            if name in ("execute", "delayed_execute"):
                args = interface.ExecuteArgs()
                args.read(incoming)
                try:
                    answer = interface.TextResult(success=getattr(handler, name)(args.base_path, args.file_name))
                except Exception:
                    kind = TMessageType.EXCEPTION
                    answer = TApplicationException(TApplicationException.INTERNAL_ERROR, "Internal error")
            else:
                incoming.skip(TType.STRUCT)
                kind = TMessageType.EXCEPTION
                answer = TApplicationException(TApplicationException.UNKNOWN_METHOD, f"Unknown function {name}")
            incoming.readMessageEnd()
            outgoing.writeMessageBegin(name, kind, sequence)
            answer.write(outgoing)
            outgoing.writeMessageEnd()
            outgoing.trans.flush()
            return True

    class Socket(TSocket.TServerSocket):
        def listen(self):
            super().listen()
            announce(self.handle.getsockname()[1])

    server = TThreadPoolServer(
        Processor(), Socket("127.0.0.1", 0), TTransport.TBufferedTransportFactory(), TBinaryProtocolFactory(), daemon=True
    )
    server.setNumThreads(10)
    server.serve()


def thriftpy(idl):
    import thriftpy2
    from thriftpy2.protocol import TBinaryProtocolFactory
    from thriftpy2.server import TThreadedServer
    from thriftpy2.thrift import TProcessor
    from thriftpy2.transport import TBufferedTransportFactory, TServerSocket

    module = thriftpy2.load(f"{idl}/compat/server_compute.thrift", module_name="server_compute_thrift")

    class Socket(TServerSocket):
        def listen(self):
            super().listen()
            announce(self.sock.getsockname()[1])

    TThreadedServer(
        TProcessor(module.ServerCompute, Handler()),
        Socket(host="127.0.0.1", port=0, client_timeout=3000),
        iprot_factory=TBinaryProtocolFactory(),
        itrans_factory=TBufferedTransportFactory(),
        daemon=True,
    ).serve()


if sys.argv[1] == "thrift":
    apache()
else:
    thriftpy(sys.argv[2])
