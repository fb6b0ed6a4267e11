//! A real Chromium without a window, driven by Debian's chromedriver over plain HTTP.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The driver, which ends with the test.
pub(crate) struct Driver {
    child: Child,
    port: u16,
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One browser with a profile of its own.
pub(crate) struct Browser<'driver> {
    driver: &'driver Driver,
    session: String,
    _profile: TempDir,
}

impl Driver {
    /// The driver, if it is installed.
    pub(crate) fn start() -> Option<Driver> {
        let started =
            Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = started else {
            println!("skipped: no chromedriver (Debian's packages chromium and chromium-driver have it)");
            return None;
        };
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.map_while(Result::ok).find_map(|line| {
            line.strip_prefix("ChromeDriver was started successfully on port ")?
                .trim_end_matches('.')
                .parse()
                .ok()
        });
        Some(Driver { child, port: said.expect("chromedriver says its port") })
    }

    /// A new browser, if there is one.
    pub(crate) fn browser(&self) -> Option<Browser<'_>> {
        let profile = tempfile::tempdir().unwrap();
        let mut arguments: Vec<String> = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,860",
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let wanted =
            json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": arguments } } } });
        match self.call("POST", "/session", &wanted) {
            Ok(made) => {
                let session = made["sessionId"].as_str().unwrap().to_owned();
                Some(Browser { driver: self, session, _profile: profile })
            }
            Err(why) => {
                println!("skipped: no browser starts ({why})");
                None
            }
        }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let value = answer["value"].clone();
        if value["error"].is_string() { Err(value["message"].to_string()) } else { Ok(value) }
    }
}

impl Browser<'_> {
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.driver.call(method, &format!("/session/{}{path}", self.session), body).unwrap()
    }

    pub(crate) fn open(&self, address: &str) {
        self.call("POST", "/url", &json!({ "url": address }));
    }

    pub(crate) fn resize(&self, width: u32, height: u32) {
        self.call("POST", "/window/rect", &json!({ "width": width, "height": height }));
    }

    /// The size of what is seen, however narrow, which a window cannot be.
    pub(crate) fn view(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tell("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// As on a machine whose owner wants things to keep still.
    pub(crate) fn reduce_motion(&self) {
        let wanted = json!({ "features": [{ "name": "prefers-reduced-motion", "value": "reduce" }] });
        self.tell("Emulation.setEmulatedMedia", &wanted);
    }

    fn tell(&self, command: &str, parameters: &Value) {
        self.call("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    /// Strikes one key, wherever the focus is.
    pub(crate) fn strike(&self, key: &str) {
        let strokes = [json!({ "type": "keyDown", "value": key }), json!({ "type": "keyUp", "value": key })];
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] });
        self.call("POST", "/actions", &actions);
    }

    pub(crate) fn reload(&self) {
        self.call("POST", "/refresh", &json!({}));
    }

    /// The value of a script's `return`.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// The value that a script gives to its last argument.
    pub(crate) fn run_long(&self, script: &str) -> Value {
        self.call("POST", "/execute/async", &json!({ "script": script, "args": [] }))
    }

    fn element(&self, selector: &str) -> String {
        let found = self.call("POST", "/element", &json!({ "using": "css selector", "value": selector }));
        found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    pub(crate) fn click(&self, selector: &str) {
        self.call("POST", &format!("/element/{}/click", self.element(selector)), &json!({}));
    }

    /// Types, or names files to a file input, a line each.
    pub(crate) fn write(&self, selector: &str, text: &str) {
        self.call("POST", &format!("/element/{}/value", self.element(selector)), &json!({ "text": text }));
    }

    /// Drops files and folders onto what the selector names, as a file manager does.
    pub(crate) fn drop_files(&self, selector: &str, paths: &[&Path]) {
        let middle = "const box = document.querySelector(arguments[0]).getBoundingClientRect();
            return [box.left + box.width / 2, box.top + box.height / 2];";
        let at = self.call("POST", "/execute/sync", &json!({ "script": middle, "args": [selector] }));
        for kind in ["dragEnter", "dragOver", "drop"] {
            let data = json!({ "items": [], "files": paths, "dragOperationsMask": 1 });
            self.tell(
                "Input.dispatchDragEvent",
                &json!({ "type": kind, "x": at[0], "y": at[1], "data": data }),
            );
        }
    }

    /// Looks until the script returns true.
    pub(crate) fn wait(&self, what: &str, script: &str) {
        for _ in 0..600 {
            if self.run(script) == Value::Bool(true) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!(
            "it never came: {what}; the page says: {}; answers that were no: {}",
            self.run("return document.body.innerText"),
            self.run(
                "return performance.getEntriesByType('resource').filter((entry) => !(entry.responseStatus < 400 && entry.responseStatus))
                    .map((entry) => `${entry.name} ${entry.responseStatus}`)"
            )
        );
    }

    /// A picture of what is seen, as base64 of a PNG.
    pub(crate) fn picture(&self) -> String {
        self.call("GET", "/screenshot", &json!({})).as_str().unwrap().to_owned()
    }

    /// Keeps a picture in the folder that `BALLAST_PICTURES` names, if it does.
    pub(crate) fn keep_picture(&self, name: &str) {
        let Ok(folder) = std::env::var("BALLAST_PICTURES") else { return };
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), decode(&self.picture())).unwrap();
    }
}

impl Drop for Browser<'_> {
    fn drop(&mut self) {
        // The driver ends it anyway.
        let _ = self.driver.call("DELETE", &format!("/session/{}", self.session), &Value::Null);
    }
}

/// Base64 as RFC 4648 writes it.
pub(crate) fn decode(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0u32, 0);
    for letter in text.bytes().filter(|letter| *letter != b'=') {
        held = held << 6 | LETTERS.iter().position(|known| *known == letter).unwrap() as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    bytes
}
