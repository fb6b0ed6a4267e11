/**
 * The interface of Ballast. Both services extend those of the original system, so that one port answers old and new
 * callers.
 *
 * Rules of this file: one request struct and one reply struct a method. Ids are never reused and types never change;
 * a field that goes leaves a comment. New fields are optional. Units stand in names. Enum value 0 means "not said".
 * Exceptions are outcomes on which a caller acts. Images travel as `binary`, never as a list.
 */

include "compat/client_server.thrift"
include "compat/server_compute.thrift"

/** Version of this interface by the rules of SemVer. REMEMBER TO EDIT when a method or a field is added. */
const string VERSION = "1.7.0"

// ---------------------------------------------------------------------------------------------- shared words

/** Whether a node may refuse an attempt. */
enum Admission {
  UNSPECIFIED = 0,
  /** By its load probability the node refuses at once (`execute` of the original). */
  MAY_REJECT = 1,
  /** The node always takes the attempt; by its load probability it starts late (`delayed_execute`). */
  MUST_ACCEPT = 2,
}

/** A request that cannot be served as it stands, whoever asks again. */
exception InvalidRequest {
  /** The field at fault, as this file names it. */
  1: required string field,
  /** What is wrong with it and what would be right. */
  2: required string why,
}

/** The process is shutting down or draining and takes no new work. */
exception Unavailable {
  1: required string why,
  /** Set if that passes by itself, as while no server leads: when to ask again. Since 1.7. */
  2: optional i64 again_after_ms,
}

// ---------------------------------------------------------------------------------------------- server to node

/** Why a node refused an attempt. */
enum RejectReason {
  UNSPECIFIED = 0,
  /** The load probability's coin. */
  LOAD = 1,
  /** All slots are taken and the queue is full. */
  QUEUE_FULL = 2,
  /** The node finishes what it has and takes nothing new. */
  DRAINING = 3,
  /** The attempt carries an older epoch than one that the node has seen for this job. */
  STALE_EPOCH = 4,
}

/** The node refused the attempt. An outcome, not a failure: the task goes elsewhere. */
exception Rejected {
  1: required RejectReason reason,
  /** Name of the node that refused. */
  2: required string node,
  3: required string why,
}

/** Whose image failed, and how. */
enum FailureKind {
  UNSPECIFIED = 0,
  NOT_FOUND = 1,
  UNREADABLE = 2,
  EMPTY = 3,
  TRUNCATED = 4,
  CORRUPT = 5,
  UNSUPPORTED = 6,
  TOO_LARGE = 7,
  /** The operation cannot be applied to this image. */
  OPERATION = 8,
}

/** The image is at fault: no other node would do better. */
exception TaskFailed {
  1: required FailureKind kind,
  2: required string why,
  3: optional AttemptTimings timings,
}

/** What a node lacked. */
enum FaultKind {
  UNSPECIFIED = 0,
  /** The folder is outside the data roots that the node was started with, or not there. */
  NO_ACCESS = 1,
  DISK_FULL = 2,
  WRITE_FAILED = 3,
  /** The operation panicked or the node ran out of something. */
  INTERNAL = 4,
}

/** The node is at fault: another one may do better. */
exception NodeFault {
  1: required FaultKind kind,
  2: required string why,
}

/** Where the microseconds of an attempt went on the node. Stages that did not happen are 0. */
struct AttemptTimings {
  /** Waiting for a free slot. */
  1: required i64 queue_us,
  /** The injected delay of the load probability. */
  2: required i64 delay_us,
  /** Reading the source file. */
  3: required i64 read_us,
  4: required i64 decode_us,
  5: required i64 operation_us,
  6: required i64 encode_us,
  /** Writing the temporary result file. */
  7: required i64 write_us,
  /** From the decoded request to the reply, so at least the sum of the others. */
  8: required i64 total_us,
}

