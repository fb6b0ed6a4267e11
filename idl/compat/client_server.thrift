/**
 * The original system's service between a client and the server. It is kept as it was, byte for byte on the wire:
 * programs made from the original's interface submit jobs to our server. Never change it.
 */
service ClientServer {
  string submit_request(1: string source_folder, 2: bool is_random)
  void ping()
}
