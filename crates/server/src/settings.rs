//! What every command needs to know: which database, and under which name to sign.

use crate::clock::Clock;
use anyhow::{Context, anyhow};
use db::Db;
use scheme::Schemes;
use std::sync::Arc;

#[derive(Debug, Clone, clap::Args)]
pub struct Settings {
    /// `sqlite://PATH` or `postgres://USER:PASSWORD@HOST/DATABASE`
    #[arg(
        long,
        value_name = "URL",
        env = "AIXIN_DATABASE_URL",
        default_value = "sqlite://aixin.db",
        hide_env_values = true
    )]
    pub database_url: String,

    /// Host name under which checkpoints are signed; always the same for the same database
    #[arg(long, value_name = "HOST", env = "AIXIN_ORIGIN", default_value = "aixin.localhost")]
    pub origin: String,

    /// 64 hex digits: signs checkpoints, instead of a key kept in the database
    #[arg(long, value_name = "HEX", env = "AIXIN_SIGNING_KEY", hide_env_values = true)]
    pub signing_key: Option<String>,
}

impl Settings {
    /// Opens the database, made and migrated when it is new.
    pub async fn open(&self, clock: Clock) -> anyhow::Result<Schemes> {
        let db = Db::open(&self.database_url, &db::Options::default()).await.context("cannot open the database")?;
        db.migrate().await.context("cannot bring the database to this version")?;
        let settings = scheme::Settings {
            clock: Arc::new(move || clock().timestamp_micros()),
            signing_key: self.signing_key.as_deref().map(signing_key).transpose()?,
            origin: self.origin.clone(),
        };
        Ok(Schemes::open(db, settings).await?)
    }
}

fn signing_key(text: &str) -> anyhow::Result<[u8; 32]> {
    let mut key = [0; 32];
    hex::decode_to_slice(text.trim(), &mut key).map_err(|_| anyhow!("the signing key must be 64 hex digits"))?;
    Ok(key)
}
