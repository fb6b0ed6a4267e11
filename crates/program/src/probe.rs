//! A port where monitors ask a program how it is: `/metrics`, `/healthz` and `/readyz`, over plain HTTP.
//!
//! One thread answers one request after another, each bounded in bytes and time, so the worst that a caller can do is to
//! keep other monitors waiting; the program's own work never waits for it.

use crate::metrics;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

/// How long a request and its answer may take together.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longest head of a request.
const MOST_HEAD_BYTES: usize = 8 << 10;
/// Pause after a connection that could not be taken, as when the process is out of files.
const PAUSE: Duration = Duration::from_millis(100);

/// What a program tells its monitors.
pub trait Probed: Send + Sync + 'static {
    /// Its figures in Prometheus's format.
    fn metrics(&self) -> String;

    /// Whether it takes work.
    ///
    /// # Errors
    /// One sentence why it does not.
    fn ready(&self) -> Result<(), String>;
}

/// Reads where such a port is to be: `HOST:PORT`, or a port of this machine alone.
///
/// # Errors
/// A sentence that shows the right form.
pub fn parse(text: &str) -> Result<String, String> {
    match text.parse::<u16>() {
        Ok(port) => Ok(format!("127.0.0.1:{port}")),
        Err(_) => crate::listen::parse(text),
    }
}

/// A port for monitors that everybody could read, and nobody said that this is wanted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "figures at {0} could be read from other machines, and nothing would ask who reads: give --metrics-token TOKEN \
     (monitors send 'Authorization: Bearer TOKEN'), or say --insecure in a network that you trust"
)]
pub struct OpenFigures(SocketAddr);

/// Checks that the port at `address` is not open to everybody by accident.
///
/// # Errors
/// If others than this machine reach it, no token is asked for, and nobody said that this is wanted.
pub fn check(address: SocketAddr, token: Option<&str>, insecure: bool) -> Result<(), OpenFigures> {
    if address.ip().to_canonical().is_loopback() || token.is_some() || insecure {
        return Ok(());
    }
    Err(OpenFigures(address))
}

/// Answers at `listener` for as long as the process lives. Figures are for who shows `token`, if there is one; probes
/// are answered to everybody, as they tell no more than that the program is there.
///
/// # Errors
/// If the system refuses the thread.
pub fn serve(listener: TcpListener, token: Option<String>, probed: impl Probed) -> io::Result<()> {
    let local = listener.local_addr()?.ip().to_canonical().is_loopback();
    let door = Door { local, token };
    thread::Builder::new().name("probe".to_owned()).spawn(move || {
        for stream in listener.incoming() {
            let answered = stream.and_then(|stream| {
                answer(&mut Timed { stream, deadline: Instant::now() + PATIENCE }, &probed, &door)
            });
            if let Err(error) = answered {
                log::debug!("a monitor was not answered: {error}");
                if error.raw_os_error().is_some() {
                    thread::sleep(PAUSE);
                }
            }
        }
    })?;
    Ok(())
}

/// Who is let in.
#[derive(Debug, Default)]
struct Door {
    /// Only this machine reaches the port.
    local: bool,
    /// Asked of who wants figures.
    token: Option<String>,
}

impl Door {
    fn knows(&self, head: &str) -> bool {
        let Some(token) = &self.token else { return true };
        let given = field(head, "authorization").and_then(|value| value.strip_prefix("Bearer "));
        given.is_some_and(|given| same(given.trim(), token))
    }
}

/// Compares in a time that does not tell how much was right.
fn same(given: &str, token: &str) -> bool {
    let differences = given.bytes().zip(token.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == token.len() && differences == 0
}

/// The first value of a header field.
fn field<'head>(head: &'head str, wanted: &str) -> Option<&'head str> {
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.trim())
}

/// A connection on which everything together has to be done by a deadline.
struct Timed {
    stream: TcpStream,
    deadline: Instant,
}

impl Timed {
    fn left(&self) -> io::Result<Option<Duration>> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(bytes)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

fn answer(stream: &mut (impl Read + Write), probed: &impl Probed, door: &Door) -> io::Result<()> {
    let head = read_head(stream)?;
    let (status, body) = respond(&head, probed, door);
    let kind = if status == "200 OK" && body.starts_with('#') {
        metrics::CONTENT_TYPE
    } else {
        "text/plain; charset=utf-8"
    };
    let shown = if head.starts_with("HEAD ") { "" } else { body.as_str() };
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n{shown}",
        body.len()
    );
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// Everything up to the empty line, as far as it is short and text; what follows it is not asked for.
fn read_head(stream: &mut impl Read) -> io::Result<String> {
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|four| four == b"\r\n\r\n") {
        let read = stream.read(&mut part)?;
        if read == 0 || head.len() + read > MOST_HEAD_BYTES {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a short HTTP request"));
        }
        head.extend_from_slice(&part[..read]);
    }
    String::from_utf8(head).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not text"))
}

