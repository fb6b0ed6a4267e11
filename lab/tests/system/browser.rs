//! The console in a real browser: what a person does with it, against real processes.

use crate::webdriver::{Browser, Driver, decode};
use crate::world::{Program, World, free_ports};
use std::fs;
use std::process::Stdio;
use std::time::Instant;

/// Where the console of a server is, as the page's script knows it.
struct Console {
    server: Program,
    address: String,
}

fn console(world: &World, nodes: &[Program]) -> Console {
    let mut command = world.command("server");
    let nodes: Vec<&str> = nodes.iter().map(|node| node.address.as_str()).collect();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    command.args(["--listen", "127.0.0.1:0", "--node", &nodes.join(","), "--console", &port.to_string()]);
    Console { server: world.start(command), address: format!("http://{port}/") }
}

fn node(world: &World, name: &str) -> Program {
    let mut command = world.command("computenode");
    command.args(["0.3", "--listen", "127.0.0.1:0", "--name", name, "--delay", "200ms", "--slots", "2"]);
    world.start(command)
}

/// What the page shows of a node's state.
fn row_says(name: &str, state: &str) -> String {
    let index = name.trim_start_matches("node");
    format!("return document.querySelector('.row[data-name=\"node{index}\"]')?.dataset.state === '{state}'")
}

/// Fetches the archive inside the page and answers the names and sizes, and the bytes of one file by way of base64.
const ARCHIVE: &str = "
    const done = arguments[arguments.length - 1];
    const link = document.querySelector('a[href$=\"results.zip\"]');
    fetch(link.href).then((response) => response.arrayBuffer()).then((buffer) => {
      let text = '';
      for (const byte of new Uint8Array(buffer)) text += String.fromCharCode(byte);
      done(btoa(text));
    });";

#[test]
fn a_person_hands_in_photographs_and_gets_results() {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let world = World::new();
    let nodes = [node(&world, "node0"), node(&world, "node1")];
    let console = console(&world, &nodes);
    browser.open(&console.address);
    browser.wait("both nodes", "return document.querySelectorAll('.row[data-state=up]').length === 2");

    browser.run("location.hash = '#/jobs'");
    browser.wait("the form", "return document.querySelectorAll('.chain select option').length > 10");
    let photographs = &world.images()[..3];
    let paths: Vec<String> =
        photographs.iter().map(|name| world.input().join(name).display().to_string()).collect();
    browser.write("input[type=file]", &paths.join("\n"));
    browser.wait("three files", "return document.querySelectorAll('.files li').length === 3");
    browser.click("button.main");
    browser.wait("the job's page", "return location.hash.startsWith('#/jobs/console-')");
    browser.reload();
    browser.wait("its end", "return document.querySelector('.job')?.dataset.state === 'done'");
    // Pictures are fetched when they can be seen.
    browser.wait("a grid", "document.querySelector('.thumbs')?.scrollIntoView(); return document.querySelectorAll('.thumbs .ready img').length === 3");
    browser.wait("three results", "return document.querySelectorAll('.thumbs .ready img').length === 3 && [...document.querySelectorAll('.thumbs img')].every((image) => image.naturalWidth > 0)");

    let archive = decode(browser.run_long(ARCHIVE).as_str().unwrap());
    let upload = fs::read_dir(world.path().join("uploads")).unwrap().next().unwrap().unwrap().path();
    for name in photographs {
        let result = fs::read(upload.join("output_dir").join(name)).unwrap();
        assert!(!result.is_empty());
        // Files are stored as they are, so each result stands in the archive byte for byte.
        assert!(archive.windows(result.len()).any(|part| part == result), "{name} is not in the archive");
    }

    if std::env::var_os("BALLAST_PICTURES").is_some() {
        take_pictures(&browser, &world, &console);
    }
    let Some(second) = driver.browser() else { return };
    two_browsers_see_a_node_go(&browser, &second, &console, nodes);
    console.server.signal("TERM");
}

