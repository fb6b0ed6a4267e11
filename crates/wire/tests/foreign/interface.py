"""The interface as the `thrift` package wants it, written from the .thrift files: no compiler is needed to run the tests.

Only what the programs beside this file call is here.
"""

from thrift.protocol.TBase import TBase, TExceptionBase
from thrift.Thrift import TApplicationException, TMessageType, TType


def struct(name, *fields, base=TBase):
    """A struct with fields (id, type, name, details)."""
    last = max((field[0] for field in fields), default=-1)
    spec = [None] * (last + 1)
    for number, kind, field, details in fields:
        spec[number] = (number, kind, field, details, None)
    names = [field[2] for field in fields]

    def init(self, **values):
        for field in names:
            setattr(self, field, values.pop(field, None))
        assert not values, values

    return type(name, (base,), {"thrift_spec": tuple(spec), "__init__": init})


def text(number, name):
    return number, TType.STRING, name, "UTF8"


def binary(number, name):
    return number, TType.STRING, name, "BINARY"


def i64(number, name):
    return number, TType.I64, name, None


def i32(number, name):
    return number, TType.I32, name, None


def boolean(number, name):
    return number, TType.BOOL, name, None


def double(number, name):
    return number, TType.DOUBLE, name, None


def of(number, name, kind):
    return number, TType.STRUCT, name, [kind, kind.thrift_spec]


def texts(number, name):
    return number, TType.LIST, name, (TType.STRING, "UTF8", False)


# ------------------------------------------------------------------------------------------- the original's services

Nothing = struct("Nothing")
ExecuteArgs = struct("execute_args", text(1, "base_path"), text(2, "file_name"))
SubmitRequestArgs = struct("submit_request_args", text(1, "source_folder"), boolean(2, "is_random"))
TextResult = struct("text_result", text(0, "success"))

# ----------------------------------------------------------------------------------------------------------- ours

SharedFile = struct("SharedFile", text(1, "base_path"), text(2, "file_name"))
Rejected = struct("Rejected", i32(1, "reason"), text(2, "node"), text(3, "why"), base=TExceptionBase)
InvalidRequest = struct("InvalidRequest", text(1, "field"), text(2, "why"), base=TExceptionBase)
UnknownJob = struct("UnknownJob", text(1, "job_key"), base=TExceptionBase)
AttemptRequest = struct(
    "AttemptRequest",
    text(1, "job_key"),
    i64(2, "epoch"),
    i64(3, "server_incarnation"),
    i64(4, "task"),
    i32(5, "attempt"),
    i64(6, "seed"),
    i32(7, "admission"),
    text(8, "operation"),
    of(9, "file", SharedFile),
    binary(10, "source"),
    i64(11, "synthetic_service_us"),
)
AttemptReply = struct(
    "AttemptReply",
    i64(2, "bytes_in"),
    i64(3, "bytes_out"),
    i32(4, "width"),
    i32(5, "height"),
    text(6, "temporary_name"),
    binary(7, "result"),
)
AttemptArgs = struct("attempt_args", of(1, "request", AttemptRequest))
AttemptResult = struct(
    "attempt_result",
    of(0, "success", AttemptReply),
    of(1, "rejected", Rejected),
    of(4, "invalid", InvalidRequest),
)
NodeDescription = struct(
    "NodeDescription",
    text(1, "name"),
    text(2, "interface_version"),
    i64(4, "incarnation"),
    i32(5, "slots"),
    double(7, "load_probability"),
    texts(9, "operations"),
)
DescribeResult = struct("describe_result", of(0, "success", NodeDescription))
JobKeyArgs = struct("job_key_args", text(1, "job_key"))
CancelResult = struct("cancel_result", of(1, "unknown", UnknownJob))


class Client:
    """Calls in order over one connection."""

    def __init__(self, protocol):
        self.protocol = protocol
        self.sequence = 0

    def call(self, method, args, result):
        self.sequence += 1
        self.protocol.writeMessageBegin(method, TMessageType.CALL, self.sequence)
        args.write(self.protocol)
        self.protocol.writeMessageEnd()
        self.protocol.trans.flush()
        name, kind, sequence = self.protocol.readMessageBegin()
        assert (name, sequence) == (method, self.sequence), (name, sequence)
        answer = TApplicationException() if kind == TMessageType.EXCEPTION else result()
        answer.read(self.protocol)
        self.protocol.readMessageEnd()
        if kind == TMessageType.EXCEPTION:
            raise answer
        for field in result.thrift_spec:
            if field and field[0] > 0 and getattr(answer, field[2]) is not None:
                raise getattr(answer, field[2])
        return getattr(answer, "success", None)

    # the original's
    def ping(self):
        self.call("ping", Nothing(), Nothing)

    def execute(self, base_path, file_name):
        return self.call("execute", ExecuteArgs(base_path=base_path, file_name=file_name), TextResult)

    def delayed_execute(self, base_path, file_name):
        return self.call("delayed_execute", ExecuteArgs(base_path=base_path, file_name=file_name), TextResult)

    def submit_request(self, source_folder, is_random):
        args = SubmitRequestArgs(source_folder=source_folder, is_random=is_random)
        return self.call("submit_request", args, TextResult)

    # ours
    def describe(self):
        return self.call("describe", Nothing(), DescribeResult)

    def attempt(self, request):
        return self.call("attempt", AttemptArgs(request=request), AttemptResult)

    def cancel(self, job_key):
        self.call("cancel", JobKeyArgs(job_key=job_key), CancelResult)

    def from_the_future(self, words):
        return self.call("from_the_future", JobKeyArgs(job_key=words), TextResult)
