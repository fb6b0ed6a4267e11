/**
 * The original system's service between the server and a compute node. It is kept as it was, byte for byte on the
 * wire: old servers drive our nodes and our server drives old nodes. Never change it.
 */
service ServerCompute {
  string delayed_execute(1: string base_path, 2: string file_name)
  string execute(1: string base_path, 2: string file_name)
}
