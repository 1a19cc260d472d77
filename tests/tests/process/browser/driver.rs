//! Chromium, driven through chromedriver's WebDriver interface (W3C) over HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use base64::Engine;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::tools::{eventually, find, scratch, skip};

/// For everything that a browser does on a loaded machine with two cores.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// One browser with a profile of its own.
pub(crate) struct Browser {
    driver: Child,
    address: String,
    session: String,
    http: Client,
    folder: TempDir,
}

impl Browser {
    /// Starts one; `None`, said loudly, where this machine has none. In CI that fails.
    pub(crate) async fn open(test: &str) -> Option<Self> {
        let chromium = find(&["chromium", "chromium-browser", "google-chrome"]);
        let driver = find(&["chromedriver"]);
        let (Some(chromium), Some(driver)) = (chromium, driver) else {
            skip(test, "neither Chromium with its chromedriver nor Chrome was found on the PATH");
            return None;
        };
        Some(Self::start(&chromium, &driver).await)
    }

    async fn start(chromium: &Path, driver: &Path) -> Self {
        let folder = tempfile::Builder::new().prefix("browser-").tempdir_in(scratch()).unwrap();
        let log = folder.path().join("driver.log");
        let out = std::fs::File::create(&log).unwrap();
        let driver = Command::new(driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self { driver, address: String::new(), session: String::new(), http: Client::new(), folder };
        browser.address = eventually("chromedriver says where it listens", PATIENCE, async || announced(&log)).await;
        let profile = browser.folder.path().join("profile");
        let session = browser.ask(Method::POST, "/session", capabilities(chromium, &profile)).await;
        browser.session = session["sessionId"].as_str().unwrap().to_owned();
        browser.command(Method::POST, "/timeouts", json!({ "script": 60_000, "pageLoad": 60_000 })).await;
        browser
    }

    /// Opens an address in the tab.
    pub(crate) async fn go(&self, url: &str) {
        self.command(Method::POST, "/url", json!({ "url": url })).await;
    }

    /// Runs the body of a function in the page and answers with what it returns.
    pub(crate) async fn run(&self, script: &str) -> Value {
        self.command(Method::POST, "/execute/sync", json!({ "script": script, "args": [] })).await
    }

    /// Runs a script until it returns something other than false, null or nothing.
    pub(crate) async fn wait(&self, what: &str, script: &str) -> Value {
        eventually(what, PATIENCE, async || {
            let value = self.run(script).await;
            (!value.is_null() && value != false).then_some(value)
        })
        .await
    }

    /// What the page's console said since the last call.
    pub(crate) async fn console(&self) -> Vec<String> {
        let entries = self.command(Method::POST, "/se/log", json!({ "type": "browser" })).await;
        let entries = entries.as_array().unwrap().iter();
        entries.map(|entry| format!("{} {}", entry["level"], entry["message"])).collect()
    }

    /// Leaves a picture of the page for people to look at, beside the build's other temporary files.
    pub(crate) async fn screenshot(&self, name: &str) -> PathBuf {
        let encoded = self.command(Method::GET, "/screenshot", Value::Null).await;
        let picture = base64::engine::general_purpose::STANDARD.decode(encoded.as_str().unwrap()).unwrap();
        let file = scratch().join(name);
        std::fs::write(&file, picture).unwrap();
        file
    }

    async fn command(&self, method: Method, path: &str, body: Value) -> Value {
        self.ask(method, &format!("/session/{}{path}", self.session), body).await
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let mut request = self.http.request(method, format!("http://{}{path}", self.address)).timeout(PATIENCE);
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let answer: Value = answer.json().await.unwrap();
        assert!(status.is_success(), "{path}: {status}: {}", answer["value"]);
        answer["value"].clone()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ending the session makes the driver end the browser; killing the driver alone would leave it behind.
        if let Ok(mut socket) = TcpStream::connect(&self.address) {
            let _ = socket.set_read_timeout(Some(Duration::from_secs(20)));
            let request = format!(
                "DELETE /session/{} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
                self.session, self.address
            );
            let _ = socket.write_all(request.as_bytes());
            // The first bytes of the answer: the browser has ended. The driver may keep the connection.
            let _ = socket.read(&mut [0; 64]);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn announced(log: &Path) -> Option<String> {
    let said = std::fs::read_to_string(log).ok()?;
    let (_, rest) = said.split_once("started successfully on port ")?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    Some(format!("127.0.0.1:{}", &rest[..end]))
}

fn capabilities(chromium: &Path, profile: &Path) -> Value {
    let arguments = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // Containers often have no more than 64 MB of shared memory.
        "--disable-dev-shm-usage",
        "--window-size=1280,1000",
        &format!("--user-data-dir={}", profile.display()),
    ];
    json!({ "capabilities": { "alwaysMatch": {
        "browserName": "chrome",
        "goog:loggingPrefs": { "browser": "ALL" },
        "goog:chromeOptions": { "binary": chromium, "args": arguments },
    } } })
}