/** Where a strip of a JPEG lies in its file, and what a decoder must know to begin there. */
struct JpegStrip {
  /** Bytes of the file in front of its entropy-coded data: every strip needs them. */
  1: required i64 head_bytes,
  /** Where the strip's data begin in the file. */
  2: required i64 offset,
  3: required i64 bytes,
  /** Number of the row of MCUs that the data begin with. */
  4: required i32 first_mcu_row,
  /** First bit in the first byte, 0 for the highest. */
  5: required i32 bit,
  /** Number of the next restart marker, 0 to 7. */
  6: required i32 restart,
  /** MCUs up to the next restart; unset in a file without restarts. */
  7: optional i32 left,
  /** The last first coefficient of each of four components. */
  8: required list<i32> predictors,
}

/**
 * One part of an image whose result is cut over nodes. Exactly one way of cutting is set. The node answers with a piece: what
 * the part has seen of the picture, or what it makes of the result.
 */
struct Segment {
  /** Number of the image in its job: with job and part the name under which a node keeps what it has begun. */
  1: required i64 image,
  /** Width of the whole source in pixels, upright. */
  2: required i32 width,
  3: required i32 height,
  /** Number of the part, from 0. */
  4: required i32 part,
  /** Rows of the result in each band, from top to bottom. */
  5: optional list<i32> row_heights,
  /** Columns of the result in each band, from left to right. */
  6: optional list<i32> column_widths,
  /** A grid of even tiles. */
  7: optional i32 tile_columns,
  8: optional i32 tile_rows,
  /** The part needs only this strip of the file; unset: the whole file. */
  9: optional JpegStrip strip,
  /** Lengths of what lies in `source` one after another: the inline bytes, then each summary that was made before. */
  10: required list<i32> lengths,
}

/** Several images as one task: one admission, one slot, one attempt. An image that is at fault fails alone. */
struct Batch {
  /** By path: the folder, as in `SharedFile`, and the images in it. */
  1: optional string base_path,
  2: optional list<string> file_names,
  /** Inline: lengths of the images in `source`, one after another. */
  3: optional list<i32> lengths,
  /** An operation for each image; unset: the request's for all. */
  4: optional list<string> operations,
  /** Answer the statistics of each image instead of a result. */
  5: optional bool measure,
}

/** One try at one task on one node. Exactly one of `file` and `source` is set, or neither for an empty task. */
struct AttemptRequest {
  /** The job, unique for ever. */
  1: required string job_key,
  /** The client's count of submissions of this job: the fencing token between servers. */
  2: required i64 epoch,
  /** Drawn by each server process at its start. */
  3: required i64 server_incarnation,
  /** Index of the task in its job, from 0. */
  4: required i64 task,
  /** Count of attempts at this task, from 1. */
  5: required i32 attempt,
  /** Names the luck of the run: (seed, purpose, task, attempt) decides every coin of the load model. */
  6: required i64 seed,
  7: required Admission admission,
  /** A chain of operations, such as `edges` or `blur[size=31] | grayscale`. */
  8: required string operation,
  /** By path: an image in a folder that server and node share. */
  9: optional SharedFile file,
  /** Inline: the image itself, for nodes that share no folder with the server. */
  10: optional binary source,
  /** Work that burns no processor and touches no file, for experiments without images. */
  11: optional i64 synthetic_service_us,
  /** The task is one part of the image. `source` then holds what `Segment.lengths` says, beside `file` too. */
  12: optional Segment segment,
  /** The task is several images; `file` is unset, and `source` holds them or is unset. */
  13: optional Batch batch,
  /** The job's strategy, for the node's totals. */
  14: optional string strategy,
  /** By path: flush the result to the disk before answering, so that it survives a power cut. */
  15: optional bool durable,
  /**
   * By path: the server has made the folder `output_dir/.ballast/<job>/<server_incarnation>` for temporary files and
   * removes it with the job. The node writes there and makes no folder, so that an attempt that comes to its end after
   * its job can leave nothing behind. Without it the node makes `output_dir/.ballast/<job>`.
   */
  16: optional bool folder_made,
}

