//! Checkpoints: what a book's first `size` entries hash to, signed, in the C2SP forms `tlog-checkpoint` and `signed-note`.

use crate::tree::Hash;
use crate::{Book, Micros, store};
use base64::{Engine, engine::general_purpose::STANDARD};
use db::Session;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};
use sha2::{Digest, Sha256};

/// The number of Ed25519 among the signature types of signed notes.
const ED25519: u8 = 1;

/// Signs checkpoints under a name.
#[derive(Clone)]
pub struct NoteSigner {
    name: String,
    key: SigningKey,
}

impl NoteSigner {
    /// From 32 secret bytes. `name` is what the key is known as, such as `aixin.example.org/ziyang`; it must hold neither
    /// blanks nor `+`.
    pub fn new(name: impl Into<String>, secret: [u8; 32]) -> Self {
        NoteSigner { name: name.into(), key: SigningKey::from_bytes(&secret) }
    }

    /// `name+key id+key`: what others need to check signatures.
    pub fn verifier_key(&self) -> String {
        let key = typed_key(&self.key.verifying_key());
        format!("{}+{}+{}", self.name, hex::encode(key_id(&self.name, &key)), STANDARD.encode(key))
    }

    fn sign(&self, text: &str) -> String {
        let key = typed_key(&self.key.verifying_key());
        let signature = [&key_id(&self.name, &key)[..], &self.key.sign(text.as_bytes()).to_bytes()[..]].concat();
        format!("{text}\n— {} {}\n", self.name, STANDARD.encode(signature))
    }
}

fn typed_key(key: &VerifyingKey) -> Vec<u8> {
    [&[ED25519][..], key.as_bytes()].concat()
}

/// SHA-256(name ‖ 0x0A ‖ type ‖ key), its first 4 bytes.
fn key_id(name: &str, typed_key: &[u8]) -> [u8; 4] {
    let digest = Sha256::new().chain_update(name).chain_update(b"\n").chain_update(typed_key).finalize();
    [digest[0], digest[1], digest[2], digest[3]]
}

/// The text that is signed: origin, size, root.
pub fn note_text(origin: &str, size: i64, root: &Hash) -> String {
    format!("{origin}\n{size}\n{}\n", STANDARD.encode(root))
}

/// Whether `note` is `text` with a signature that `verifier_key` checks.
pub fn verify_note(note: &str, text: &str, verifier_key: &str) -> bool {
    signature_of(note, text, verifier_key).is_some()
}

fn signature_of(note: &str, text: &str, verifier_key: &str) -> Option<()> {
    let mut parts = verifier_key.splitn(3, '+');
    let (name, _, key) = (parts.next()?, parts.next()?, STANDARD.decode(parts.next()?).ok()?);
    let line = note.strip_prefix(text)?.strip_prefix("\n— ")?.trim_end_matches('\n');
    let (signer, signature) = line.split_once(' ')?;
    let signature = STANDARD.decode(signature).ok()?;
    let (id, signature) = signature.split_at_checked(4)?;
    let (kind, key_bytes) = key.split_first()?;
    if signer != name || id != key_id(name, &key) || *kind != ED25519 {
        return None;
    }
    let key = VerifyingKey::from_bytes(key_bytes.try_into().ok()?).ok()?;
    key.verify(text.as_bytes(), &Signature::from_slice(signature).ok()?).ok()
}

/// A signed checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub size: i64,
    pub root: Hash,
    /// The signed note.
    pub note: String,
}

impl Book {
    /// Signs where the book stands, keeps the checkpoint, and answers it. The first signature for a size stands.
    pub async fn checkpoint(&self, signer: &NoteSigner, now: Micros) -> db::Result<Checkpoint> {
        let head = self.head(&mut Session::Db(self.db())).await?;
        if let Some(kept) = self.kept_checkpoint(head.size).await? {
            return Ok(kept);
        }
        let root = head.frontier.root();
        let note = signer.sign(&note_text(&signer.name, head.size, &root));
        let mut tx = self.db().begin_write().await?;
        tx.query(
            "INSERT INTO ledger_checkpoints (book, size, recorded_at, root, note) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT DO NOTHING",
        )
        .bind(head.book)
        .bind(head.size)
        .bind(now)
        .bind(root.to_vec())
        .bind(note.clone())
        .execute()
        .await?;
        tx.commit().await?;
        Ok(self.kept_checkpoint(head.size).await?.unwrap_or(Checkpoint { size: head.size, root, note }))
    }

    async fn kept_checkpoint(&self, size: i64) -> db::Result<Option<Checkpoint>> {
        let row: Option<(Vec<u8>, String)> = (self.db())
            .query("SELECT root, note FROM ledger_checkpoints WHERE book = $1 AND size = $2")
            .bind(self.number())
            .bind(size)
            .fetch_optional()
            .await?;
        let Some((root, note)) = row else { return Ok(None) };
        let root = root.try_into().map_err(|_| store::damaged("ledger_checkpoints.root is not 32 bytes"))?;
        Ok(Some(Checkpoint { size, root, note }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_verified_by_its_key_and_by_no_other() {
        let signer = NoteSigner::new("aixin.test/ziyang", [7; 32]);
        let text = note_text("aixin.test/ziyang", 3, &[1; 32]);
        let note = signer.sign(&text);
        assert!(note.starts_with("aixin.test/ziyang\n3\nAQEB"), "{note}");
        assert!(verify_note(&note, &text, &signer.verifier_key()));
        let other = NoteSigner::new("aixin.test/ziyang", [8; 32]);
        assert!(!verify_note(&note, &text, &other.verifier_key()));
        assert!(!verify_note(
            &note.replace("\n3\n", "\n4\n"),
            &note_text("aixin.test/ziyang", 4, &[1; 32]),
            &signer.verifier_key()
        ));
        assert!(!verify_note("", "", ""));
    }
}
