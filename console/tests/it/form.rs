//! The form for a new job, in a real browser.

use crate::fake::World;
use crate::webdriver::Driver;

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
