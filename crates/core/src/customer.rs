//! Customers: what their card may hold, and when two cards are one.

pub mod columns;
pub mod duplicates;

use crate::{
    At,
    config::{Choice, Field},
    directory::Directory,
    fault::{Fault, Faults, Shape, Wrong},
    form::{self, is_email, is_phone},
    id::*,
    lang::Text,
    medium::Medium,
    phone,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const MAX_POINTS: usize = 20;
const LONGEST_NOTE: usize = 4_000;

/// A customer's card.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Customer {
    pub name: String,
    pub phone: String,
    pub email: String,
    pub company: String,
    pub address: String,
    pub vip: bool,
    pub tags: Vec<TagId>,
    pub note: String,
    /// The site's own id for this customer.
    pub external_id: String,
    pub kind: CustomerKind,
    /// Key of one of the settings' tiers.
    pub tier: String,
    /// Key of one of the settings' areas.
    pub area: String,
    /// The colleague who looks after them.
    pub owner: Option<UserId>,
    /// Further numbers and addresses.
    pub points: Vec<ContactPoint>,
    /// By which way they like to be reached.
    pub prefers: Option<Medium>,
    /// And when: in the evening, not at weekends.
    pub best_time: String,
    /// Answers to the fields that the settings define (E1).
    pub values: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CustomerKind {
    #[default]
    Person,
    Company,
}

impl CustomerKind {
    pub fn as_str(self) -> &'static str {
        match self {
            CustomerKind::Person => "person",
            CustomerKind::Company => "company",
        }
    }
}

/// One more way to reach a customer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ContactPoint {
    pub kind: PointKind,
    pub value: String,
    /// Whose or what for: office, mother, delivery.
    pub label: String,
    /// What is dialled after a number that hides the real one.
    pub extension: String,
    /// From then on it is no longer theirs.
    pub until_at: Option<At>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PointKind {
    #[default]
    Phone,
    Email,
    Address,
    /// A number that a platform lends for a while (隐私号): it finds a customer and never says that two are one.
    Relay,
    Other,
}

/// The longest word for what somebody is to somebody else.
const LONGEST_RELATION: usize = 50;

/// What is wrong with saying that one customer is this to another.
pub fn check_relation(of: CustomerId, other: CustomerId, kind: &str) -> Vec<Wrong> {
    let mut faults = Faults::default();
    faults.unless(of != other, "other", Fault::Circle);
    faults.unless(!kind.trim().is_empty(), "kind", Fault::Missing);
    faults.length("kind", kind, LONGEST_RELATION);
    faults.0
}

/// What customers of this site have, as its settings say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct CustomerSettings {
    pub fields: Vec<Field>,
    pub tiers: Vec<Choice>,
    pub areas: Vec<Choice>,
    /// For what consent is noted down.
    pub purposes: Vec<Choice>,
    /// Within so many days a card has to be checked or changed to count as kept (K-08).
    pub check_days: u16,
}

impl Default for CustomerSettings {
    fn default() -> Self {
        let purpose = |key: &str, zh: &str, en: &str| Choice {
            key: key.into(),
            label: Text::new(zh, en),
            children: vec![],
        };
        let purposes = vec![
            purpose("marketing", "营销推广", "Offers and news"),
            purpose("survey", "回访调查", "Follow-up and surveys"),
            purpose("sharing", "向第三方提供", "Passing data on"),
        ];
        Self { fields: vec![], tiers: vec![], areas: vec![], purposes, check_days: 365 }
    }
}

impl Customer {
    /// As it is stored: without blanks around and control characters within, numbers computed.
    pub fn tidy(&mut self, settings: &CustomerSettings) {
        let Customer { name, phone, email, company, address, note, external_id, best_time, .. } = self;
        for text in [name, phone, email, company, address, note, external_id, best_time] {
            *text = clean(text);
        }
        for point in &mut self.points {
            for text in [&mut point.value, &mut point.label, &mut point.extension] {
                *text = clean(text);
            }
        }
        self.points.retain(|point| !point.value.is_empty());
        for value in self.values.values_mut() {
            *value = clean(value);
        }
        self.values.retain(|_, value| !value.is_empty());
        form::compute(&settings.fields, &mut self.values);
    }

