//! Cards from the columns of a table that somebody brings: which column is what, and what its cells mean.

use super::{ContactPoint, Customer, CustomerKind, CustomerSettings, PointKind};
use crate::{
    config::{Choice, FieldShape},
    directory::Directory,
    fault::{Fault, Shape, Wrong},
    lang::Text,
};
use serde::{Deserialize, Serialize};

/// What a column holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = CustomerColumn))]
#[serde(rename_all = "snake_case")]
pub enum Column {
    /// It is left out.
    #[default]
    None,
    Name,
    Phone,
    Email,
    Company,
    Address,
    Note,
    ExternalId,
    Vip,
    Kind,
    Tier,
    Area,
    /// A colleague, by name to sign in, staff number or name.
    Owner,
    /// Names of tags, with commas between them.
    Tags,
    /// One more number.
    OtherPhone,
    OtherEmail,
    /// One of the settings' own fields, by its key.
    Field(String),
}

/// What is usually written above a column.
const HEADINGS: [(Column, &[&str]); 15] = [
    (
        Column::Name,
        &["姓名", "名称", "客户", "客户姓名", "客户名称", "称呼", "name", "customer", "full name"],
    ),
    (
        Column::Phone,
        &["电话", "手机", "手机号", "手机号码", "联系电话", "电话号码", "phone", "mobile", "telephone"],
    ),
    (Column::Email, &["邮箱", "电子邮箱", "邮件", "email", "e-mail", "mail"]),
    (Column::Company, &["公司", "单位", "公司名称", "工作单位", "company", "organisation", "organization"]),
    (Column::Address, &["地址", "住址", "联系地址", "收货地址", "address"]),
    (Column::Note, &["备注", "说明", "note", "notes", "remark"]),
    (
        Column::ExternalId,
        &["编号", "客户编号", "会员号", "客户号", "external_id", "id", "customer id", "customer no"],
    ),
    (Column::Vip, &["vip", "是否vip"]),
    (Column::Kind, &["类型", "客户类型", "kind", "type"]),
    (Column::Tier, &["等级", "级别", "客户等级", "会员等级", "tier", "level"]),
    (Column::Area, &["区域", "片区", "地区", "area", "region"]),
    (Column::Owner, &["负责人", "归属人", "专员", "owner"]),
    (Column::Tags, &["标签", "tags", "tag"]),
    (Column::OtherPhone, &["其他电话", "备用电话", "电话2", "other phone", "phone 2"]),
    (Column::OtherEmail, &["其他邮箱", "备用邮箱", "other email", "email 2"]),
];

/// What stands above a column in a table that the product writes, and before the reason why a line was not taken.
/// `field` is a card's field as faults name it: `phone`, `points.0.value`, `values.room`.
pub fn heading(field: &str, settings: &CustomerSettings) -> Text {
    if let Some(key) = field.strip_prefix("values.") {
        let own = settings.fields.iter().find(|it| it.key == key);
        return own.map_or_else(|| Text::new(key, key), |it| it.label.clone());
    }
    let (zh, en) = match field.split('.').next().unwrap_or_default() {
        "name" => ("姓名", "Name"),
        "phone" => ("电话", "Phone"),
        "email" => ("邮箱", "E-mail"),
        "company" => ("公司", "Company"),
        "address" => ("地址", "Address"),
        "note" => ("备注", "Note"),
        "external_id" | "external" => ("编号", "Customer no"),
        "vip" => ("VIP", "VIP"),
        "kind" => ("客户类型", "Kind"),
        "tier" => ("等级", "Tier"),
        "area" => ("区域", "Area"),
        "owner" => ("负责人", "Owner"),
        "tags" => ("标签", "Tags"),
        "points" => ("其他电话", "Other phone"),
        other => (other, other),
    };
    Text::new(zh, en)
}

/// What a column probably holds, by what is written above it.
pub fn guess(heading: &str, settings: &CustomerSettings) -> Column {
    let heading = heading.trim().trim_start_matches('\u{feff}').to_lowercase();
    let own = settings.fields.iter().find(|field| {
        [&field.key, &field.label.zh, &field.label.en].iter().any(|it| it.trim().to_lowercase() == heading)
    });
    if let Some(field) = own {
        return Column::Field(field.key.clone());
    }
    let known = HEADINGS.iter().find(|(_, names)| names.contains(&heading.as_str()));
    known.map(|(column, _)| column.clone()).unwrap_or_default()
}

