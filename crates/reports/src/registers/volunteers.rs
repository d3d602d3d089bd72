//! Rows of a register of volunteers.

use chrono::NaiveDate;

use super::dates::date;
use super::header::{Field, Form};
use super::row::{Fault, RowReader};
use super::texts;

pub const FORM: Form = Form {
    names: &[
        (Field::Name, &["姓名", "志愿者姓名", "志愿者", "name"]),
        (Field::Number, &["志愿者编号", "志愿者号", "志愿者证号", "志愿编号", "注册编号", "编号", "number"]),
        (Field::Sex, &["性别", "sex"]),
        (Field::Phone, &["手机号", "手机号码", "手机", "联系电话", "电话", "联系方式", "phone"]),
        (Field::IdNumber, &["身份证号", "身份证号码", "身份证", "证件号码", "证件号"]),
        (Field::BirthDate, &["出生日期", "生日", "出生年月日"]),
        (Field::Grid, &["所属网格", "网格", "所属网格/单位", "服务网格"]),
        (Field::Unit, &["所属单位", "工作单位", "组织单位", "单位", "所在单位"]),
        (Field::Teams, &["队伍", "所属队伍", "志愿队伍", "团队", "所属团队", "服务队"]),
        (Field::Skills, &["特长", "技能", "特长/技能", "技能特长", "服务特长", "专长"]),
        (Field::Consent, &["同意公开", "是否同意公开", "是否公开", "公示同意"]),
        (Field::Remark, &["备注", "说明", "remark"]),
    ],
    required: &[("姓名", &[&[Field::Name]])],
    key: Field::Number,
};

/// One volunteer. It holds personal data, so that it is neither logged nor sent as a whole.
#[derive(Clone, PartialEq, Eq)]
pub struct VolunteerRow {
    pub name: String,
    /// The number in the scheme, in half width and capitals.
    pub number: Option<String>,
    pub sex: Option<String>,
    /// Digits only.
    pub phone: Option<String>,
    /// A resident identity number whose check character is right.
    pub id_number: Option<String>,
    /// As written, or as the identity number says; the two agree.
    pub born_on: Option<NaiveDate>,
    /// The grid where the volunteer serves.
    pub grid: Option<String>,
    /// The unit where the volunteer works.
    pub unit: Option<String>,
    pub teams: Vec<String>,
    pub skills: Vec<String>,
    /// Whether the volunteer agreed to be named in public. `None`: not asked.
    pub consents_to_publication: Option<bool>,
    pub remark: Option<String>,
}

impl std::fmt::Debug for VolunteerRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("VolunteerRow").field("number", &self.number).finish_non_exhaustive()
    }
}

pub fn read_row(row: &mut RowReader) -> Option<VolunteerRow> {
    let name = row.required(Field::Name, texts::name);
    let number = row.optional(Field::Number, texts::number);
    let sex = row.optional(Field::Sex, texts::text);
    let phone = row.optional(Field::Phone, texts::phone);
    let id_number = row.optional(Field::IdNumber, texts::id_number);
    let born_on = born_on(row, id_number.as_deref());
    let grid = row.optional(Field::Grid, texts::text);
    let unit = row.optional(Field::Unit, texts::text);
    let teams = row.optional(Field::Teams, texts::list).unwrap_or_default();
    let skills = row.optional(Field::Skills, texts::list).unwrap_or_default();
    let consents_to_publication = row.optional(Field::Consent, texts::answer);
    let remark = row.optional(Field::Remark, texts::remark);
    Some(VolunteerRow {
        name: name?,
        number,
        sex,
        phone,
        id_number,
        born_on,
        grid,
        unit,
        teams,
        skills,
        consents_to_publication,
        remark,
    })
}

fn born_on(row: &mut RowReader, id_number: Option<&str>) -> Option<NaiveDate> {
    let written = row.optional(Field::BirthDate, date);
    let proven = id_number.and_then(texts::birth_date_in);
    if let (Some(written), Some(proven)) = (written, proven)
        && written != proven
    {
        // The day that the identity number holds is not repeated: errors are read by many eyes.
        let fault = Fault::new(
            "birth_date_mismatch",
            "出生日期与身份证号不一致",
            "the day of birth is not the one in the identity number",
        );
        row.refuse(Field::BirthDate, fault);
        return None;
    }
    written.or(proven)
}