    /// What is wrong with it. A field that was deleted keeps its answer: only what is new has to fit. `before` is the
    /// card as it was.
    pub fn check(&self, before: Option<&Customer>, directory: &Directory) -> Vec<Wrong> {
        let settings = &directory.settings.customers;
        let mut faults = Faults::default();
        for (field, text, most) in [
            ("name", &self.name, 100),
            ("phone", &self.phone, 40),
            ("email", &self.email, 254),
            ("company", &self.company, 200),
            ("address", &self.address, 500),
            ("note", &self.note, LONGEST_NOTE),
            ("external_id", &self.external_id, 100),
            ("best_time", &self.best_time, 100),
        ] {
            faults.length(field, text, most);
        }
        let named = [&self.name, &self.phone, &self.email, &self.external_id];
        faults.unless(named.iter().any(|it| !it.is_empty()), "name", Fault::Nameless);
        faults.shape(self.phone.is_empty() || is_phone(&self.phone), "phone", Shape::Phone);
        faults.shape(self.email.is_empty() || is_email(&self.email), "email", Shape::Email);
        faults.unless(self.tags.iter().all(|tag| directory.tags.contains_key(tag)), "tags", Fault::Unknown);
        let is_new = |of: fn(&Customer) -> &String| before.is_none_or(|it| of(it) != of(self));
        let tier = self.tier.is_empty() || settings.tiers.iter().any(|it| it.key == self.tier);
        faults.unless(tier || !is_new(|it| &it.tier), "tier", Fault::Unknown);
        let area = self.area.is_empty() || form::choice(&settings.areas, &self.area).is_some();
        faults.unless(area || !is_new(|it| &it.area), "area", Fault::Unknown);
        let owner = self.owner.is_none_or(|id| directory.users.contains_key(&id));
        faults.unless(owner || before.is_some_and(|it| it.owner == self.owner), "owner", Fault::Unknown);
        faults.unless(self.points.len() <= MAX_POINTS, "points", Fault::TooMany(MAX_POINTS));
        for (n, point) in self.points.iter().enumerate() {
            let at = |part: &str| format!("points.{n}.{part}");
            let fits = match point.kind {
                PointKind::Phone | PointKind::Relay => is_phone(&point.value),
                PointKind::Email => is_email(&point.value),
                PointKind::Address | PointKind::Other => true,
            };
            let shape = if point.kind == PointKind::Email { Shape::Email } else { Shape::Phone };
            faults.shape(fits, at("value"), shape);
            faults.length(at("value"), &point.value, 500);
            faults.length(at("label"), &point.label, 50);
            let digits = point.extension.len() <= 12 && point.extension.bytes().all(|it| it.is_ascii_digit());
            faults.shape(digits, at("extension"), Shape::Digits);
        }
        let kept = |key: &String, value: &String| {
            before.is_some_and(|it| it.values.get(key) == Some(value))
                && settings.fields.iter().all(|field| field.key != *key)
        };
        let given = self.values.iter().filter(|(key, value)| !kept(key, value));
        let given: BTreeMap<String, String> =
            given.map(|(key, value)| (key.clone(), value.clone())).collect();
        faults.0.extend(form::check_values(&settings.fields, &given));
        faults.0.extend(form::missing(&settings.fields, &self.values));
        faults.0
    }

    /// As the log keeps it for ever: sensitive answers are only noted.
    pub fn logged(&self, settings: &CustomerSettings) -> Customer {
        let mut told = self.clone();
        for field in settings.fields.iter().filter(|field| field.sensitive) {
            if let Some(value) = told.values.get_mut(&field.key) {
                "***".clone_into(value);
            }
        }
        told
    }

    /// This one's values, completed by the other's.
    pub fn joined(&self, other: &Customer) -> Customer {
        let either = |mine: &String, other: &String| if mine.is_empty() { other } else { mine }.clone();
        let mut tags = self.tags.clone();
        tags.extend(other.tags.iter().filter(|tag| !self.tags.contains(tag)));
        // What both hold may be more than one may: the longer history stays in the log.
        let notes = [self.note.as_str(), other.note.as_str()];
        let note = notes.into_iter().filter(|note| !note.is_empty()).collect::<Vec<_>>().join("\n");
        let mut values = other.values.clone();
        values.extend(self.values.clone());
        Customer {
            name: either(&self.name, &other.name),
            phone: either(&self.phone, &other.phone),
            email: either(&self.email, &other.email),
            company: either(&self.company, &other.company),
            address: either(&self.address, &other.address),
            vip: self.vip || other.vip,
            tags,
            note: note.chars().take(LONGEST_NOTE).collect(),
            external_id: either(&self.external_id, &other.external_id),
            kind: self.kind,
            tier: either(&self.tier, &other.tier),
            area: either(&self.area, &other.area),
            owner: self.owner.or(other.owner),
            points: self.joined_points(other),
            prefers: self.prefers.or(other.prefers),
            best_time: either(&self.best_time, &other.best_time),
            values,
        }
    }