/// The card that a line holds, upon the one that it completes; empty cells change nothing. With what of it means
/// nothing here.
pub fn card(
    columns: &[Column],
    cells: &[String],
    before: Option<&Customer>,
    directory: &Directory,
) -> (Customer, Vec<Wrong>) {
    let settings = &directory.settings.customers;
    let mut card = before.cloned().unwrap_or_default();
    let mut wrong = vec![];
    for (column, cell) in columns.iter().zip(cells) {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        let mut unknown = |field: &str, fault| wrong.push(Wrong { field: field.into(), fault });
        let text = cell.to_owned();
        match column {
            Column::None => {}
            Column::Name => card.name = text,
            Column::Phone => card.phone = text,
            Column::Email => card.email = text,
            Column::Company => card.company = text,
            Column::Address => card.address = text,
            Column::Note => card.note = text,
            Column::ExternalId => card.external_id = text,
            Column::Vip => match truth(cell) {
                Some(vip) => card.vip = vip,
                None => unknown("vip", Fault::Malformed(Shape::Consent)),
            },
            Column::Kind => {
                let is_company = ["company", "公司", "企业", "单位"].contains(&cell.to_lowercase().as_str());
                card.kind = if is_company { CustomerKind::Company } else { CustomerKind::Person };
            }
            Column::Tier => match named(&settings.tiers, cell) {
                Some(key) => card.tier = key,
                None => unknown("tier", Fault::Unknown),
            },
            Column::Area => match named(&settings.areas, cell) {
                Some(key) => card.area = key,
                None => unknown("area", Fault::Unknown),
            },
            Column::Owner => {
                let is = |it: &crate::config::User| [&it.login, &it.staff_no, &it.name].contains(&&text);
                match directory.users.iter().find(|(_, it)| is(it)) {
                    Some((id, _)) => card.owner = Some(*id),
                    None => unknown("owner", Fault::Unknown),
                }
            }
            Column::Tags => {
                for name in
                    cell.split([',', '，', '、', ';', '；']).map(str::trim).filter(|it| !it.is_empty())
                {
                    let is = |it: &crate::config::Tag| it.name.zh == name || it.name.en == name;
                    match directory.tags.iter().find(|(_, it)| is(it)) {
                        Some((id, _)) if !card.tags.contains(id) => card.tags.push(*id),
                        Some(_) => {}
                        None => unknown("tags", Fault::Unknown),
                    }
                }
            }
            Column::OtherPhone => reach(&mut card, PointKind::Phone, text),
            Column::OtherEmail => reach(&mut card, PointKind::Email, text),
            Column::Field(key) => {
                let field = settings.fields.iter().find(|field| field.key == *key);
                let value = match field.map(|field| field.shape) {
                    Some(FieldShape::Choice) => field.and_then(|field| named(&field.options, cell)),
                    Some(FieldShape::Consent) => {
                        truth(cell).map(|yes| if yes { "yes" } else { "no" }.to_owned())
                    }
                    Some(FieldShape::Date) => Some(date(cell)),
                    _ => Some(text),
                };
                match value {
                    Some(value) => drop(card.values.insert(key.clone(), value)),
                    None => unknown(&format!("values.{key}"), Fault::Malformed(Shape::Choice)),
                }
            }
        }
    }
    (card, wrong)
}

fn reach(card: &mut Customer, kind: PointKind, value: String) {
    if card.points.iter().all(|it| it.value != value) {
        card.points.push(ContactPoint { kind, value, ..ContactPoint::default() });
    }
}

pub(crate) fn truth(cell: &str) -> Option<bool> {
    match cell.to_lowercase().as_str() {
        "是" | "yes" | "y" | "true" | "1" | "√" | "vip" => Some(true),
        "否" | "no" | "n" | "false" | "0" | "×" => Some(false),
        _ => None,
    }
}

/// The key of the option that is called so, in either language, or has this key.
fn named(options: &[Choice], name: &str) -> Option<String> {
    options.iter().find_map(|it| {
        let is = it.key == name || it.label.zh == name || it.label.en.eq_ignore_ascii_case(name);
        if is { Some(it.key.clone()) } else { named(&it.children, name) }
    })
}

/// 2026/2/8 and 2026年2月8日 are 2026-02-08; what is no date stays as it is and is refused later.
fn date(cell: &str) -> String {
    let parts: Vec<&str> =
        cell.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty()).take(3).collect();
    match parts.as_slice() {
        [year, month, day] if year.len() == 4 => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Field, Settings};

    fn directory() -> Directory {
        let option =
            |key: &str, zh: &str| Choice { key: key.into(), label: Text::new(zh, key), children: vec![] };
        let born = Field {
            key: "born".into(),
            label: Text::new("生日", "Born"),
            shape: FieldShape::Date,
            ..Field::default()
        };
        let customers = CustomerSettings {
            tiers: vec![option("gold", "金卡")],
            fields: vec![born],
            ..CustomerSettings::default()
        };
        Directory { settings: Settings { customers, ..Settings::default() }.into(), ..Directory::default() }
    }

    #[test]
    fn b_36_columns_are_known_by_their_headings() {
        let directory = directory();
        let guessed = ["\u{feff}客户姓名", "Mobile", "生日", "什么", "会员等级"]
            .map(|heading| guess(heading, &directory.settings.customers));
        let born = Column::Field("born".into());
        assert_eq!(guessed, [Column::Name, Column::Phone, born, Column::None, Column::Tier]);
    }

    #[test]
    fn b_36_a_line_completes_a_card_and_says_what_it_does_not_understand() {
        let directory = directory();
        let before = Customer { name: "王五".into(), note: "熟客".into(), ..Customer::default() };
        let columns = [Column::Name, Column::Tier, Column::Field("born".into()), Column::Note, Column::Vip];
        let cells = ["王小五", "金卡", "2001年2月8日", "", "也许"].map(str::to_owned);
        let (card, wrong) = card(&columns, &cells, Some(&before), &directory);
        assert_eq!((card.name.as_str(), card.note.as_str(), card.tier.as_str()), ("王小五", "熟客", "gold"));
        assert_eq!(card.values["born"], "2001-02-08");
        assert_eq!(wrong, [Wrong { field: "vip".into(), fault: Fault::Malformed(Shape::Consent) }]);
    }
}