/** `<base_path>/input_dir/<file_name>`, whose result belongs to `<base_path>/output_dir/<file_name>`. */
struct SharedFile {
  1: required string base_path,
  2: required string file_name,
}

/** What came of one image of a batch: a result, statistics, or `kind` and `why` it failed. */
struct BatchItem {
  1: optional string temporary_name,
  /** Inline: how many bytes of `result` are this image's. */
  2: optional i64 inline_bytes,
  /** How often each of the 256 sample values occurs, as 64-bit little-endian numbers. */
  3: optional binary statistics,
  4: optional FailureKind kind,
  5: optional string why,
  6: required i64 bytes_in,
  7: required i64 bytes_out,
  8: required i32 width,
  9: required i32 height,
}

/** A finished attempt. */
struct AttemptReply {
  1: required AttemptTimings timings,
  /** Size of the encoded source. */
  2: required i64 bytes_in,
  /** Size of the encoded result. */
  3: required i64 bytes_out,
  /** Width of the result in pixels, 0 for an empty task. */
  4: required i32 width,
  5: required i32 height,
  /** By path: the whole result's temporary file, relative to `<base_path>/output_dir`, for the server to rename. */
  6: optional string temporary_name,
  /** Inline: the encoded result; of a batch those of its images, one after another; of a segment its piece. */
  7: optional binary result,
  /** Of a batch: each image, in the order of the request. */
  8: optional list<BatchItem> items,
  /** By path: CRC-32 of the whole result, so that whoever finds the file later can tell it from another. */
  9: optional i64 checksum,
}

/** What a node tells of itself when a server first speaks to it. */
struct NodeDescription {
  1: required string name,
  /** VERSION of the interface that the node speaks. */
  2: required string interface_version,
  /** Version of the program. */
  3: required string program_version,
  /** Drawn at the node's start: another number means another process. */
  4: required i64 incarnation,
  /** Attempts that the node works on at once, sleeping ones included. */
  5: required i32 slots,
  /** Attempts that may wait for a slot. */
  6: required i32 queue_bound,
  /** What the node was started with, where it tells. */
  7: optional double load_probability,
  8: optional i64 delay_us,
  /** Operations that the node knows, with their defaults. */
  9: required list<string> operations,
}

/** A node's counters since its start. */
struct NodeStatus {
  1: required i64 incarnation,
  /** Attempts in a slot. */
  2: required i32 running,
  /** Attempts waiting for a slot. */
  3: required i32 queued,
  4: required i64 done,
  5: required i64 rejected,
  6: required i64 delayed,
  7: required i64 failed,
  /** Time since the start. */
  8: required i64 uptime_us,
  9: required bool draining,
  /** Count and total time of finished attempts by operation. */
  10: optional map<string, OperationTotals> by_operation,
  /** The same by strategy. */
  11: optional map<string, OperationTotals> by_strategy,
}

struct OperationTotals {
  1: required i64 count,
  2: required i64 total_us,
}

/** A compute node. */
service BallastNode extends server_compute.ServerCompute {
  /** Answers at once; proves that the process lives and not only its socket. */
  void ping(),
  NodeDescription describe(),
  NodeStatus status(),
  /** One try at one task. Answers when the result is whole. */
  AttemptReply attempt(1: AttemptRequest request)
    throws (1: Rejected rejected, 2: TaskFailed failed, 3: NodeFault fault, 4: InvalidRequest invalid),
}

// ---------------------------------------------------------------------------------------------- client to server

/** How the images reach the nodes. */
enum Transfer {
  UNSPECIFIED = 0,
  /** By path on a folder that server and nodes share. */
  SHARED = 1,
  /** Inline in the messages. */
  INLINE = 2,
}

/** How one image is cut over nodes. */
enum CutKind {
  UNSPECIFIED = 0,
  ROWS = 1,
  COLUMNS = 2,
  TILES = 3,
}

