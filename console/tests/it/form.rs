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