    /// All ways to reach either: the second's own number stays one, beside the first's.
    fn joined_points(&self, other: &Customer) -> Vec<ContactPoint> {
        let card =
            |kind, value: &String| ContactPoint { kind, value: value.clone(), ..ContactPoint::default() };
        let theirs = [card(PointKind::Phone, &other.phone), card(PointKind::Email, &other.email)];
        let mut seen: BTreeSet<String> =
            [&self.phone, &self.email, &String::new()].map(|it| sameness(it)).into();
        let all = self.points.iter().chain(&theirs).chain(&other.points);
        all.filter(|point| seen.insert(sameness(&point.value))).take(MAX_POINTS).cloned().collect()
    }

    /// Each value that is still as a join left it becomes what it was before.
    pub fn parted(&self, was: &Customer, became: &Customer) -> Customer {
        fn back<T: PartialEq + Clone>(now: &T, was: &T, became: &T) -> T {
            if now == became { was.clone() } else { now.clone() }
        }
        macro_rules! each {
            ($($field:ident),*) => { Customer { $($field: back(&self.$field, &was.$field, &became.$field)),* } };
        }
        each!(
            name,
            phone,
            email,
            company,
            address,
            vip,
            tags,
            note,
            external_id,
            kind,
            tier,
            area,
            owner,
            points,
            prefers,
            best_time,
            values
        )
    }
}

fn clean(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control() || *c == '\n').collect()
}

/// Two ways to write one number or address.
fn sameness(value: &str) -> String {
    if is_phone(value) { phone::normal(value) } else { value.trim().to_lowercase() }
}

/// Whether the settings' customers can be as they are said.
pub(crate) fn check_settings(it: &CustomerSettings, faults: &mut Faults) {
    faults.0.extend(form::check_fields("customers.fields", &it.fields));
    form::check_choices(faults, "customers.tiers", &it.tiers);
    form::check_choices(faults, "customers.areas", &it.areas);
    form::check_choices(faults, "customers.purposes", &it.purposes);
    faults.range("customers.check_days", it.check_days, 1, 3_650);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{FieldShape, Settings};

    fn names(wrong: &[Wrong]) -> Vec<&str> {
        wrong.iter().map(|it| it.field.as_str()).collect()
    }

    #[test]
    fn b_38_a_card_has_the_fields_that_the_settings_define() {
        let mut directory = Directory::default();
        let course = Field { key: "course".into(), shape: FieldShape::Number, ..Field::default() };
        let customers = CustomerSettings { fields: vec![course], ..CustomerSettings::default() };
        directory.settings = Settings { customers, ..Settings::default() }.into();
        let mut card = Customer { name: " 王\u{7}五 ".into(), ..Customer::default() };
        card.values.insert("course".into(), "three".into());
        card.values.insert("gone".into(), "x".into());
        card.tidy(&directory.settings.customers);
        assert_eq!(card.name, "王五");
        assert_eq!(names(&card.check(None, &directory)), ["values.course", "values.gone"]);
        let before = card.clone();
        card.values.insert("course".into(), "3".into());
        assert_eq!(card.check(Some(&before), &directory), [], "the answer to a field that is gone is kept");
    }

    #[test]
    fn b_36_joined_cards_keep_every_number_and_come_apart_again() {
        let one = Customer { name: "李雷".into(), phone: "13812345678".into(), ..Customer::default() };
        let other = Customer {
            phone: "+86 139 0000 1111".into(),
            email: "li@example.com".into(),
            points: vec![ContactPoint { value: "138-1234-5678".into(), ..ContactPoint::default() }],
            ..Customer::default()
        };
        let both = one.joined(&other);
        let points: Vec<&str> = both.points.iter().map(|it| it.value.as_str()).collect();
        assert_eq!(
            points,
            ["+86 139 0000 1111", "li@example.com"],
            "the first's own number is no further one"
        );
        let mut now = both.clone();
        now.note = "written since".into();
        let apart = now.parted(&one, &both);
        assert_eq!(apart, Customer { note: "written since".into(), ..one });
    }

    #[test]
    fn a_sensitive_answer_is_not_in_the_log() {
        let secret = Field { key: "illness".into(), sensitive: true, ..Field::default() };
        let settings = CustomerSettings { fields: vec![secret], ..CustomerSettings::default() };
        let mut card = Customer::default();
        card.values.insert("illness".into(), "flu".into());
        assert_eq!(card.logged(&settings).values["illness"], "***");
    }
}