/** One image over several nodes; the merged result has the same bytes as the whole image's. */
struct Segmentation {
  /** Parts of each image; unset: as many as nodes are up, each as large as its node is fast. */
  1: optional i32 parts,
  2: required CutKind cut,
}

/** Several images as one task. Exactly one is set. */
struct Batching {
  /** Images in a batch. */
  1: optional i32 images,
  /** How long a batch should take; the server learns how many images that are. */
  2: optional i64 target_us,
}

/** A folder of images and what to do with them. */
struct JobRequest {
  /** Unique for ever; the same key again is the same job. */
  1: required string job_key,
  2: required i64 epoch,
  /** Folder with `input_dir`; absolute. Unset for a synthetic job. */
  3: optional string data_path,
  /** `random`, `load_balancing`, or a policy such as `power_of_two`. */
  4: required string strategy,
  /** Overrides what the strategy's name implies. */
  5: optional Admission admission,
  6: required string operation,
  /** Unset: the server draws one and reports it. */
  7: optional i64 seed,
  8: optional Transfer transfer,
  /** Also images in folders below `input_dir`. */
  9: optional bool recursive,
  /** Most attempts in flight at once for this job. */
  10: optional i32 max_in_flight,
  /** A job of this many empty tasks instead of a folder. */
  11: optional i64 synthetic_tasks,
  /** Mean work of an empty task, without burning a processor. */
  12: optional i64 synthetic_service_us,
  /** Label of the run in the records. */
  13: optional string label,
  /** Attempts after which a task is given up; unset: the server's setting. */
  14: optional i32 max_attempts,
  /** Each image is cut over nodes. Not together with `batching`. */
  15: optional Segmentation segmentation,
  /** Images go to nodes in batches. */
  16: optional Batching batching,
  /** First measure all images; then each step `normalize` without extremes of its own gets those of the data set. */
  17: optional bool data_set,
  /**
   * When the tasks of a synthetic job arrive, in microseconds since the server took it, ascending: as many as
   * synthetic_tasks. Unset: all at once. A task's latency counts from this time, whatever the server was doing then.
   */
  30: optional list<i64> arrivals_us,
  /** Arrivals that find this many tasks open are dropped and counted. Unset: none is. */
  31: optional i32 max_open,
}

/** A job that the server has taken. */
struct JobReceipt {
  1: required string job_key,
  /** Tasks of the job. */
  2: required i64 tasks,
  /** The seed in use. */
  3: required i64 seed,
  /** The strategy in its full form. */
  4: required string strategy,
  5: required Admission admission,
  6: required string operation,
  /** Files of `input_dir` that are no images by their names. */
  7: required i64 skipped,
  /** Folder of the CSV files, as the server sees it. */
  8: required string run_folder,
}

/** Where a job stands. */
enum JobState {
  UNSPECIFIED = 0,
  RUNNING = 1,
  /** Every image is done. */
  DONE = 2,
  /** Ended with failed images. */
  PARTIAL = 3,
  CANCELLED = 4,
  /** Given up because no node took work. */
  NO_NODE = 5,
}

/** What happened so far. */
struct JobProgress {
  1: required JobState state,
  2: required i64 tasks,
  3: required i64 done,
  4: required i64 failed,
  /** Attempts begun. */
  5: required i64 attempts,
  6: required i64 rejected,
  7: required i64 delayed,
  /** Attempts lost to nodes or wires. */
  8: required i64 lost,
  9: required i64 in_flight,
  10: required i64 elapsed_us,
  /** Whether an operator has paused it: no attempt begins until it is resumed. */
  11: optional bool paused,
}

/** A task that got no result. */
struct TaskFailure {
  1: required string file_name,
  2: required string why,
}

/** Per-node figures of one job. */
struct NodeShare {
  1: required string node,
  2: required i64 attempts,
  3: required i64 done,
  4: required i64 rejected,
  5: required i64 delayed,
  6: required i64 lost,
}