fn respond(head: &str, probed: &impl Probed, door: &Door) -> (&'static str, String) {
    let mut words = head.lines().next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if !matches!(method, "GET" | "HEAD") {
        return ("405 Method Not Allowed", "only GET and HEAD are answered here\n".to_owned());
    }
    if door.local && !host_is_this_machine(head) {
        return ("403 Forbidden", "this port answers to localhost and to addresses only\n".to_owned());
    }
    match target.split('?').next().unwrap_or_default() {
        "/metrics" if !door.knows(head) => (
            "401 Unauthorized",
            "send 'Authorization: Bearer TOKEN' with the value of --metrics-token\n".to_owned(),
        ),
        "/metrics" => ("200 OK", probed.metrics()),
        "/healthz" => ("200 OK", "alive\n".to_owned()),
        "/readyz" => match probed.ready() {
            Ok(()) => ("200 OK", "ready\n".to_owned()),
            Err(why) => ("503 Service Unavailable", format!("{why}\n")),
        },
        _ => ("404 Not Found", "here are /metrics, /healthz and /readyz\n".to_owned()),
    }
}

/// Whether the request came by an address or as localhost: names that others can point here (DNS rebinding) get nothing.
fn host_is_this_machine(head: &str) -> bool {
    let Some(host) = field(head, "host") else { return true };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.parse::<u16>().is_ok() => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: Door = Door { local: true, token: None };

    struct Stub(Result<(), String>);

    impl Probed for Stub {
        fn metrics(&self) -> String {
            "# HELP a_up Up.\n".to_owned()
        }

        fn ready(&self) -> Result<(), String> {
            self.0.clone()
        }
    }

    fn asked(head: &str) -> (&'static str, String) {
        respond(head, &Stub(Err("it drains".to_owned())), &LOCAL)
    }

    #[test]
    fn each_address_has_its_answer() {
        let get = |path: &str| asked(&format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:9\r\n\r\n"));
        assert_eq!(get("/metrics?x=1"), ("200 OK", "# HELP a_up Up.\n".to_owned()));
        assert_eq!(get("/healthz").0, "200 OK");
        assert_eq!(get("/readyz"), ("503 Service Unavailable", "it drains\n".to_owned()));
        assert_eq!(get("/").0, "404 Not Found");
        assert_eq!(asked("POST /metrics HTTP/1.1\r\n\r\n").0, "405 Method Not Allowed");
        assert_eq!(respond("GET /readyz HTTP/1.0\r\n\r\n", &Stub(Ok(())), &LOCAL).0, "200 OK");
    }

    #[test]
    fn names_that_others_could_point_here_get_nothing() {
        let by = |host: &str, local| {
            let door = Door { local, token: None };
            respond(&format!("GET /healthz HTTP/1.1\r\nhOst: {host}\r\n\r\n"), &Stub(Ok(())), &door).0
        };
        for own in ["localhost", "LOCALHOST:80", "127.0.0.1:80", "[::1]:80", "[::1]"] {
            assert_eq!(by(own, true), "200 OK", "{own}");
        }
        for foreign in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""] {
            assert_eq!(by(foreign, true), "403 Forbidden", "{foreign}");
        }
        assert_eq!(by("node3.lan:9", false), "200 OK");
    }

    #[test]
    fn figures_that_other_machines_reach_need_a_token_or_a_word() {
        let at = |address: &str| -> SocketAddr { address.parse().unwrap() };
        for local in ["127.0.0.1:9100", "[::1]:9100", "[::ffff:127.0.0.1]:9100"] {
            assert_eq!(check(at(local), None, false), Ok(()), "{local}");
        }
        for reachable in ["0.0.0.0:9100", "10.0.0.7:9100", "[::]:9100"] {
            assert_eq!(check(at(reachable), None, false), Err(OpenFigures(at(reachable))), "{reachable}");
            assert_eq!(check(at(reachable), Some("t"), false), Ok(()), "{reachable}");
            assert_eq!(check(at(reachable), None, true), Ok(()), "{reachable}");
        }
        let told = OpenFigures(at("0.0.0.0:9100")).to_string();
        assert!(told.contains("--metrics-token") && told.contains("--insecure"), "{told}");
    }

    #[test]
    fn figures_are_for_who_shows_the_token_and_probes_for_everybody() {
        let door = Door { local: false, token: Some("abc".to_owned()) };
        let get = |path: &str, more: &str| {
            respond(&format!("GET {path} HTTP/1.1\r\nHost: n\r\n{more}\r\n"), &Stub(Ok(())), &door).0
        };
        assert_eq!(get("/metrics", "authorization: Bearer abc\r\n"), "200 OK");
        for wrong in
            ["", "Authorization: Bearer abd\r\n", "Authorization: Bearer abcd\r\n", "Authorization: abc\r\n"]
        {
            assert_eq!(get("/metrics", wrong), "401 Unauthorized", "{wrong}");
        }
        assert_eq!((get("/healthz", ""), get("/readyz", "")), ("200 OK", "200 OK"));
    }

    #[test]
    fn a_head_is_short_and_whole() {
        assert!(read_head(&mut &b"GET / HTTP/1.1\r\n\r\nrest"[..]).unwrap().starts_with("GET /"));
        assert!(read_head(&mut &b"GET / HTTP/1.1\r\n"[..]).is_err());
        assert!(read_head(&mut io::repeat(b'a')).is_err());
    }

    #[test]
    fn a_port_alone_is_this_machines() {
        assert_eq!(parse("9100").as_deref(), Ok("127.0.0.1:9100"));
        assert_eq!(parse("0.0.0.0:9100").as_deref(), Ok("0.0.0.0:9100"));
        assert!(parse("99999").is_err() && parse("host").is_err());
    }
}
