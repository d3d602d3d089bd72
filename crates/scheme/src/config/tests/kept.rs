//! Files of the documentation that are made from the types: they are compared, and refreshed with `UPDATE=1`.

use crate::config::json_schema;

/// Compares a file with what it should be; with `UPDATE=1` it is written instead.
pub fn is_fresh(path: &str, fresh: &str) {
    let file = format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, fresh).expect(path);
    }
    let kept = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == fresh, "{path} is stale: run `UPDATE=1 cargo test -p scheme`");
}

#[test]
fn the_schema_in_the_repository_is_that_of_the_types() {
    is_fresh("docs/scheme.schema.json", &format!("{:#}\n", json_schema()));
}