/** The whole story of an ended job. */
struct JobReport {
  1: required JobProgress progress,
  /** Failed tasks with reasons, at most 1,000 of them. */
  2: required list<TaskFailure> failures,
  3: required list<NodeShare> nodes,
  /** Set when the job was given up: why, and what to do. */
  4: optional string why,
  /** Of a data set, once all images are measured: how often each of the 256 sample values occurs. */
  5: optional list<i64> histogram,
  /** Time that each node worked on the job, without waits and injected delays, in the order of `nodes`. */
  6: optional list<i64> node_service_us,
}

struct ProgressRequest {
  1: required string job_key,
  /** The call answers when the job ends, or after this time. */
  2: required i64 wait_us,
}

exception UnknownJob {
  1: required string job_key,
  /** What is known of it all the same, in a sentence: another server has it, or this one is ending. Since 1.7. */
  2: optional string why,
}

/** One job as its server sees it. */
struct JobView {
  /** The request, with the seed in use: whoever submits it again has the same job under the same luck. */
  1: required JobRequest request,
  2: required JobReceipt receipt,
  3: required JobProgress progress,
  /** When it was submitted, in microseconds since 1970-01-01 UTC. */
  4: required i64 submitted_us,
}

struct JobsRequest {
  /** Only jobs that have not ended. */
  1: optional bool running_only,
}

struct JobsReply {
  /** The latest first, at most 1,000. */
  1: required list<JobView> jobs,
}

/** How the server sees a node. */
enum NodeState {
  UNSPECIFIED = 0,
  UP = 1,
  DOWN = 2,
  EJECTED = 3,
  DRAINING = 4,
  /** Gives no sign of life; its tasks went elsewhere. */
  SUSPECTED = 5,
}

struct NodeView {
  1: required string name,
  2: required string address,
  3: required NodeState state,
  /** Since when, in microseconds of the server's run. */
  4: required i64 since_us,
  5: required i64 in_flight,
  6: required i64 attempts,
  7: required i64 done,
  8: required i64 rejected,
  9: required i64 delayed,
  10: required i64 lost,
  /** Mean round trip of finished attempts. */
  11: required i64 mean_us,
  12: optional i32 slots,
  13: optional double load_probability,
  /** Speaks only the original's interface. */
  14: required bool compatibility,
  /** Came by itself with `register_node` and not from a file. */
  15: optional bool registered,
  /** Draws another number at each start. */
  16: optional i64 incarnation,
  /** What it told of itself last: running and queued attempts, counts and times since its start. */
  17: optional NodeStatus status,
  /** How long ago it told that. */
  18: optional i64 status_age_us,
}

exception UnknownNode {
  1: required string node,
}

/**
 * A node that no file names announces itself, and repeats it at the interval that the reply tells, so that a server that
 * was restarted knows its nodes again. What it can do and does the server asks itself, by `describe` and `status`: an
 * answer proves the way on which work travels, a message from the node only the other one.
 */
struct NodeRegistration {
  /** `host:port` at which the server is to call it. */
  1: required string address,
  /** The name that it would like. */
  2: required string name,
  /** As in its description. */
  3: required i64 incarnation,
}

struct NodeRegistered {
  /** The name under which the server keeps it: the node's own, or another one if that was taken. */
  1: required string name,
  /** When to register again at the latest. */
  2: required i64 again_within_us,
  3: required i64 server_incarnation,
}

