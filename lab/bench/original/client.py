"""A client of the original's design: hands a folder to a server and waits for its answer.

usage: client.py COMPAT_FOLDER SERVER_PORT DATA_FOLDER
"""

import os
import sys

import thriftpy2
from thriftpy2.rpc import client_context


def main():
    compat, port, data = sys.argv[1:]
    service = thriftpy2.load(os.path.join(compat, "client_server.thrift"), module_name="client_server_thrift")
    with client_context(service.ClientServer, "127.0.0.1", int(port), socket_timeout=600_000) as server:
        print(server.submit_request(data, True))


if __name__ == "__main__":
    main()
