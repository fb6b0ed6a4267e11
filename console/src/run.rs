//! A console at work: one thread with a runtime of its own, so that nothing asynchronous reaches the server's code.

use crate::clear;
use crate::history::History;
use crate::http::port::Port;
use crate::http::{self, App, Guard};
use crate::settings::Settings;
use crate::store::Store;
use crate::watch::Watch;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::oneshot;

/// Threads that wait for servers, files and the database.
const BLOCKING_THREADS: usize = 32;
/// How long those may go on when the console ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a console did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data root cannot be opened.
    #[error("cannot open the console's data root '{}' ({cause}): give --console-data a folder that is there", path.display())]
    Root {
        /// Which.
        path: PathBuf,
        /// The system's answer.
        cause: io::Error,
    },
    /// The token could not stand in an address and in a cookie.
    #[error(
        "a console's token is made of letters, digits, '-', '_' and '.': give another with --console-token"
    )]
    Token,
    /// The system refuses a thread, the port, or randomness for a token.
    #[error("the system refuses the console a thread, its port or a token: {0}")]
    System(#[from] io::Error),
}

/// A console that answers. Dropping it ends it.
#[derive(Debug)]
pub struct Console {
    address: SocketAddr,
    token: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Console {
    /// Starts to watch and to answer.
    ///
    /// A console that can be reached from other machines asks for a token: the one of `settings`, or one that is drawn. An
    /// empty one is none.
    ///
    /// # Errors
    /// If the data root, the port or the token cannot be used. Without a history it starts all the same.
    pub fn start(settings: Settings) -> Result<Console, StartError> {
        let address = settings.listener.local_addr()?;
        let token = match settings.token.clone().filter(|token| !token.is_empty()) {
            Some(token) if !is_plain(&token) => return Err(StartError::Token),
            None if !address.ip().to_canonical().is_loopback() => Some(program::chance::token()?),
            given => given,
        };
        if address.ip().is_unspecified() {
            let port = address.port();
            log::info!(
                "the console answers at every address of this machine, port {port}: elsewhere use one of those"
            );
        }
        let store = Store::open(&settings.data_root)
            .map_err(|cause| StartError::Root { path: settings.data_root.clone(), cause })?;
        let history = match History::open(&settings.results) {
            Ok(history) => Some(Arc::new(history)),
            Err(error) => {
                log::warn!("{error}; the console goes on without a history");
                None
            }
        };
        let (thumbnails, reports) = App::semaphores();
        let app = Arc::new(App {
            watch: Arc::new(Watch::new(settings.servers, settings.credentials, history.clone())),
            store,
            history,
            results: settings.results,
            limits: settings.limits,
            guard: Guard::new(address, token.clone()),
            thumbnails,
            reports,
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("console-work")
            .build()?;
        settings.listener.set_nonblocking(true)?;
        let (stop, stopped) = oneshot::channel();
        let listener = settings.listener;
        let thread = thread::Builder::new().name("console".to_owned()).spawn(move || {
            runtime.block_on(serve(listener, app, stopped));
            runtime.shutdown_timeout(FAREWELL);
        })?;
        Ok(Console { address, token, stop: Some(stop), thread: Some(thread) })
    }

    /// Where browsers come in.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The address to open, with the token if one is asked for. Where it answers at every address of the machine it is the
    /// machine's own: "every address" is no place to go to.
    pub fn url(&self) -> String {
        let mut address = self.address;
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        match &self.token {
            Some(token) => format!("http://{address}/?token={token}"),
            None => format!("http://{address}/"),
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            log::error!("the console's thread panicked");
        }
    }
}

/// Whether the token means the same in an address, in a form and in a cookie.
fn is_plain(token: &str) -> bool {
    token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

async fn serve(listener: TcpListener, app: Arc<App>, stopped: oneshot::Receiver<()>) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => {
            log::error!("the console cannot use its port: {error}");
            return;
        }
    };
    let watching = tokio::spawn(Arc::clone(&app.watch).run());
    let clearing = tokio::spawn(clear::run(Arc::clone(&app)));
    let answering = axum::serve(Port::new(listener), http::router(app)).into_future();
    tokio::select! {
        ended = answering => log::error!("the console stopped answering: {ended:?}"),
        // Streams would never end by themselves, so nobody waits for them.
        _ = stopped => {}
    }
    watching.abort();
    clearing.abort();
}
