//! The page for everybody: by keyboard alone, with weak eyes, on a phone, and without motion.

use crate::fake::{World, node};
use crate::webdriver::{Browser, Driver};
use serde_json::{Value, json};
use std::fs;
use wire::job::{JobState, NodeState};
use wire::membership::EventKind;

/// Keys as WebDriver names them.
const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";
const ESCAPE: &str = "\u{E00C}";
const DOWN: &str = "\u{E015}";
const END: &str = "\u{E010}";
const RIGHT: &str = "\u{E014}";

/// What has the focus, and whether that can be seen.
const FOCUS: &str = "
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    const seen = (each) => { const style = getComputedStyle(each); return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0; };
    const place = one.closest('.drop, .stage') ?? one;
    const border = place !== one && getComputedStyle(place).borderColor;
    return { name: (one.getAttribute('aria-label') ?? one.textContent ?? '').trim() || one.placeholder || one.name || one.id || one.tagName,
             seen: seen(one) || seen(place) || Boolean(border && place.matches(':focus-within')) };";

/// Everything that can be worked with and has no name that a screen reader could say.
const NAMELESS: &str = "
    const named = (each) => (each.getAttribute('aria-label') || each.getAttribute('title') || each.placeholder || each.textContent || '').trim() !== ''
      || (each.labels && each.labels.length > 0) || each.querySelector('img[alt]:not([alt=\"\"])');
    return [...document.querySelectorAll('a, button, input, select, [role=grid], dialog[open], iframe')]
      .filter((each) => each.checkVisibility() && !named(each)).map((each) => each.outerHTML.slice(0, 120));";

