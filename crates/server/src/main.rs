//! The doors of Aixin: the REST interface, and the command line.
//!
//! It promises that what a client may do is written in one table, that every refusal has a stable code, and that what was
//! answered is done. It refuses to know rules: whatever moves an hour or a point is a function of `scheme`.

mod api;
mod bench;
mod cli;
mod clock;
mod jobs;
mod papers;
mod settings;
mod webhooks;

fn main() -> std::process::ExitCode {
    // Which library speaks TLS: the one that PostgreSQL is spoken to with. Nobody else has been asked before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    cli::main()
}
