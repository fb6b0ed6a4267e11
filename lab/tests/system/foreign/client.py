"""The original's client: client.py PORT FOLDER true|false. Prints the elapsed seconds that the server answers."""

import sys

from thriftpy2.rpc import make_client

from original import client_server

port, folder, is_random = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "true"
client = make_client(client_server.ClientServer, "127.0.0.1", port, timeout=60_000)
client.ping()
print(client.submit_request(folder, is_random))
