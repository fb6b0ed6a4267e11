//! The console in a real browser: what a person does with it, against real processes.

use crate::webdriver::{Browser, Driver, decode};
use crate::world::{Program, World};
use std::fs;
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
    browser.keep_picture("cluster");

    browser.run("location.hash = '#/jobs'");
    browser.wait("the form", "return document.querySelectorAll('.chain select option').length > 10");
    let photographs = &world.images()[..3];
    let paths: Vec<String> =
        photographs.iter().map(|name| world.input().join(name).display().to_string()).collect();
    browser.write("input[type=file]", &paths.join("\n"));
    browser.wait("three files", "return document.querySelectorAll('.files li').length === 3");
    browser.keep_picture("new-job");
    browser.click("button.main");
    browser.wait("the job's page", "return location.hash.startsWith('#/jobs/console-')");
    browser.reload();
    browser.wait("its end", "return document.querySelector('.job')?.dataset.state === 'done'");
    browser.wait("three results", "return document.querySelectorAll('.thumbs .ready img').length === 3 && [...document.querySelectorAll('.thumbs img')].every((image) => image.naturalWidth > 0)");
    browser.keep_picture("job");

    let archive = decode(browser.run_long(ARCHIVE).as_str().unwrap());
    let upload = fs::read_dir(world.path().join("uploads")).unwrap().next().unwrap().unwrap().path();
    for name in photographs {
        let result = fs::read(upload.join("output_dir").join(name)).unwrap();
        assert!(!result.is_empty());
        // Files are stored as they are, so each result stands in the archive byte for byte.
        assert!(archive.windows(result.len()).any(|part| part == result), "{name} is not in the archive");
    }

    let Some(second) = driver.browser() else { return };
    two_browsers_see_a_node_go(&browser, &second, &console, nodes);
    console.server.signal("TERM");
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
    first.keep_picture("node-down");
}
