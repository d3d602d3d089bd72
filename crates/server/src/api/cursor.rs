//! Cursors: where a list goes on. They carry the list's filters and a seal, so that a client can neither make one nor
//! take one to another list.

use crate::api::call::Call;
use crate::api::error::{Code, Problem};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use scheme::Secrets;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

/// A list: of one scheme, and of what else its path names.
pub struct List<'s> {
    secrets: &'s Secrets,
    path: &'s str,
}

#[derive(Serialize, Deserialize)]
struct Place<F, P> {
    filter: F,
    after: P,
}

const SEAL_BYTES: usize = 16;

impl<'s> List<'s> {
    pub fn of<O, A, I>(call: &'s Call<O, A, I>) -> List<'s> {
        List { secrets: &call.scheme.secrets, path: call.path() }
    }

    /// The filter and the place that `cursor` carries; without one, `filter` and the beginning. Who repeats the filter beside
    /// the cursor must not change it.
    pub fn resume<F, P>(&self, cursor: Option<&str>, filter: F) -> Result<(F, Option<P>), Problem>
    where
        F: DeserializeOwned + Default + PartialEq,
        P: DeserializeOwned,
    {
        let Some(cursor) = cursor else { return Ok((filter, None)) };
        let place: Place<F, P> = self.open(cursor).ok_or_else(|| Problem::new(Code::InvalidCursor))?;
        if filter != F::default() && filter != place.filter {
            return Err(Problem::new(Code::InvalidCursor)
                .detail("翻页时不能更改筛选条件", "filters cannot be changed while going on with a list"));
        }
        Ok((place.filter, Some(place.after)))
    }

    pub fn next<F: Serialize, P: Serialize>(&self, filter: F, after: P) -> String {
        let mut bytes = serde_json::to_vec(&Place { filter, after }).expect("filters and places are plain data");
        bytes.splice(0..0, self.seal(&bytes));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn open<F: DeserializeOwned, P: DeserializeOwned>(&self, cursor: &str) -> Option<Place<F, P>> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (seal, place) = bytes.split_at_checked(SEAL_BYTES)?;
        bool::from(self.seal(place).ct_eq(seal)).then(|| serde_json::from_slice(place).ok())?
    }

    fn seal(&self, place: &[u8]) -> [u8; SEAL_BYTES] {
        let purpose = format!("cursor {}", self.path);
        let mac = self.secrets.mac(&purpose, place);
        mac.first_chunk().copied().expect("a digest has 32 bytes")
    }
}

/// What a client may ask for in one page.
pub fn page_size(limit: Option<i64>, default: i64, max: i64) -> Result<i64, Problem> {
    match limit.unwrap_or(default) {
        limit if (1..=max).contains(&limit) => Ok(limit),
        _ => Err(Problem::invalid_value(
            "/query/limit",
            "invalid_limit",
            &format!("须在 1 到 {max} 之间"),
            &format!("it must be between 1 and {max}"),
        )),
    }
}

/// Cuts a list that was read one longer than the page, and says where it goes on.
pub fn page<T>(mut rows: Vec<T>, limit: i64, next: impl FnOnce(&T) -> String) -> (Vec<T>, Option<String>) {
    let limit = usize::try_from(limit).unwrap_or_default();
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = if more { rows.last().map(next) } else { None };
    (rows, next)
}
