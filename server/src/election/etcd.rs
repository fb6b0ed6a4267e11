//! The electorate in etcd, over its JSON gateway: a key that lives as long as its leader's lease.

use super::candidate::{Electorate, LEASE, Lease, NoAnswer, Vote};
use super::{Me, Place};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::time::Duration;

/// How long one member of etcd may take for an answer.
const PATIENCE: Duration = Duration::from_millis(600);
/// Longest answer that is read.
const MOST_BYTES: u64 = 1 << 20;

/// An election in etcd.
#[derive(Debug)]
pub(super) struct Etcd {
    agent: ureq::Agent,
    place: Place,
}

impl Etcd {
    pub(super) fn new(place: Place) -> Etcd {
        let config = ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).proxy(None);
        Etcd { agent: config.build().into(), place }
    }

    /// The key of the leader's address.
    fn leader_key(&self) -> String {
        encode(&format!("ballast/{}/leader", self.place.election))
    }

    /// The key of the name of who led last. No lease ends it.
    fn last_key(&self) -> String {
        encode(&format!("ballast/{}/last", self.place.election))
    }

    /// Asks one member after the other.
    fn ask(&self, path: &str, question: &Value) -> Result<Value, NoAnswer> {
        let mut why = Vec::new();
        for endpoint in &self.place.endpoints {
            match self.ask_one(&format!("{}/v3/{path}", endpoint.trim_end_matches('/')), question) {
                Ok(answer) => return Ok(answer),
                Err(error) => why.push(format!("etcd at {endpoint}: {error}")),
            }
        }
        Err(NoAnswer(why.join("; ")))
    }

    fn ask_one(&self, url: &str, question: &Value) -> Result<Value, Box<dyn std::error::Error>> {
        let request = self.agent.post(url).header("Content-Type", "application/json");
        let mut answer = request.send(question.to_string().as_bytes())?;
        let text = answer.body_mut().with_config().limit(MOST_BYTES).read_to_string()?;
        Ok(serde_json::from_str(&text)?)
    }
}

impl Electorate for Etcd {
    fn open(&self) -> Result<Lease, NoAnswer> {
        let answer = self.ask("lease/grant", &json!({ "TTL": LEASE.as_secs() }))?;
        answer["ID"].as_str().map(|id| Lease(id.to_owned())).ok_or_else(|| strange("lease/grant", &answer))
    }

    fn renew(&self, lease: &Lease) -> Result<bool, NoAnswer> {
        let answer = self.ask("lease/keepalive", &json!({ "ID": lease.0 }))?;
        // A lease that has ended has no time left, which the gateway leaves out.
        Ok(number(&answer["result"]["TTL"]).is_some_and(|seconds| seconds > 0))
    }

    fn close(&self, lease: &Lease) {
        if let Err(error) = self.ask("lease/revoke", &json!({ "ID": lease.0 })) {
            log::debug!("a lease was not given back and ends by itself: {error}");
        }
    }

    fn vote(&self, lease: &Lease, me: &Me) -> Result<Vote, NoAnswer> {
        let (leader, last) = (self.leader_key(), self.last_key());
        let answer = self.ask(
            "kv/txn",
            &json!({
                "compare": [{ "key": leader, "target": "CREATE", "result": "EQUAL", "create_revision": "0" }],
                "success": [
                    { "request_range": { "key": last } },
                    { "request_put": { "key": leader, "value": encode(&me.address), "lease": lease.0 } },
                    { "request_put": { "key": last, "value": encode(&me.name) } },
                ],
                "failure": [],
            }),
        )?;
        if !answer["succeeded"].as_bool().unwrap_or(false) {
            return Ok(Vote::Lost);
        }
        let term = number(&answer["header"]["revision"]).ok_or_else(|| strange("kv/txn", &answer))?;
        Ok(Vote::Won { term, before: first_value(&answer["responses"][0]["response_range"]) })
    }

