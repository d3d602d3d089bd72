//! Rows of a list of units: the organisation tree as an office keeps it.

use super::header::{Field, Form};
use super::row::RowReader;
use super::texts;

pub const FORM: Form = Form {
    names: &[
        (Field::Number, &["代码", "单位代码", "编码", "单位编码", "编号", "code"]),
        (Field::Name, &["名称", "单位名称", "单位", "组织名称", "name"]),
        (Field::Category, &["类型", "单位类型", "类别", "层级", "级别", "kind"]),
        (Field::Parent, &["上级代码", "上级编码", "上级编号", "上级单位代码", "上级", "parent"]),
        (Field::Remark, &["备注", "说明", "remark"]),
    ],
    required: &[("代码", &[&[Field::Number]]), ("名称", &[&[Field::Name]]), ("类型", &[&[Field::Category]])],
    key: Field::Number,
};

/// One unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitRow {
    /// As written, in half width and small letters; perhaps a numbering such as 1.2.3.
    pub code: String,
    pub name: String,
    /// As written.
    pub kind: String,
    pub parent: Option<String>,
}

pub fn read_row(row: &mut RowReader) -> Option<UnitRow> {
    let code = row.required(Field::Number, texts::number);
    let name = row.required(Field::Name, texts::text);
    let kind = row.required(Field::Category, texts::text);
    let parent = row.optional(Field::Parent, texts::number);
    let small = |code: String| code.to_ascii_lowercase();
    Some(UnitRow { code: small(code?), name: name?, kind: kind?, parent: parent.map(small) })
}
