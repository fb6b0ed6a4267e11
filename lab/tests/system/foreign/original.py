"""The original system's two services, loaded from the interface files."""

import os

import thriftpy2

_folder = os.environ["BALLAST_IDL"]
client_server = thriftpy2.load(os.path.join(_folder, "client_server.thrift"), module_name="client_server_thrift")
server_compute = thriftpy2.load(os.path.join(_folder, "server_compute.thrift"), module_name="server_compute_thrift")