    fn leader(&self) -> Result<Option<String>, NoAnswer> {
        let answer = self.ask("kv/range", &json!({ "key": self.leader_key() }))?;
        if answer["header"]["revision"].is_null() {
            return Err(strange("kv/range", &answer));
        }
        Ok(first_value(&answer))
    }
}

fn encode(text: &str) -> String {
    STANDARD.encode(text)
}

fn first_value(range: &Value) -> Option<String> {
    let bytes = STANDARD.decode(range["kvs"][0]["value"].as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

/// The gateway writes integers of 64 bits as text.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn strange(path: &str, answer: &Value) -> NoAnswer {
    let text: String = answer.to_string().chars().take(200).collect();
    NoAnswer(format!("{path} answered something else than etcd does: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    /// Answers each connection with the next text, whatever it asks; answers what was asked.
    fn gateway(answers: &'static [&'static str]) -> (Etcd, thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = thread::spawn(move || {
            let mut asked = Vec::new();
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut question = String::new();
                let mut chunk = [0; 4096];
                while !question.ends_with('}') {
                    let read = stream.read(&mut chunk).unwrap();
                    question.push_str(std::str::from_utf8(&chunk[..read]).unwrap());
                }
                asked.push(question);
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    answer.len()
                );
                stream.write_all((head + answer).as_bytes()).unwrap();
            }
            asked
        });
        let place = Place { endpoints: vec![format!("http://{address}/")], election: "x".to_owned() };
        (Etcd::new(place), asked)
    }

    fn me() -> Me {
        Me { name: "server".to_owned(), address: "10.0.0.1:5000".to_owned() }
    }

    #[test]
    fn questions_and_answers_are_those_of_the_gateway() {
        let (etcd, asked) = gateway(&[
            r#"{"header":{"revision":"7"}}"#,
            r#"{"header":{"revision":"7"},"ID":"7587","TTL":"3"}"#,
            r#"{"header":{"revision":"8"},"succeeded":true,"responses":[{"response_range":{"header":{},"kvs":[{"key":"eA==","value":"b3RoZXI="}]}},{"response_put":{}},{"response_put":{}}]}"#,
            r#"{"result":{"header":{},"ID":"7587","TTL":"3"}}"#,
            r#"{"result":{"header":{},"ID":"7587"}}"#,
            r#"{"header":{"revision":"8"},"kvs":[{"key":"eA==","value":"MTAuMC4wLjE6NTAwMA=="}],"count":"1"}"#,
            r#"{"header":{"revision":"8"},"responses":[]}"#,
        ]);
        assert_eq!(etcd.leader(), Ok(None));
        let lease = etcd.open().unwrap();
        assert_eq!(lease, Lease("7587".to_owned()));
        assert_eq!(etcd.vote(&lease, &me()), Ok(Vote::Won { term: 8, before: Some("other".to_owned()) }));
        assert_eq!(etcd.renew(&lease), Ok(true));
        assert_eq!(etcd.renew(&lease), Ok(false), "it has ended");
        assert_eq!(etcd.leader(), Ok(Some("10.0.0.1:5000".to_owned())));
        assert_eq!(etcd.vote(&lease, &me()), Ok(Vote::Lost));
        let asked = asked.join().unwrap();
        let paths: Vec<_> = asked.iter().map(|question| question.lines().next().unwrap()).collect();
        assert_eq!(paths[0], "POST /v3/kv/range HTTP/1.1");
        assert_eq!(paths[2], "POST /v3/kv/txn HTTP/1.1");
        assert!(asked[1].ends_with(r#"{"TTL":3}"#));
        assert!(asked[2].contains(&encode("ballast/x/leader")) && asked[2].contains(r#""lease":"7587""#));
    }

    #[test]
    fn strangers_and_silence_are_no_answer() {
        let (etcd, asked) = gateway(&["[]", "<html>}"]);
        assert!(etcd.leader().unwrap_err().0.contains("something else than etcd"));
        assert!(etcd.open().is_err());
        asked.join().unwrap();
        let error = etcd.open().unwrap_err().0;
        assert!(error.starts_with("etcd at http://127.0.0.1:"), "{error}");
    }
}
