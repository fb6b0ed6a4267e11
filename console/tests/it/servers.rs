//! Several servers, servers that are started again, and all that they tell.

use crate::fake::{Fake, World};
use console::Target;
use serde_json::{Value, json};
use std::fs;
use std::sync::atomic::Ordering;
use wire::job::{ElectionView, JobState, NodeState};
use wire::membership::EventKind;

fn events(world: &World, kind: &str) -> Vec<String> {
    let told = world.get(&format!("/api/history/events?kind={kind}")).json();
    let texts = told["events"].as_array().unwrap().iter();
    texts.map(|event| event["text"].as_str().unwrap().to_owned()).collect()
}

/// Hands a folder with one file in; answers the job's key.
fn submit(world: &World) -> String {
    fs::create_dir_all(world.folder.path().join("data/photos/input_dir")).unwrap();
    fs::write(world.folder.path().join("data/photos/input_dir/a.png"), "a").unwrap();
    let job = json!({ "folder": "photos", "strategy": "random", "operation": "edges" });
    world.post("/api/jobs", &job).json()["key"].as_str().unwrap().to_owned()
}

fn job(world: &World, key: &str) -> Value {
    let jobs = world.get("/api/jobs").json();
    jobs["jobs"].as_array().unwrap().iter().find(|job| job["key"] == key).cloned().unwrap_or_default()
}

#[test]
fn what_happens_between_two_looks_is_not_lost() {
    let world = World::new();
    // Far more often than anybody looks, and the node's state is the same before and after.
    for round in 0..300 {
        world.fake.note(EventKind::NodeDown, "node1", &format!("down {round}"));
        world.fake.note(EventKind::NodeUp, "node1", &format!("up {round}"));
    }
    world.fake.note(EventKind::NodeRegistered, "node9", "node9 came by itself");
    world.wait("the last one", |world| events(world, "node_registered") == ["node9 came by itself"]);
    let all = world.get("/api/history/events?search=node1&limit=1000").json();
    let texts = all["events"].as_array().unwrap().iter().rev().map(|event| event["text"].as_str().unwrap());
    let wanted: Vec<String> =
        (0..300).flat_map(|round| [format!("down {round}"), format!("up {round}")]).collect();
    assert_eq!(texts.collect::<Vec<_>>(), wanted, "each once and in their order");
}

#[test]
fn a_standby_is_shown_as_such_and_leads_when_it_has_taken_a_job_over() {
    let spare = Fake::with_nodes(&["node0", "node1"]);
    let (_running, address) = spare.serve();
    let mut first = String::new();
    let mut world = World::with(|settings| {
        first = settings.servers[0].address.clone();
        // The standby comes first in the list: that alone does not make it lead.
        settings.servers.insert(0, Target { name: "spare".to_owned(), address: address.clone() });
        *spare.standby_of.lock().unwrap() = vec![first.clone()];
    });
    let servers = |world: &World| world.get("/api/cluster").json()["servers"].clone();
    world.wait("both", |world| servers(world)[1]["leads"] == true && servers(world)[0]["up"] == true);
    assert_eq!(servers(&world)[0]["leads"], false);
    assert_eq!(servers(&world)[0]["standby_of"], json!([first]));

    let key = submit(&world);
    world.fake.set_job(&key, JobState::Running, 1);
    world.wait("it runs", |world| job(world, &key)["server"] == json!(first));
    // The first server ends; the standby goes on with its job under the next epoch.
    let view = world.fake.jobs.lock().unwrap()[0].clone();
    world.server.take().unwrap().stop(std::time::Duration::ZERO);
    spare.jobs.lock().unwrap().push(view);
    spare.set_job(&key, JobState::Running, 2);
    spare.note(EventKind::JobFailedOver, &key, "it goes on here");
    world.wait("it goes on", |world| job(world, &key)["server"] == json!(address));
    world.wait("the standby leads", |world| servers(world)[0]["leads"] == true);
    assert_eq!((&job(&world, &key)["epoch"], &job(&world, &key)["state"]), (&json!(2), &json!("running")));
    world.wait("the event", |world| events(world, "failed_over") == ["it goes on here, says spare"]);
    // What is done to the job is done where it is.
    assert_eq!(world.post(&format!("/api/jobs/{key}/cancel"), &json!({})).status, 200);
    assert_eq!(spare.jobs.lock().unwrap()[0].progress.state, JobState::Cancelled);
}

#[test]
fn nobody_is_told_that_he_stopped_what_had_ended() {
    let world = World::new();
    let key = submit(&world);
    for word in ["pause", "resume", "cancel"] {
        let refused = world.post(&format!("/api/jobs/{key}/{word}"), &json!({}));
        assert_eq!(refused.status, 409, "{word}");
        assert!(refused.json()["error"].as_str().unwrap().ends_with("has ended: done"), "{}", refused.text());
    }
    let steered = events(&world, "steered");
    assert_eq!(steered.len(), 1, "only that it was handed in: {steered:?}");
    world.fake.set_job(&key, JobState::Running, 1);
    for word in ["pause", "resume", "cancel"] {
        assert_eq!(world.post(&format!("/api/jobs/{key}/{word}"), &json!({})).status, 200, "{word}");
        assert_eq!(world.post(&format!("/api/jobs/none/{word}"), &json!({})).status, 404, "{word}");
    }
    assert_eq!(events(&world, "steered").len(), 4);
}

