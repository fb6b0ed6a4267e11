//! Who gets nothing, and what costs nobody anything.

use crate::fake::{World, node};
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use wire::job::NodeState;

#[test]
fn the_page_comes_with_its_policy_and_nothing_beside_it() {
    let world = World::new();
    let page = world.get("/");
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    let script = world.get("/web/app.js");
    assert!(script.header("content-type").unwrap().starts_with("text/javascript"));
    let again = world.send("GET", "/web/app.js", &[("If-None-Match", script.header("etag").unwrap())], b"");
    assert_eq!(again.status, 304);
    for nowhere in ["/web/../Cargo.toml", "/web/%2e%2e%2fCargo.toml", "/etc/passwd", "/api/none"] {
        assert_eq!(world.get(nowhere).status, 404, "{nowhere}");
    }
}

#[test]
fn other_names_and_other_sites_get_nothing() {
    let world = World::new();
    assert_eq!(world.send("GET", "/api/cluster", &[("Host", "evil.example:5005")], b"").status, 403);
    let json = ("Content-Type", "application/json");
    assert_eq!(
        world.send("POST", "/api/uploads", &[json, ("Origin", "http://evil.example")], b"{}").status,
        403
    );
    assert_eq!(world.send("POST", "/api/uploads", &[("Content-Type", "text/plain")], b"{}").status, 400);
    assert_eq!(world.send("POST", "/api/uploads", &[json], b"{}").status, 200);
}

#[test]
fn a_token_is_asked_for_where_there_is_one() {
    let world = World::with(|settings| settings.token = Some("secret".to_owned()));
    assert_eq!(world.get("/api/cluster").status, 401);
    assert_eq!(world.get("/?token=wrong").status, 401);
    let welcome = world.get("/?token=secret");
    assert_eq!((welcome.status, welcome.header("location")), (303, Some("/")));
    let cookie = welcome.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap();
    assert_eq!(world.send("GET", "/api/cluster", &[("Cookie", cookie)], b"").status, 200);
    assert_eq!(world.send("GET", "/metrics", &[("Authorization", "Bearer secret")], b"").status, 200);
    assert_eq!(world.get("/healthz").status, 200);
    assert!(world.console.url().ends_with("/?token=secret"));
}

#[test]
fn a_person_without_the_token_is_asked_for_it_and_a_program_is_told() {
    let world = World::with(|settings| settings.token = Some("secret".to_owned()));
    let html = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let page = world.send("GET", "/", &[html], b"");
    assert_eq!((page.status, page.header("content-type")), (401, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    assert!(!page.text().contains("not the token"));
    assert!(world.send("GET", "/?token=wrong", &[html], b"").text().contains("That is not the token."));
    for asset in ["/web/style.css", "/web/icon.svg"] {
        assert_eq!(world.get(asset).status, 200, "{asset}");
    }
    assert_eq!(world.get("/web/app.js").status, 401);
    assert!(world.get("/").json()["error"].as_str().unwrap().contains("asks for its token"));
    let change = world.send("POST", "/api/uploads", &[html, ("Content-Type", "application/json")], b"{}");
    assert!(change.status == 401 && change.json()["error"].is_string());
}

#[test]
fn an_empty_token_opens_nothing_and_an_unfit_one_is_refused() {
    let world = World::with(|settings| {
        settings.listener = TcpListener::bind("0.0.0.0:0").unwrap();
        settings.token = Some(String::new());
    });
    let empty = [("Authorization", "Bearer "), ("Cookie", "ballast_token=")];
    assert_eq!(world.send("GET", "/api/cluster", &empty, b"").status, 401);
    let url = world.console.url();
    // "Every address" is no place to go to.
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert!(url.split_once("?token=").unwrap().1.len() >= 32, "one is drawn: {url}");
    for unfit in ["a b", "a;b", "a&b", "a+b", "ä", "a\nb", "a%20"] {
        let settings = console::Settings {
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            servers: Vec::new(),
            data_root: world.folder.path().join("data"),
            results: world.folder.path().join("results"),
            token: Some(unfit.to_owned()),
            limits: console::settings::UploadLimits::default(),
            credentials: wire::Credentials::default(),
        };
        let refused = console::Console::start(settings).unwrap_err().to_string();
        assert!(refused.contains("--console-token"), "{unfit:?}: {refused}");
    }
}

#[test]
fn browsers_that_do_not_read_hold_nobody_up() {
    let world = World::new();
    *world.fake.nodes.lock().unwrap() = (0..2_000).map(|number| node(&format!("node{number}"))).collect();
    let _asleep: Vec<_> = (0..20).map(|_| world.open("GET", "/api/stream", &[], 0)).collect();
    let number = |world: &World| world.get("/api/cluster").json()["number"].as_u64().unwrap();
    let before = number(&world);
    world.wait("more looks", |world| number(world) > before + 3);
}

#[test]
fn the_stream_tells_everything_first_and_then_what_changes() {
    let world = World::new();
    let lines = BufReader::new(world.open("GET", "/api/stream", &[], 0)).lines();
    let mut frames = lines.map_while(Result::ok).filter_map(|line| {
        line.strip_prefix("data: ").map(|data| serde_json::from_str::<serde_json::Value>(data).unwrap())
    });
    let first = frames.next().unwrap();
    assert_eq!((first["kind"].as_str(), first["nodes"][0][0].as_str()), (Some("whole"), Some("node0")));
    world.fake.nodes.lock().unwrap()[1].state = NodeState::Down;
    let changed =
        frames.find(|frame| frame["nodes"].as_array().is_some_and(|nodes| !nodes.is_empty())).unwrap();
    assert_eq!((changed["nodes"][0][0].as_u64(), changed["nodes"][0][1].as_str()), (Some(1), Some("down")));
}

#[test]
fn streams_are_bounded_and_a_browser_that_vanishes_makes_room() {
    let world = World::new();
    let stream = || {
        let mut lines = BufReader::new(world.open("GET", "/api/stream", &[], 0));
        let mut status = String::new();
        lines.read_line(&mut status).unwrap();
        (status.split(' ').nth(1).unwrap().to_owned(), lines)
    };
    let mut open: Vec<_> = (0..64).map(|_| stream()).collect();
    assert!(open.iter().all(|(status, _)| status == "200"));
    assert_eq!(stream().0, "503");
    assert_eq!(world.get("/api/cluster").status, 200, "whoever does not follow is answered");
    open.pop();
    world.wait("room for one", |_| stream().0 == "200");
}

#[test]
fn runs_outside_the_results_are_not_read() {
    let world = World::new();
    let outside = world.folder.path().join("outside");
    std::fs::create_dir(&outside).unwrap();
    std::fs::write(outside.join("manifest.json"), "{}").unwrap();
    std::os::unix::fs::symlink(&outside, world.folder.path().join("results/link")).unwrap();
    for name in ["../outside", "..", "/etc", ".", "..%2Foutside", "link%2F..%2F..%2Foutside", ""] {
        for path in ["/api/compare", "/report"] {
            let answer = world.get(&format!("{path}?runs={name}"));
            assert!(
                [400, 404].contains(&answer.status),
                "{path} {name:?}: {} {}",
                answer.status,
                answer.text()
            );
        }
    }
}
