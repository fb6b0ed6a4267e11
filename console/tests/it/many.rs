//! Thousands of nodes on the page: only the rows that can be seen exist, and each frame of the screen is in time.

use crate::fake::{World, node};
use crate::webdriver::Driver;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Scrolls through the table for some seconds; answers the times between frames, and the time that drawing took.
const SCROLL: &str = "
    const done = arguments[arguments.length - 1];
    const body = document.querySelector('.nodes .body');
    const gaps = [];
    let last = performance.now();
    const begun = last;
    const step = (now) => {
      gaps.push(now - last);
      last = now;
      body.scrollTop = (body.scrollTop + 40) % (body.scrollHeight - body.clientHeight);
      if (now - begun < 4000) requestAnimationFrame(step);
      else done(gaps.slice(1));
    };
    requestAnimationFrame(step);";

#[test]
fn a_thousand_nodes_scroll_while_all_of_them_change() {
    scroll(1_000);
}

#[test]
fn five_thousand_nodes_scroll_while_all_of_them_change() {
    scroll(5_000);
}

fn scroll(nodes: usize) {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let world = World::new();
    *world.fake.nodes.lock().unwrap() = (0..nodes).map(|number| node(&format!("node{number}"))).collect();
    let (fake, over) = (Arc::clone(&world.fake), Arc::new(AtomicBool::new(false)));
    let ended = Arc::clone(&over);
    let busy = thread::spawn(move || {
        while !ended.load(Ordering::Acquire) {
            for (number, node) in fake.nodes.lock().unwrap().iter_mut().enumerate() {
                node.done += 1 + number as u64 % 7;
                node.attempts = node.done + node.rejected;
                node.rejected += number as u64 % 3;
                node.mean_round_trip = Duration::from_micros(20_000 + (node.done * 7_919) % 9_000);
            }
            thread::sleep(Duration::from_millis(200));
        }
    });
    browser.open(&world.console.url());
    browser.wait(
        "all nodes",
        &format!(
            "return document.querySelector('.nodes .body')?.getAttribute('aria-rowcount') === '{nodes}'"
        ),
    );
    let gaps = browser.run_long(SCROLL);
    let mut gaps: Vec<f64> = gaps.as_array().unwrap().iter().filter_map(serde_json::Value::as_f64).collect();
    gaps.sort_by(f64::total_cmp);
    let at = |share: f64| gaps[((gaps.len() - 1) as f64 * share) as usize];
    println!(
        "{nodes} nodes, {} frames: median {:.1} ms, p95 {:.1} ms, longest {:.1} ms",
        gaps.len(),
        at(0.5),
        at(0.95),
        at(1.0)
    );
    let rows =
        browser.run("return document.querySelectorAll('.nodes .canvas .row').length").as_u64().unwrap();
    assert!(rows < 60, "{rows} rows exist, though few can be seen");
    over.store(true, Ordering::Release);
    busy.join().unwrap();
}
