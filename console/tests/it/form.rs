//! The form for a new job, in a real browser.

use crate::fake::World;
use crate::webdriver::Driver;
use console::settings::UploadLimits;
use console::{Console, Settings};
use std::net::TcpListener;

#[test]
fn any_strategy_can_be_typed_and_made_the_default() {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let world = World::new();
    world.wait("a server", |world| world.get("/api/options").json()["default_strategy"] == "random");
    browser.open(&format!("{}#/jobs", world.console.url()));
    browser.wait("suggestions", "return document.querySelector('#strategies option')?.value === 'random'");
    browser.wait(
        "the default",
        "return document.querySelector('input[name=strategy]').placeholder === 'random'",
    );
    browser.write("input[name=strategy]", "power_of_two[choices=3]");
    browser.click("input[name=strategy] ~ button");
    let placed =
        "return document.querySelector('input[name=strategy]')?.placeholder === 'power_of_two[choices=3]'";
    browser.wait("the new default", placed);
    assert_eq!(world.get("/api/options").json()["default_strategy"], "power_of_two[choices=3]");
    browser.reload();
    browser.wait("it again", placed);
}

/// Drops two images, a text and an empty file onto the place for them, as a file manager would; answers whether the page took them for itself.
const DROP: &str = "
    const data = new DataTransfer();
    const picture = (name) => new File([new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10])], name, { type: 'image/png' });
    data.items.add(picture('one.png'));
    data.items.add(picture('two.png'));
    data.items.add(new File(['text'], 'notes.txt', { type: 'text/plain' }));
    data.items.add(new File([], 'empty.png', { type: 'image/png' }));
    const place = document.querySelector('.drop');
    const send = (kind) => place.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data }));
    const over = !send('dragenter') && !send('dragover') && place.classList.contains('over');
    return over && !send('drop') && !place.classList.contains('over');";

#[test]
fn images_can_be_dropped() {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let world = World::new();
    browser.open(&format!("{}#/jobs", world.console.url()));
    browser.wait("the form", "return document.querySelectorAll('.chain select option').length > 10");
    assert_eq!(browser.run(DROP), true);
    let names = "return [...document.querySelectorAll('.files li span')].map((name) => name.textContent)";
    assert_eq!(browser.run(names), serde_json::json!(["one.png", "two.png"]));
    let told = browser.run("return document.querySelector('.toast.bad span').textContent");
    assert_eq!(told, "Left out: notes.txt, empty.png. They are empty or no image.");
    // The server looks at what they are: no decoder would take these, and it says so.
    browser.click("button.main");
    browser.wait(
        "a reason or a job",
        "return location.hash.startsWith('#/jobs/console-') || !document.querySelector('.trouble').hidden",
    );
    // Beside the place for them they are refused, and the page stays.
    let beside = "return document.body.dispatchEvent(new DragEvent('drop', { bubbles: true, cancelable: true, dataTransfer: new DataTransfer() }))";
    assert_eq!(browser.run(beside), false);
}

#[test]
fn a_folder_that_is_dropped_is_taken_apart_into_its_images() {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let world = World::new();
    let holiday = world.folder.path().join("holiday");
    std::fs::create_dir_all(holiday.join("oslo/harbour")).unwrap();
    for name in ["a.png", "oslo/a.png", "oslo/harbour/b.jpg", "notes.txt", ".hidden.png"] {
        std::fs::write(holiday.join(name), "content").unwrap();
    }
    let beside = world.folder.path().join("beside.png");
    std::fs::write(&beside, "content").unwrap();
    browser.open(&format!("{}#/jobs", world.console.url()));
    browser.wait("the form", "return document.querySelectorAll('.chain select option').length > 10");
    browser.drop_files(".drop", &[&holiday, &beside]);
    browser.wait("the images", "return document.querySelectorAll('.files li').length === 4");
    let names =
        "return [...document.querySelectorAll('.files li span')].map((name) => name.textContent).sort()";
    assert_eq!(browser.run(names), serde_json::json!(["a.png", "a.png", "b.jpg", "beside.png"]));
    let told = browser.run("return document.querySelector('.toast.bad span').textContent");
    assert_eq!(told, "Left out: notes.txt. It is empty or no image.");
}

#[test]
fn whoever_has_the_token_comes_in_by_the_page_that_asks_for_it() {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let world = World::new();
    let start = |at: &str, token: &str| {
        let settings = Settings {
            listener: TcpListener::bind(at).unwrap(),
            servers: Vec::new(),
            data_root: world.folder.path().join("data"),
            results: world.folder.path().join("results"),
            token: Some(token.to_owned()),
            limits: UploadLimits::default(),
            credentials: wire::Credentials::default(),
        };
        Console::start(settings).unwrap()
    };
    let console = start("127.0.0.1:0", "first-token");
    let address = console.address().to_string();
    browser.open(&format!("http://{address}/"));
    let styled = "const form = document.querySelector('.door form');
        return form !== null && getComputedStyle(form).borderRadius === '10px' && document.activeElement?.name === 'token'";
    browser.wait("the page that asks", styled);
    browser.write("input[name=token]", "another-one");
    browser.click("button.main");
    browser.wait("no", "return document.querySelector('.trouble')?.textContent === 'That is not the token.'");
    browser.write("input[name=token]", "first-token");
    browser.click("button.main");
    let inside = "return document.querySelector('.tiles') !== null && document.body.dataset.feed !== 'loading' && location.search === ''";
    browser.wait("the cluster", inside);
    // Started again it has another token: the page asks for it rather than wait for ever.
    drop(console);
    browser.wait("no connection", "return document.body.dataset.feed === 'broken'");
    let _console = start(&address, "second-token");
    browser.wait("the page that asks again", styled);
}

#[test]
fn an_address_that_says_nothing_leads_back() {
    let Some(driver) = Driver::start() else { return };
    let Some(browser) = driver.browser() else { return };
    let world = World::new();
    // Neither a key that nobody knows nor one that cannot be decoded leaves the page empty.
    for key in ["no-such-job", "%E0%A4%A"] {
        browser.open("about:blank");
        browser.open(&format!("{}#/jobs/{key}", world.console.url()));
        let told = "const told = document.querySelector('.job .empty'); return told?.checkVisibility() === true && told.textContent.startsWith('no job')";
        browser.wait("why there is none", told);
    }
    browser.click(".job .empty a");
    browser.wait("the history", "return document.querySelector('.history') !== null");
}