/// Texts that stand out from what lies behind them by less than 4.5 to 1 (WCAG 2.2, AA).
const FAINT: &str = "
    const pen = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const read = (colour) => { pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
    const over = (top, below) => [0, 1, 2].map((at) => top[at] * top[3] + below[at] * (1 - top[3]));
    const light = (colour) => { const [r, g, b] = colour.slice(0, 3).map((part) => part / 255).map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
    const faint = [];
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode.textContent.trim();
      const holder = texts.currentNode.parentElement;
      if (!text || holder.closest('script, noscript, option, :disabled, .unseen, .skip') || !holder.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
      const layers = [];
      let opacity = 1;
      for (let each = holder; each; each = each.parentElement) {
        const style = getComputedStyle(each);
        layers.unshift(read(style.backgroundColor));
        if (!each.closest('main') || each.closest('.row[data-state=down]') === null) opacity *= Number(style.opacity);
      }
      const behind = layers.reduce((below, layer) => over(layer, below), [255, 255, 255]);
      const ink = read(getComputedStyle(holder).color);
      const front = over([ink[0], ink[1], ink[2], ink[3] * opacity], behind);
      const [high, low] = [light(front), light(behind)].sort((a, b) => b - a);
      if ((high + 0.05) / (low + 0.05) < 4.5) faint.push(`${text.slice(0, 40)} (${holder.tagName}.${holder.className}): ${((high + 0.05) / (low + 0.05)).toFixed(2)}`);
    }
    return faint;";

/// A world with nodes in every state, jobs in several, and a history.
fn busy_world() -> (World, String) {
    let world = World::new();
    let states = [NodeState::Down, NodeState::Draining, NodeState::Ejected, NodeState::Suspected];
    for (number, state) in states.into_iter().enumerate() {
        let mut more = node(&format!("node{}", number + 2));
        more.state = state;
        world.fake.nodes.lock().unwrap().push(more);
    }
    for (kind, text) in [
        (EventKind::NodeUp, "up"),
        (EventKind::NodeDown, "down"),
        (EventKind::NodeDraining, "draining"),
        (EventKind::NodeRegistered, "registered"),
        (EventKind::JobWatched, "watched"),
    ] {
        world.fake.note(kind, "node2", text);
    }
    let folder = world.folder.path().join("data/photos/input_dir");
    fs::create_dir_all(&folder).unwrap();
    for name in ["photograph_00.jpg", "photograph_01.png"] {
        fs::copy(format!("{}/../data/input_dir/{name}", env!("CARGO_MANIFEST_DIR")), folder.join(name))
            .unwrap();
    }
    fs::write(folder.join("broken.png"), "no image").unwrap();
    let job = json!({ "folder": "photos", "strategy": "random", "operation": "edges" });
    let keys: Vec<String> =
        (0..4).map(|_| world.post("/api/jobs", &job).json()["key"].as_str().unwrap().to_owned()).collect();
    for (key, state) in
        keys.iter().zip([JobState::Done, JobState::Running, JobState::Partial, JobState::NoNode])
    {
        world.fake.set_job(key, state, 1);
    }
    world.wait("the jobs", |world| {
        let jobs = world.get("/api/history/jobs").text();
        ["\"done\"", "\"running\"", "\"partial\"", "\"no_node\""].iter().all(|state| jobs.contains(state))
    });
    (world, keys[0].clone())
}

fn all_of(found: &Value) -> Vec<String> {
    found.as_array().unwrap().iter().map(|each| each.as_str().unwrap().to_owned()).collect()
}

const PAGES: [(&str, &str); 5] = [
    ("cluster", "return document.querySelectorAll('.row[data-name]').length >= 6"),
    ("jobs", "return document.querySelectorAll('.job-line').length === 4"),
    ("history", "return document.querySelectorAll('.history tbody tr').length > 4"),
    ("history/jobs", "return document.querySelectorAll('.history tbody tr').length === 4"),
    ("runs", "return document.querySelector('.runs .empty')?.textContent.includes('No run')"),
];

#[test]
fn every_page_can_be_read_and_named_in_light_and_dark_on_a_phone_and_a_desk() {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let (world, key) = busy_world();
    browser.reduce_motion();
    browser.open(&world.console.url());
    let job = (format!("jobs/{key}"), "return document.querySelectorAll('.thumbs li').length === 3");
    let pages = PAGES.iter().map(|(page, ready)| ((*page).to_owned(), *ready)).chain([job]);
    for (page, ready) in pages {
        browser.run(&format!("location.hash = '#/{page}'"));
        browser.wait(&page, ready);
        for theme in ["light", "dark"] {
            browser.run(&format!("document.documentElement.dataset.theme = '{theme}'"));
            for (width, height) in [(360, 740), (1_366, 768)] {
                browser.view(width, height);
                let faint = all_of(&browser.run(FAINT));
                assert!(faint.is_empty(), "{page}, {theme}, {width}: {faint:#?}");
                let beyond = browser.run("return document.documentElement.scrollWidth - innerWidth").as_i64();
                assert!(beyond.unwrap() <= 0, "{page} is {beyond:?} pixels wider than {width}");
            }
        }
        let nameless = all_of(&browser.run(NAMELESS));
        assert!(nameless.is_empty(), "{page}: {nameless:#?}");
        let moves = browser.run("return document.getAnimations().length").as_u64();
        assert_eq!(moves, Some(0), "{page} moves for somebody who wants it to keep still");
        assert_eq!(browser.run("return document.querySelectorAll('h1').length"), 1, "{page} has one heading");
    }
}

#[test]
fn no_column_of_the_nodes_is_cut_off_at_any_width() {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let (world, _) = busy_world();
    browser.open(&world.console.url());
    browser.wait("the nodes", PAGES[0].1);
    // Which rows have something beyond their right edge, and what.
    let cut = "return [...document.querySelectorAll('.nodes .row')].filter((row) => row.checkVisibility()).flatMap((row) => [...row.children]
        .filter((cell) => cell.checkVisibility() && cell.getBoundingClientRect().right > row.getBoundingClientRect().right + 0.5).map((cell) => cell.className))";
    for width in [360, 480, 761, 800, 931, 1_000, 1_100, 1_271, 1_300, 1_366, 1_421, 1_500, 1_920, 2_560] {
        browser.view(width, 800);
        let cut = all_of(&browser.run(cut));
        assert!(cut.is_empty(), "{width} pixels cut off {cut:?}");
    }
}

/// Strikes Tab until the focus has been everywhere; answers where it was.
fn tab_through(browser: &Browser<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for _ in 0..80 {
        browser.strike(TAB);
        let focus = browser.run(FOCUS);
        if focus.is_null() {
            break;
        }
        let name = focus["name"].as_str().unwrap().to_owned();
        assert_eq!(focus["seen"], true, "nobody sees that {name:?} has the focus");
        names.push(name);
    }
    names
}

#[test]
fn everything_can_be_done_without_a_mouse() {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let (world, key) = busy_world();
    browser.open(&world.console.url());
    browser.wait("the nodes", PAGES[0].1);
    let names = tab_through(&browser);
    for wanted in [
        "Skip to the content",
        "Jobs",
        "Filter nodes",
        "Rejected",
        "Nodes: arrows choose one, Enter opens it",
    ] {
        assert!(names.iter().any(|name| name == wanted), "{wanted:?} is not reached: {names:?}");
    }
    // Into a node and out again.
    let open = "return document.querySelector('dialog[open]') !== null";
    let closed = "return document.querySelector('dialog[open]') === null";
    browser.run("document.querySelector('.nodes .body').focus()");
    browser.strike(END);
    let chosen = "const body = document.querySelector('.nodes .body'); return document.getElementById(body.getAttribute('aria-activedescendant'))?.dataset.name";
    assert_eq!(browser.run(chosen), "node5");
    browser.strike(DOWN);
    assert_eq!(browser.run(chosen), "node5", "there is none after the last");
    browser.strike(ENTER);
    browser.wait("the node", open);
    assert_eq!(browser.run("return document.querySelector('dialog[open] h2').textContent"), "node5");
    browser.strike(ESCAPE);
    browser.wait("the page again", closed);
    browser.strike("?");
    browser.wait("the keys", open);
    browser.strike(ESCAPE);
    browser.wait("the page again", closed);
    // From page to page, to the search, and out of it.
    for (number, page) in ["cluster", "jobs", "history", "runs"].iter().enumerate() {
        browser.strike(&(number + 1).to_string());
        browser.wait(page, &format!("return location.hash === '#/{page}'"));
    }
    browser.strike("3");
    browser.wait("the history", PAGES[2].1);
    browser.strike("/");
    assert_eq!(browser.run("return document.activeElement.placeholder"), "Search");
    browser.strike("1");
    assert_eq!(
        browser.run("return [location.hash, document.activeElement.value]"),
        json!(["#/history", "1"])
    );
    browser.strike(ESCAPE);
    browser.strike("n");
    browser.wait("the form", "return document.activeElement?.id === 'files'");
    let names = tab_through(&browser);
    for wanted in ["Operation", "Strategy", "More", "Start the job"] {
        assert!(names.iter().any(|name| name == wanted), "{wanted:?} is not reached: {names:?}");
    }
    the_slider_moves(&browser, &key);
}

fn the_slider_moves(browser: &Browser<'_>, key: &str) {
    browser.run(&format!("location.hash = '#/jobs/{key}'"));
    browser.wait("the results", "return document.querySelectorAll('.thumbs .ready').length === 3");
    browser.run("document.querySelector('.thumbs li:nth-child(2) button').focus()");
    browser.strike(ENTER);
    let cut = "return document.querySelector('.stage').style.getPropertyValue('--cut')";
    browser.wait("the viewer", "return document.activeElement?.type === 'range'");
    assert_eq!(browser.run(cut), "50%");
    browser.strike(RIGHT);
    assert_eq!(browser.run(cut), "51%");
    browser.strike(ESCAPE);
    browser.wait("the page again", "return document.querySelector('dialog[open]') === null");
    // A picture that cannot be shown has something in its place, and no sign of a broken one.
    browser.wait("the placeholder", "document.querySelector('.thumbs').scrollIntoView(); return document.querySelector('.thumbs .broken .placeholder') !== null");
    assert_eq!(browser.run("return document.querySelectorAll('.thumbs .broken img').length"), 0);
}