/// The pictures of the README: a result under its slider, and the cluster at work.
fn take_pictures(browser: &Browser<'_>, world: &World, console: &Console) {
    browser.resize(860, 760);
    browser.click(".thumbs button");
    let loaded =
        "return [...document.querySelectorAll('.stage img')].every((image) => image.naturalWidth > 0)";
    browser.wait("both sides", loaded);
    browser.keep_picture("console-result");
    browser.resize(1440, 860);
    browser.open(&console.address);
    let _more = [("node2", "0.6"), ("node3", "0.8")].map(|(name, load)| {
        let mut command = world.command("computenode");
        command.args([load, "--server", &console.server.address, "--name", name]);
        command.args(["--delay", "200ms", "--slots", "2"]);
        world.start(command)
    });
    browser.wait("four nodes", "return document.querySelectorAll('.row[data-state=up]').length === 4");
    world.multiply(60);
    for strategy in ["random", "load_balancing", "least_connections", "load_aware", "ballast"] {
        let mut command = world.command("client");
        command.args(["data", strategy, "--server", &console.server.address]);
        assert!(command.output().unwrap().status.success());
    }
    // One more is at work while all others have ended.
    let mut command = world.command("client");
    command.args(["data", "load_aware", "--server", &console.server.address]);
    let mut at_work = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let compared = "const rows = [...document.querySelectorAll('aside tbody tr')]; return rows.length === 5 && rows.every((row) => row.children[1].textContent !== '0')
        && document.querySelector('aside .job-line') !== null && rows.some((row) => row.textContent.startsWith('ballastmay-reject2'))";
    browser.wait("every strategy", compared);
    browser.keep_picture("console-cluster");
    assert!(at_work.wait().unwrap().success());
}

fn two_browsers_see_a_node_go(
    first: &Browser<'_>,
    second: &Browser<'_>,
    console: &Console,
    nodes: [Program; 2],
) {
    for browser in [first, second] {
        browser.open(&console.address);
        browser.wait("node1 up", &row_says("node1", "up"));
    }
    let [_zero, one] = nodes;
    // A node that nobody works with is missed by its next sign of life; one that works, at once.
    let killed = Instant::now();
    drop(one);
    for browser in [first, second] {
        let gone = "return ['down', 'suspected'].includes(document.querySelector('.row[data-name=\"node1\"]')?.dataset.state)";
        browser.wait("node1 gone", gone);
    }
    println!("both browsers showed the killed node after {} ms", killed.elapsed().as_millis());
}

/// A job that never ends by itself survives its server, and the page that showed it goes on by itself.
#[test]
fn a_page_stays_through_a_killed_server_and_shows_its_job_again() {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let world = World::new();
    let mut asleep = world.command("computenode");
    asleep.args(["1", "--listen", "127.0.0.1:0", "--name", "node0", "--delay", "1h"]);
    let asleep = world.start(asleep);
    let ports = free_ports(2);
    let (address, page) = (format!("127.0.0.1:{}", ports[0]), format!("127.0.0.1:{}", ports[1]));
    let server = || {
        let mut command = world.command("server");
        command.args([
            "--listen",
            &address,
            "--node",
            &asleep.address,
            "--state",
            "state",
            "--console",
            &page,
        ]);
        world.start(command)
    };
    let first = server();
    let mut client = world.client_command(&first, &["data", "random"]);
    // It is told of no end while the test goes on, and ends with it.
    let mut client = client.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    browser.open(&format!("http://{page}/#/cluster"));
    browser.wait("the job", "return document.querySelector('aside .job-line') !== null");
    browser.run("location.hash = document.querySelector('aside .job-line').hash");
    browser.wait("its page", "return document.querySelector('.job')?.dataset.state === 'running'");
    drop(first);
    browser.wait("no connection", "return document.body.dataset.feed === 'broken'");
    let _second = server();
    browser.wait("a connection", "return document.body.dataset.feed === 'live'");
    let again = "return document.querySelector('.job')?.dataset.state === 'running' && document.querySelector('.job .facts').textContent.includes('Submissions2')";
    browser.wait("the job, submitted again by the journal", again);
    browser.run("[...document.querySelectorAll('.job-head button')].find((each) => each.textContent === 'Cancel the job').click()");
    browser.wait("its end", "return document.querySelector('.job')?.dataset.state === 'cancelled'");
    browser.run("location.hash = '#/history'");
    let told = "const texts = document.querySelector('.history tbody')?.textContent ?? ''; return texts.includes('was started again') && texts.includes('goes on after a restart')";
    browser.wait("both events", told);
    client.kill().unwrap();
    client.wait().unwrap();
}
