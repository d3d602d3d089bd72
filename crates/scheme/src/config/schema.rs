//! The JSON Schema of a configuration, for editors: made from the types, so that it cannot say otherwise.

use super::Scheme;

/// The JSON Schema (draft 2020-12) of a scheme's configuration. Editors use it for TOML as well.
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Scheme).to_value()
}
