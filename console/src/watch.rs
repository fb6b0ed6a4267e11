//! Asks the servers twice a second and tells everybody who looks what has changed.

use crate::cluster::Look;
use crate::cluster::changes::{self, Event, Rejections};
use crate::cluster::frame::{self, Scene};
use crate::cluster::jobs::{self, Job};
use crate::cluster::listed::Listed;
use crate::cluster::strategies::Strategies;
use crate::cluster::told::{Ears, Mark};
use crate::history::{Chapter, History};
use crate::settings::Target;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast;
use tokio::task::{JoinSet, spawn_blocking};
use wire::job::ServerDescription;
use wire::membership::ServerEvents;
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

impl Asked {
    /// `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.target.address
    }
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
    ears: Ears,
    /// What each server listed last, by its address.
    listed: BTreeMap<String, Listed>,
    /// Incarnations of servers whose lost jobs were looked for, by their addresses.
    searched: BTreeMap<String, u64>,
}

/// All that one server answered at one look.
struct Heard {
    look: Look,
    events: Option<ServerEvents>,
    listed: Option<Listed>,
}

impl Asked {
    /// Asks for everything. `mark` is how far its events are known, `listed` what it listed before.
    fn hear(&self, mark: Option<Mark>, listed: Option<&Listed>) -> Heard {
        let (name, address) = (self.target.name.clone(), self.target.address.clone());
        let answer = self.client.describe(PATIENCE);
        let (mut events, mut list) = (None, None);
        if let Ok(told) = &answer {
            let known = mark.filter(|mark| mark.incarnation == told.incarnation);
            match self.client.events(known.map_or(0, |mark| mark.last), PATIENCE) {
                Ok(told) => events = Some(told),
                Err(error) => log::debug!("no events of {name}: {error}"),
            }
            if !listed.is_some_and(|listed| listed.stands(told)) {
                list = self.list(told, listed);
            }
        }
        let answer = answer.map_err(|error| error.to_string());
        Heard { look: Look { name, address, answer }, events, listed: list }
    }

    fn list(&self, told: &ServerDescription, before: Option<&Listed>) -> Option<Listed> {
        let jobs = match self.client.jobs(false, PATIENCE) {
            Ok(jobs) => jobs.into_iter().map(|job| Job::of(job, &self.target.address)).collect(),
            // A server of an earlier version has no list; its nodes are shown all the same.
            Err(CallError::UnknownMethod { .. }) => Vec::new(),
            Err(error) => {
                log::debug!("no list of jobs of {}: {error}", self.target.name);
                return None;
            }
        };
        Some(Listed::next(told, jobs, before))
    }
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
        let mut books = Books::default();
        if let Some(history) = &history {
            match history.marks() {
                Ok(marks) => books.ears.remember(marks),
                Err(error) => log::warn!("{error}"),
            }
        }
        Watch {
            servers: targets.into_iter().map(ask).collect(),
            scene: RwLock::default(),
            frames: broadcast::Sender::new(FRAMES),
            books: Mutex::new(books),
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

    /// Tells followers, as a look does.
    #[cfg(test)]
    pub(crate) fn tell(&self, frame: &str) {
        let _ = self.frames.send(frame.into());
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

    /// The server that has the job, by what was seen last; the one that leads for a job that none is known to have.
    pub(crate) fn server_of(&self, key: &str) -> Option<Arc<Asked>> {
        let scene = self.scene();
        let job = scene.jobs.iter().find(|job| job.key == key);
        let found =
            job.and_then(|job| self.servers.iter().find(|asked| asked.target.address == job.server)).cloned();
        found.or_else(|| self.leader())
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
            let (mark, listed) = {
                let books = self.books();
                let address = &asked.target.address;
                (books.ears.mark(address), books.listed.get(address).cloned())
            };
            asking.spawn_blocking(move || (place, asked.hear(mark, listed.as_ref())));
        }
        let mut heard = asking.join_all().await;
        heard.sort_by_key(|(place, _)| *place);
        let heard = heard.into_iter().map(|(_, heard)| heard).collect();
        // Writing to the database waits for others.
        let this = Arc::clone(&self);
        if let Err(error) = spawn_blocking(move || this.take_in(heard)).await {
            log::error!("the console could not take in what the servers told: {error}");
        }
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_in(&self, heard: Vec<Heard>) {
        let (before, at_ms, among) = (self.scene(), now_ms(), heard.len() > 1);
        let (mut looks, mut events, mut marks, mut searched) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut books = self.books();
        for Heard { look, events: told, listed } in heard {
            let address = look.address.clone();
            if let Some(told) = told {
                let known = books.ears.mark(&address);
                events.extend(books.ears.take(&look.name, &address, among, told, at_ms));
                marks.extend(
                    books
                        .ears
                        .mark(&address)
                        .filter(|&mark| known != Some(mark))
                        .map(|mark| (address.clone(), mark)),
                );
            }
            if let Some(listed) = listed {
                let (incarnation, sure) = (listed.incarnation(), listed.is_sure());
                let before = books.listed.insert(address.clone(), listed);
                let let_go =
                    books.listed.get(&address).is_some_and(|now| now.has_let_go_since(before.as_ref()));
                let is_anew =
                    sure && books.searched.insert(address.clone(), incarnation) != Some(incarnation);
                if is_anew || let_go {
                    searched.push(address);
                }
            }
            looks.push(look);
        }
        let picture = before.picture.next(&looks, at_ms);
        let mut jobs = jobs::merged(books.listed.values().map(|listed| listed.jobs.as_slice()));
        let lost = self.lost(&searched, &jobs);
        jobs.truncate(LISTED_JOBS);
        books.strategies.hear(&jobs);
        let performance = books.strategies.table(&jobs);
        events.extend(changes::of_cluster(&before.picture, &picture));
        events.extend(lost.iter().map(|key| changes::lost(key, at_ms)));
        events.extend(books.rejections.hear(&picture));
        // Each server's own are in their order, which a stable sort keeps.
        events.sort_by_key(|event| event.at_ms);
        drop(books);
        let now = Arc::new(Scene { picture, jobs, performance });
        let frame: Arc<str> = frame::change(&before, &now).into();
        *self.scene.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&now);
        // Nobody may be looking.
        let _ = self.frames.send(frame);
        let changed = |job: &&Job| {
            let old = before.jobs.iter().find(|old| old.key == job.key);
            old.is_none_or(|old| old.state != job.state || old.server != job.server)
        };
        let changed: Vec<&Job> = now.jobs.iter().filter(changed).collect();
        self.keep(&Chapter { jobs: &changed, lost: &lost, events: &events, marks: &marks });
    }

    /// Jobs that the history says run at one of `servers`, which were started anew or have let a job go; and that no server
    /// lists.
    fn lost(&self, servers: &[String], jobs: &[Job]) -> Vec<String> {
        let Some(history) = &self.history else { return Vec::new() };
        let mut lost = Vec::new();
        for address in servers {
            match history.running_at(address) {
                Ok(keys) => {
                    lost.extend(keys.into_iter().filter(|key| !jobs.iter().any(|job| job.key == *key)))
                }
                Err(error) => log::warn!("{error}"),
            }
        }
        lost
    }

    fn keep(&self, chapter: &Chapter<'_>) {
        let Some(history) = &self.history else { return };
        if let Err(error) = history.write(chapter) {
            log::warn!("{error}");
        }
    }

    /// Notes what somebody did by way of the console.
    pub(crate) fn note(&self, subject: &str, text: String) {
        let events = [Event::new(now_ms(), "steered", subject, text)];
        self.keep(&Chapter { events: &events, ..Chapter::default() });
    }
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(0)
}