#[test]
fn jobs_of_a_server_that_was_started_again_go_on_or_are_said_to_be_lost() {
    let world = World::new();
    let (kept, gone) = (submit(&world), submit(&world));
    for key in [&kept, &gone] {
        world.fake.set_job(key, JobState::Running, 1);
    }
    let states = |world: &World| {
        let jobs = world.get("/api/history/jobs").json()["jobs"].clone();
        let state = |key: &str| {
            let found = jobs.as_array().unwrap().iter().find(|job| job["key"] == key);
            found.map(|job| job["state"].as_str().unwrap().to_owned()).unwrap_or_default()
        };
        [state(&kept), state(&gone)]
    };
    world.wait("both run", |world| states(world) == ["running", "running"]);
    // Another process at the same address, which knows one of them from its journal.
    world.fake.jobs.lock().unwrap().retain(|job| job.receipt.job_key == kept);
    world.fake.events.lock().unwrap().clear();
    world.fake.note(EventKind::JobTaken, &kept, "taken up again");
    world.fake.incarnation.store(2, Ordering::Release);
    world.wait("one is lost", |world| states(world) == ["running", "lost"]);
    world.wait("the server's events", |world| events(world, "server_restarted").len() == 1);
    assert_eq!(events(&world, "job_submitted"), ["taken up again"]);
    assert_eq!(events(&world, "job_lost").len(), 1);
    assert!(job(&world, &gone).is_null(), "the server has it no more");
    assert_eq!(world.get(&format!("/api/jobs/{gone}")).json()["job"]["state"], "lost", "the history has");
}

#[test]
fn a_job_that_its_server_let_go_does_not_run_for_ever_in_the_history() {
    let world = World::new();
    let (kept, gone) = (submit(&world), submit(&world));
    for key in [&kept, &gone] {
        world.fake.set_job(key, JobState::Running, 1);
    }
    let state = |world: &World, key: &str| {
        world.get(&format!("/api/history/jobs?search={key}")).json()["jobs"][0]["state"].clone()
    };
    world.wait("both run", |world| state(world, &kept) == "running" && state(world, &gone) == "running");
    // A server that nobody asks goes on with one of them; the process stays the same.
    world.fake.jobs.lock().unwrap().retain(|job| job.receipt.job_key == kept);
    world.wait("it is lost", |world| state(world, &gone) == "lost");
    assert_eq!(events(&world, "job_lost").len(), 1);
    assert_eq!(state(&world, &kept), "running");
}

#[test]
fn a_state_of_a_later_version_hides_neither_the_server_nor_what_is_beside_it() {
    let world = World::new();
    let key = submit(&world);
    world.wait("the job", |world| job(world, &key)["state"] == "done");
    let other = submit(&world);
    world.fake.set_job(&other, JobState::Other(77), 1);
    world.fake.nodes.lock().unwrap()[0].state = NodeState::Other(99);
    world.wait("the job's state", |world| job(world, &other)["state"] == "unknown");
    assert_eq!(job(&world, &key)["state"], "done");
    let nodes = |world: &World| world.get("/api/cluster").json()["nodes"].clone();
    world.wait("the node's state", |world| nodes(world)[0][3] == "unknown");
    assert_eq!(nodes(&world)[1][3], "up");
    assert!(world.get("/metrics").text().contains("ballast_nodes{state=\"unknown\"} 1"));
}

#[test]
fn who_was_elected_is_shown_with_its_term() {
    let spare = Fake::with_nodes(&["node0", "node1"]);
    let (_running, address) = spare.serve();
    let world = World::with(|settings| {
        settings.servers.push(Target { name: "spare".to_owned(), address: address.clone() });
    });
    *world.fake.election.lock().unwrap() = Some(ElectionView { leader: Some(address.clone()), term: None });
    *spare.election.lock().unwrap() = Some(ElectionView { leader: None, term: Some(41) });
    let servers = |world: &World| world.get("/api/cluster").json()["servers"].clone();
    world.wait("the elected one", |world| servers(world)[1]["leads"] == true);
    let shown = servers(&world);
    assert_eq!(shown[1]["election"], json!({ "leader": null, "term": 41 }));
    assert_eq!((&shown[0]["leads"], &shown[0]["election"]["leader"]), (&json!(false), &json!(address)));
    // Nobody leads while the next one is being elected: clients have nowhere to go.
    *spare.election.lock().unwrap() = Some(ElectionView::default());
    *world.fake.election.lock().unwrap() = Some(ElectionView::default());
    world.wait("no leader", |world| {
        servers(world).as_array().unwrap().iter().all(|one| one["leads"] == false)
    });
    assert_eq!(world.get("/readyz").status, 503);
}

/// A page asks for the pictures of a small job before the console has heard of it, and just when its end is being written.
#[test]
fn a_job_whose_end_is_being_written_is_not_missing() {
    let world = World::new();
    world.fake.writes_slowly.store(true, Ordering::Release);
    let key = submit(&world);
    let images = world.get(&format!("/api/jobs/{key}/images"));
    assert_eq!((images.status, images.json()["total"].as_u64()), (200, Some(1)), "{}", images.text());
    assert_eq!(world.get("/api/jobs/nobody's/images").status, 404);
}
