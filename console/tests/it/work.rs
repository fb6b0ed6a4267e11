//! Jobs by way of the console: images in, results out.

use crate::fake::World;
use imaging::codec::{EncodeOptions, Format, encode};
use imaging::image::{Channels, Image};
use serde_json::json;
use std::fs;
use std::io::{Cursor, Read as _, Write as _};
use wire::job::JobSource;

fn image(format: Format) -> Vec<u8> {
    let samples = (0..64 * 48 * 3).map(|at| (at % 251) as u8).collect();
    let image = Image { width: 64, height: 48, channels: Channels::Rgb, samples };
    encode(&image, format, &EncodeOptions::default()).unwrap()
}

const BYTES: (&str, &str) = ("Content-Type", "application/octet-stream");

fn begin(world: &World) -> String {
    world.post("/api/uploads", &json!({})).json()["upload"].as_str().unwrap().to_owned()
}

#[test]
fn images_go_in_and_results_come_out_one_by_one_and_as_an_archive() {
    let world = World::new();
    let upload = begin(&world);
    let (png, jpeg) = (image(Format::Png), image(Format::Jpeg));
    let put = |name: &str, bytes: &[u8]| {
        world.send("PUT", &format!("/api/uploads/{upload}/{name}"), &[BYTES], bytes)
    };
    assert_eq!(put("a%20b.png", &png).json()["name"], "a b.png");
    assert_eq!(put("..%2F..%2Fevil.jpg", &jpeg).json()["name"], "evil.jpg");
    assert_eq!(put("notes.txt", b"no image").status, 415);

    let wanted = json!({ "upload": upload, "strategy": "random", "operation": "edges", "seed": "18446744073709551614" });
    let receipt = world.post("/api/jobs", &wanted).json();
    assert_eq!(
        (receipt["tasks"].as_u64(), receipt["seed"].as_str()),
        (Some(2), Some("18446744073709551614"))
    );
    let key = receipt["key"].as_str().unwrap();

    let images = world.get(&format!("/api/jobs/{key}/images")).json();
    assert_eq!((images["total"].as_u64(), images["done"].as_u64()), (Some(2), Some(2)));
    let whole = world.get(&format!("/api/jobs/{key}/after/evil.jpg"));
    assert_eq!((whole.header("content-type"), &whole.body), (Some("image/jpeg"), &jpeg));
    let small = world.get(&format!("/api/jobs/{key}/before/a%20b.png?width=32"));
    assert_eq!(small.header("content-type"), Some("image/jpeg"));
    assert_eq!(world.get(&format!("/api/jobs/{key}/after/..%2Finput_dir%2Fevil.jpg")).status, 400);

    let archive = world.get(&format!("/api/jobs/{key}/results.zip"));
    let mut archive = zip::ZipArchive::new(Cursor::new(archive.body)).unwrap();
    let mut bytes = Vec::new();
    archive.by_name("evil.jpg").unwrap().read_to_end(&mut bytes).unwrap();
    assert_eq!((archive.len(), bytes), (2, jpeg));

    world.wait("the history", |world| {
        !world.get("/api/history/jobs?search=edges").json()["jobs"].as_array().unwrap().is_empty()
    });
    assert!(
        world.get("/api/history/jobs?search=nothing-like-it").json()["jobs"].as_array().unwrap().is_empty()
    );
}

#[test]
fn uploads_are_bounded_in_bytes_files_and_pixels() {
    let world = World::with(|settings| {
        settings.limits.files = 1;
        settings.limits.pixels = 64 * 48;
        settings.limits.file_bytes = 20_000;
    });
    let upload = begin(&world);
    let put = |name: &str, bytes: &[u8]| {
        world.send("PUT", &format!("/api/uploads/{upload}/{name}"), &[BYTES], bytes)
    };
    assert_eq!(put("large.png", &[0; 20_001]).status, 413);
    // One that does not say how long it is.
    let chunked = [BYTES, ("Transfer-Encoding", "chunked")];
    let body = [b"5000\r\n".as_slice(), &[0; 0x5000], b"\r\n0\r\n\r\n"].concat();
    assert_eq!(world.send("PUT", &format!("/api/uploads/{upload}/x.png"), &chunked, &body).status, 413);
    let wide = Image { width: 65, height: 48, channels: Channels::Gray, samples: vec![0; 65 * 48] };
    let wide = encode(&wide, Format::Png, &EncodeOptions::default()).unwrap();
    assert_eq!(put("wide.png", &wide).status, 413);
    assert_eq!(put("fits.png", &image(Format::Png)).status, 200);
    assert_eq!(put("more.png", &image(Format::Png)).status, 413);
    let kept =
        fs::read_dir(world.folder.path().join("data/uploads").join(&upload).join("input_dir")).unwrap();
    assert_eq!(kept.count(), 1, "what was refused left nothing behind");
}