/** What kind of thing happened. */
enum EventKind {
  UNSPECIFIED = 0,
  /** A node came by itself. */
  NODE_REGISTERED = 1,
  /** A node takes work: for the first time, or again. */
  NODE_UP = 2,
  /** A node has given no sign of life for too long; its tasks went elsewhere. */
  NODE_SUSPECTED = 3,
  /** A node cannot be reached. */
  NODE_DOWN = 4,
  /** A node answers, but lost too many attempts in a row. */
  NODE_EJECTED = 5,
  /** A node takes nothing new. */
  NODE_DRAINING = 6,
  /** A node that drains has nothing in flight any more. */
  NODE_DRAINED = 7,
  /** A node was away for too long and is not asked any more. */
  NODE_REMOVED = 8,
  /** A node is another process than before; what the earlier one may still answer is ignored. */
  NODE_RESTARTED = 9,
  JOB_TAKEN = 20,
  JOB_ENDED = 21,
  /** A job of another server goes on here. */
  JOB_FAILED_OVER = 22,
  /** Another server goes on with the job; this one has let go. */
  JOB_DEPOSED = 23,
  JOB_PAUSED = 24,
  JOB_RESUMED = 25,
  /** A standby knows of a running job of the server that it watches. */
  JOB_WATCHED = 26,
}

struct ClusterEvent {
  /** Counts the events of this server's run, from 1. */
  1: required i64 number,
  /** Microseconds since 1970-01-01 UTC. */
  2: required i64 at_us,
  3: required EventKind kind,
  /** Name of the node or key of the job. */
  4: required string subject,
  /** One sentence for people. */
  5: required string text,
}

struct EventsRequest {
  /** Only events with higher numbers; 0 for all that are kept. */
  1: required i64 after,
}

struct EventsReply {
  /** In their order; the server keeps the latest 1,000. */
  1: required list<ClusterEvent> events,
  /** Numbers begin anew with another incarnation. */
  2: required i64 server_incarnation,
}

/** What a server knows of the election in which it takes part. */
struct ElectionView {
  /** `host:port` of another server that leads, if one is known to. */
  1: optional string leader,
  /** The term under which this server leads; absent if it does not. */
  2: optional i64 term,
}

struct ServerDescription {
  1: required string name,
  2: required string interface_version,
  3: required string program_version,
  4: required i64 incarnation,
  5: required i64 uptime_us,
  6: required list<NodeView> nodes,
  7: required i64 jobs_running,
  8: required i64 jobs_ended,
  9: required list<string> strategies,
  10: required list<string> operations,
  /** What happened at the port since it was opened: connections, calls and what was refused, each by its name. */
  11: optional map<string, i64> port,
  /** Servers, as `host:port`, whose running jobs go on here when they do not answer any more. */
  12: optional list<string> standby_of,
  /** Highest epoch of the running jobs: of two servers with the same job the one with the higher epoch has it. */
  13: optional i64 epoch,
  /** Where servers elect who leads. */
  14: optional ElectionView election,
}

/** The server. */
service BallastServer extends client_server.ClientServer {
  ServerDescription describe(),
  /** Takes a job and answers at once. The same key and the same request again answer the same receipt. */
  JobReceipt submit(1: JobRequest request) throws (1: InvalidRequest invalid, 2: Unavailable unavailable),
  /** Waits for the job's end, at most as long as asked. */
  JobProgress progress(1: ProgressRequest request) throws (1: UnknownJob unknown),
  JobReport report(1: string job_key) throws (1: UnknownJob unknown),
  /** Stops the job: what is done stays, nothing new is begun. */
  void cancel(1: string job_key) throws (1: UnknownJob unknown),
  /** The jobs that the server knows. */
  JobsReply jobs(1: JobsRequest request),
  /** Begins no attempt of the job until it is resumed; attempts in flight go on. */
  void pause_job(1: string job_key) throws (1: UnknownJob unknown),
  void resume_job(1: string job_key) throws (1: UnknownJob unknown),
  /** The node finishes what it has and gets nothing new until it is resumed or started anew. */
  void drain(1: string node) throws (1: UnknownNode unknown),
  void resume(1: string node) throws (1: UnknownNode unknown),
  /** What happened to nodes and jobs of late. */
  EventsReply events(1: EventsRequest request),
  /** A node comes by itself, or says that it is still there. */
  NodeRegistered register_node(1: NodeRegistration registration)
    throws (1: InvalidRequest invalid, 2: Unavailable unavailable),
}
