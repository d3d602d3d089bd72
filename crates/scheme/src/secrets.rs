//! What the installation alone knows: made once, kept beside the data.

use db::Db;
use hmac::{Hmac, KeyInit, Mac};
use rand::Rng;
use sha2::Sha256;

/// Keys for digests that nobody else can make, and the seed of the signature under checkpoints.
#[derive(Clone)]
pub struct Secrets {
    mac_key: [u8; 32],
    pub(crate) signing_key: [u8; 32],
}

impl Secrets {
    /// Reads the secrets, and makes them when there are none. `signing_key`, when given, is used instead of the one kept in the
    /// database: whoever can change the data then cannot sign for it.
    pub async fn load(db: &Db, signing_key: Option<[u8; 32]>) -> db::Result<Secrets> {
        let mac_key = secret(db, "mac").await?;
        let signing_key = match signing_key {
            Some(key) => key,
            None => secret(db, "signing").await?,
        };
        Ok(Secrets { mac_key, signing_key })
    }

    /// HMAC-SHA-256 over `bytes`, for one purpose: a digest for one is of no use for another.
    pub fn mac(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.mac_key).expect("HMAC takes keys of any length");
        mac.update(&(purpose.len() as u64).to_be_bytes());
        mac.update(purpose.as_bytes());
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }
}

async fn secret(db: &Db, name: &str) -> db::Result<[u8; 32]> {
    let mut tx = db.begin_write().await?;
    let fresh: [u8; 32] = random();
    tx.query("INSERT INTO secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(name.to_owned())
        .bind(fresh.to_vec())
        .execute()
        .await?;
    tx.commit().await?;
    let (value,): (Vec<u8>,) =
        db.query("SELECT value FROM secrets WHERE name = $1").bind(name.to_owned()).fetch_one().await?;
    value.try_into().map_err(|_| db::Error::Damaged("secrets.value is not 32 bytes".to_owned()))
}

/// Bytes that nobody can guess.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}
