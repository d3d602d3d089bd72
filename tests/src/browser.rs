//! Pages as a real browser shows them: Chromium, driven by its command line alone.
//!
//! It reaches 127.0.0.1 and nothing else, so a page that renders here renders without internet.
//! These functions block; the server of the page must not wait for the thread that calls them.

use std::path::Path;
use std::process::{Command, Output};

/// Opens `url`, lets its scripts run for what they take to be ten seconds, and returns the HTML
/// that they have made of it.
///
/// # Panics
///
/// If there is no browser, or nobody answers at `url`.
pub fn dump_dom(url: &str) -> String {
    let output = chromium(&["--dump-dom"], url);
    let dom = String::from_utf8(output.stdout).expect("Chromium writes HTML as UTF-8");
    // To Chromium that is no error: it writes nothing, and exits with success.
    assert!(!dom.is_empty(), "the browser could not load {url}");
    dom
}

/// Opens `url` like [`dump_dom`] and writes a PNG image of it to `path`.
///
/// # Panics
///
/// If there is no browser, or nobody answers at `url`.
pub fn screenshot(url: &str, path: &Path) {
    let option = format!("--screenshot={}", path.display());
    chromium(&[&option, "--window-size=1280,1024", "--hide-scrollbars"], url);
    assert!(path.exists(), "the browser could not load {url}");
}

fn chromium(options: &[&str], url: &str) -> Output {
    let profile = tempfile::tempdir().expect("a temporary folder can be made");
    let output = Command::new("timeout")
        .args(["--kill-after=5", "60", find_chromium()])
        // Chromium refuses its sandbox to root, who runs the tests in CI.
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        // In a container, /dev/shm is often too small for it.
        .arg("--disable-dev-shm-usage")
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        // A proxy would look names up by itself, past the rule below.
        .args(["--disable-quic", "--no-proxy-server"])
        .arg("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
        .arg("--virtual-time-budget=10000")
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .args(options)
        .arg(url)
        .output()
        .expect("`timeout` of coreutils runs");
    assert!(
        output.status.success(),
        "Chromium at {url}: {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

fn find_chromium() -> &'static str {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let installed = |name: &&str| std::env::split_paths(&folders).any(|folder| folder.join(name).is_file());
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find(installed)
        .expect("this test needs Chromium: `apt-get install chromium`, or run `tests/run`, which does so")
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::*;

    /// Answers every request with `page`, as long as the test lives.
    fn serve(address: &str, page: String) -> String {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let answer = move |mut stream: TcpStream| {
            let _ = stream.read(&mut [0; 4096])?;
            let head = "HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n";
            write!(stream, "{head}Content-Type: text/html; charset=utf-8\r\n\r\n{page}")
        };
        // A thread for each, as a browser also opens connections that it then does not use.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answer = answer.clone();
                std::thread::spawn(move || answer(stream));
            }
        });
        url
    }

    /// A page that says "reached" or "kept away" after it has tried to fetch `url`.
    fn page_that_fetches(url: &str) -> String {
        format!(
            "<p>trying</p><script>const say = text => document.querySelector('p').textContent = text;
             fetch('{url}').then(() => say('reached'), () => say('kept away'))</script>"
        )
    }

    #[test]
    fn scripts_run_and_reach_127_0_0_1_but_nothing_else() {
        let neighbour = serve("127.0.0.1", "hello".into());
        let dom = dump_dom(&serve("127.0.0.1", page_that_fetches(&neighbour)));
        assert!(dom.contains("<p>reached</p>"), "{dom}");

        let outside = serve("127.0.0.2", "hello".into());
        let dom = dump_dom(&serve("127.0.0.1", page_that_fetches(&outside)));
        assert!(dom.contains("<p>kept away</p>"), "{dom}");
    }

    #[test]
    #[should_panic(expected = "the browser could not load")]
    fn a_server_that_does_not_answer_is_an_error() {
        dump_dom("http://127.0.0.1:1/");
    }

    #[test]
    fn a_screenshot_is_a_png_image() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page.png");
        screenshot(&serve("127.0.0.1", "<h1>爱心账户</h1>".into()), &path);
        assert!(std::fs::read(path).unwrap().starts_with(b"\x89PNG"));
    }
}
