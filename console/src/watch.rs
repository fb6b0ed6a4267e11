//! Asks the servers twice a second and tells everybody who looks what has changed.

use crate::cluster::changes::{self, Event, Rejections};
use crate::cluster::frame::{self, Scene};
use crate::cluster::jobs::Job;
use crate::cluster::strategies::Strategies;
use crate::cluster::{Look, Picture};
use crate::history::History;
use crate::settings::Target;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast;
use tokio::task::{JoinSet, spawn_blocking};
use wire::{CallError, Credentials, PoolSettings, ServerClient};

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(500);
/// How long a server may take to answer one; a hung one delays the others by no more than this.
const PATIENCE: Duration = Duration::from_millis(900);
/// Jobs that are shown at most.
const LISTED_JOBS: usize = 200;
/// Frames that a slow browser may lag behind before it gets the whole scene instead.
const FRAMES: usize = 8;
/// Connections to a server: looks, and what people ask for beside them.
const CONNECTIONS: usize = 16;

/// One server and how to call it.
#[derive(Debug)]
pub(crate) struct Asked {
    target: Target,
    pub(crate) client: ServerClient,
}

/// What is known of the cluster, and who is told when it changes.
#[derive(Debug)]
pub(crate) struct Watch {
    servers: Vec<Arc<Asked>>,
    scene: RwLock<Arc<Scene>>,
    frames: broadcast::Sender<Arc<str>>,
    books: Mutex<Books>,
    history: Option<Arc<History>>,
}

#[derive(Debug, Default)]
struct Books {
    strategies: Strategies,
    rejections: Rejections,
    /// Jobs running and ended when the list was last asked for.
    counted: Option<(u64, u64)>,
}

impl Watch {
    pub(crate) fn new(
        targets: Vec<Target>,
        credentials: Credentials,
        history: Option<Arc<History>>,
    ) -> Watch {
        let settings = PoolSettings {
            connections: CONNECTIONS,
            connect_time: PATIENCE,
            credentials,
            ..PoolSettings::default()
        };
        let ask = |target: Target| {
            let client = ServerClient::new(target.address.clone(), settings.clone());
            Arc::new(Asked { target, client })
        };
        Watch {
            servers: targets.into_iter().map(ask).collect(),
            scene: RwLock::default(),
            frames: broadcast::Sender::new(FRAMES),
            books: Mutex::default(),
            history,
        }
    }

    /// What was seen last.
    pub(crate) fn scene(&self) -> Arc<Scene> {
        Arc::clone(&self.scene.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was seen last, and every change from then on.
    pub(crate) fn follow(&self) -> (Arc<Scene>, broadcast::Receiver<Arc<str>>) {
        // First the ear, then the scene: a change in between is heard twice rather than never.
        let frames = self.frames.subscribe();
        (self.scene(), frames)
    }

    /// Browsers that follow.
    pub(crate) fn followers(&self) -> usize {
        self.frames.receiver_count()
    }

    /// The server that leads, by what was seen last; the first one while none does.
    pub(crate) fn leader(&self) -> Option<Arc<Asked>> {
        let scene = self.scene();
        let leads = scene.picture.servers.iter().find(|server| server.leads);
        let found =
            leads.and_then(|leads| self.servers.iter().find(|asked| asked.target.address == leads.address));
        found.or_else(|| self.servers.first()).cloned()
    }

    /// Looks again and again, for ever.
    pub(crate) async fn run(self: Arc<Watch>) {
        loop {
            let begun = Instant::now();
            Arc::clone(&self).look().await;
            tokio::time::sleep(EVERY.saturating_sub(begun.elapsed())).await;
        }
    }

    async fn look(self: Arc<Watch>) {
        let mut asking = JoinSet::new();
        for (place, asked) in self.servers.iter().cloned().enumerate() {
            asking.spawn_blocking(move || {
                let answer = asked.client.describe(PATIENCE).map_err(|error| error.to_string());
                (
                    place,
                    Look { name: asked.target.name.clone(), address: asked.target.address.clone(), answer },
                )
            });
        }
        let mut looks = asking.join_all().await;
        looks.sort_by_key(|(place, _)| *place);
        let looks = looks.into_iter().map(|(_, look)| look).collect();
        // Listing jobs and writing to the database wait for others.
        let this = Arc::clone(&self);
        if let Err(error) = spawn_blocking(move || this.take_in(looks)).await {
            log::error!("the console could not take in what the servers told: {error}");
        }
    }

    fn take_in(&self, looks: Vec<Look>) {
        let before = self.scene();
        let picture = before.picture.next(&looks, now_ms());
        let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = self.jobs(&mut books, &before, &picture);
        books.strategies.hear(&jobs);
        let performance = books.strategies.table(&jobs);
        let mut events = changes::of_cluster(&before.picture, &picture);
        events.extend(changes::of_jobs(&before.jobs, &jobs, picture.at_ms));
        events.extend(books.rejections.hear(&picture));
        drop(books);
        let now = Arc::new(Scene { picture, jobs, performance });
        let frame: Arc<str> = frame::change(&before, &now).into();
        *self.scene.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&now);
        // Nobody may be looking.
        let _ = self.frames.send(frame);
        self.keep(&before.jobs, &now.jobs, &events);
    }

    /// The list of jobs. It is asked for only if it can have changed.
    fn jobs(&self, books: &mut Books, before: &Scene, picture: &Picture) -> Vec<Job> {
        let Some(place) = picture.servers.iter().position(|server| server.leads) else {
            books.counted = None;
            return before.jobs.clone();
        };
        let counts = (picture.servers[place].jobs_running, picture.servers[place].jobs_ended);
        let settled = !before.jobs.iter().any(Job::is_running);
        if counts.0 == 0 && settled && books.counted == Some(counts) {
            return before.jobs.clone();
        }
        match self.servers[place].client.jobs(false, PATIENCE) {
            Ok(listed) => {
                books.counted = Some(counts);
                listed.into_iter().take(LISTED_JOBS).map(Job::from).collect()
            }
            // A server of an earlier version has no list; its nodes are shown all the same.
            Err(CallError::UnknownMethod { .. }) => Vec::new(),
            Err(error) => {
                log::debug!("no list of jobs: {error}");
                before.jobs.clone()
            }
        }
    }

    fn keep(&self, before: &[Job], now: &[Job], events: &[Event]) {
        let Some(history) = &self.history else { return };
        let changed = |job: &&Job| {
            let old = before.iter().find(|old| old.key == job.key);
            old.is_none_or(|old| old.state != job.state)
        };
        let changed: Vec<&Job> = now.iter().filter(changed).collect();
        if let Err(error) = history.write(&changed, events) {
            log::warn!("{error}");
        }
    }

    /// Notes what somebody did by way of the console.
    pub(crate) fn note(&self, subject: &str, text: String) {
        self.keep(&[], &[], &[Event::new(now_ms(), "steered", subject, text)]);
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(0)
}