#[test]
fn all_images_of_an_upload_together_are_bounded_too() {
    let whole = image(Format::Png);
    let world = World::with(|settings| settings.limits.total_bytes = 2 * whole.len() as u64 + 1);
    let upload = begin(&world);
    let put =
        |name: &str| world.send("PUT", &format!("/api/uploads/{upload}/{name}"), &[BYTES], &whole).status;
    assert_eq!([put("a.png"), put("b.png"), put("c.png")], [200, 200, 413]);
    let other = begin(&world);
    assert_eq!(world.send("PUT", &format!("/api/uploads/{other}/c.png"), &[BYTES], &whole).status, 200);
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing_behind() {
    let world = World::new();
    let upload = begin(&world);
    let folder = world.folder.path().join("data/uploads").join(&upload).join("input_dir");
    let count = || fs::read_dir(&folder).unwrap().count();
    let whole = image(Format::Png);
    let mut half = world.open("PUT", &format!("/api/uploads/{upload}/a.png"), &[BYTES], whole.len());
    half.write_all(&whole[..whole.len() / 2]).unwrap();
    world.wait("the first half", |_| count() == 1);
    drop(half);
    world.wait("nothing", |_| count() == 0);
}

#[test]
fn a_job_elsewhere_shows_no_image_here() {
    let world = World::new();
    let outside = world.folder.path().join("elsewhere");
    fs::create_dir_all(outside.join("input_dir")).unwrap();
    fs::write(outside.join("input_dir/secret.png"), image(Format::Png)).unwrap();
    // Handed in by a client of the server, which knows nothing of the console's data root.
    fs::create_dir_all(world.folder.path().join("data/photos/input_dir")).unwrap();
    let job = json!({ "folder": "photos", "strategy": "random", "operation": "edges" });
    let key = world.post("/api/jobs", &job).json()["key"].as_str().unwrap().to_owned();
    if let JobSource::Folder { path, .. } = &mut world.fake.jobs.lock().unwrap()[0].request.source {
        *path = outside.to_str().unwrap().to_owned();
    }
    world.wait("its folder", |world| world.get("/api/jobs").text().contains("elsewhere"));
    for path in ["images", "before/secret.png", "after/secret.png", "results.zip"] {
        assert_eq!(world.get(&format!("/api/jobs/{key}/{path}")).status, 403, "{path}");
    }
}

#[test]
fn jobs_that_cannot_be_are_refused_with_a_reason() {
    let world = World::new();
    fs::create_dir_all(world.folder.path().join("elsewhere/input_dir")).unwrap();
    let outside = world.folder.path().join("elsewhere");
    let job = |folder: &str| json!({ "folder": folder, "strategy": "random", "operation": "edges" });
    assert_eq!(world.post("/api/jobs", &job(outside.to_str().unwrap())).status, 403);
    assert_eq!(world.post("/api/jobs", &job("../elsewhere")).status, 403);
    let missing = world.post("/api/jobs", &job("not-there"));
    let why = missing.json()["error"].as_str().unwrap().to_owned();
    assert!(missing.status == 404 && why.contains("not-there") && why.contains("input_dir"), "{why}");
    assert_eq!(world.post("/api/jobs", &json!({ "strategy": "random", "operation": "edges" })).status, 400);
    let unknown = json!({ "upload": begin(&world), "strategy": "none", "operation": "edges" });
    let refused = world.post("/api/jobs", &unknown);
    assert_eq!((refused.status, refused.json()["field"].as_str()), (422, Some("strategy")));
    assert_eq!(world.get("/api/jobs/unknown").status, 404);
}

#[test]
fn nodes_are_drained_and_resumed_and_it_is_remembered() {
    let world = World::new();
    let state = |world: &World| world.get("/api/cluster").json()["nodes"][0][3].as_str().unwrap().to_owned();
    assert_eq!(world.post("/api/nodes/node0/drain", &json!({})).status, 200);
    world.wait("it drains", |world| state(world) == "draining");
    assert_eq!(world.post("/api/nodes/node0/resume", &json!({})).status, 200);
    world.wait("it is up", |world| state(world) == "up");
    assert_eq!(world.post("/api/nodes/none/drain", &json!({})).status, 404);
    let events = world.get("/api/history/events?kind=steered").json();
    assert_eq!(events["events"][1]["text"], "node0 was drained by the console");
}

#[test]
fn a_job_that_names_no_strategy_gets_the_default_which_can_be_chosen() {
    let world = World::new();
    let told = |world: &World| world.get("/api/options").json()["default_strategy"].clone();
    world.wait("a server", |world| told(world) == "random");
    let choose = |strategy: &str| world.post("/api/default-strategy", &json!({ "strategy": strategy }));
    for (wrong, why) in [
        ("none[x=1]", "none"),
        ("random[", "random["),
        ("random[seed=1]", "seed"),
        ("power_of_two[choices=none]", "choices"),
        ("power_of_two[choices=3]+fast", "fast"),
        ("round_robin", "the server knows no"),
    ] {
        let refused = choose(wrong);
        assert_eq!((refused.status, told(&world)), (400, json!("random")), "{wrong}");
        assert!(refused.json()["error"].as_str().unwrap().contains(why), "{}", refused.text());
    }
    let whole = "power_of_two[choices=3]";
    assert_eq!(choose(" power_of_two[ choices=3 ] ").json()["default_strategy"], whole);
    assert_eq!(told(&world), whole);
    let job = json!({ "upload": begin(&world), "operation": "edges" });
    assert_eq!(world.post("/api/jobs", &job).json()["strategy"], whole);
    let events = world.get("/api/history/events?kind=steered").json();
    assert!(
        events.to_string().contains("power_of_two[choices=3] is the default strategy of new jobs"),
        "{events}"
    );
}
