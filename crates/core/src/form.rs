//! Fields that administrators define, and the answers to them (E1): what a form may look like, whether values fit
//! it, and what is still missing.

mod formula;

use crate::{
    config::{Choice, Field, FieldShape},
    fault::{Fault, Faults, Shape, Wrong},
};
use std::collections::{BTreeMap, BTreeSet};

const MAX_FIELDS: usize = 100;
const MAX_OPTIONS: usize = 500;
const MAX_DEPTH: usize = 6;

/// Whether fields make a form.
pub fn check_fields(prefix: &str, fields: &[Field]) -> Vec<Wrong> {
    let mut faults = Faults::default();
    faults.unless(fields.len() <= MAX_FIELDS, prefix, Fault::TooMany(MAX_FIELDS));
    let mut keys = BTreeSet::new();
    for (n, field) in fields.iter().enumerate() {
        let at = |part: &str| format!("{prefix}.{n}.{part}");
        faults.shape(is_key(&field.key), at("key"), Shape::Key);
        faults.unless(keys.insert(&field.key), at("key"), Fault::Twice);
        faults.needed_text(&at("label"), &field.label, 100);
        if field.shape == FieldShape::Choice {
            faults.unless(!field.options.is_empty(), at("options"), Fault::Missing);
            // A choice is answered by its key alone, so a key is unique in the whole tree.
            check_options(&mut faults, &at("options"), &field.options, 1, &mut BTreeSet::new());
        }
        if let Some(when) = &field.when {
            // Only a field above can decide, so that nothing leads in a circle.
            let above = fields[..n].iter().any(|other| other.key == when.field);
            faults.unless(above, at("when.field"), Fault::Unknown);
            faults.unless(!when.is.is_empty(), at("when.is"), Fault::Missing);
        }
        if field.shape == FieldShape::Formula {
            let counts = |key: &String| {
                fields[..n].iter().any(|other| {
                    other.key == *key
                        && matches!(other.shape, FieldShape::Number | FieldShape::Money | FieldShape::Formula)
                })
            };
            let fits = formula::keys(&field.formula).is_some_and(|keys| keys.iter().all(counts));
            faults.shape(fits, at("formula"), Shape::Formula);
        }
    }
    faults.0
}

/// Whether a field is asked for, with these answers to the others.
pub fn applies(field: &Field, values: &BTreeMap<String, String>) -> bool {
    let Some(when) = &field.when else { return true };
    values.get(&when.field).is_some_and(|value| when.is.contains(value))
}

/// Writes the answers of computed fields.
pub fn compute(fields: &[Field], values: &mut BTreeMap<String, String>) {
    for field in fields.iter().filter(|field| field.shape == FieldShape::Formula) {
        match formula::value(&field.formula, values) {
            Some(value) => {
                let cents = (value * 100.0).round() / 100.0;
                values.insert(field.key.clone(), cents.to_string());
            }
            None => {
                values.remove(&field.key);
            }
        }
    }
}

/// Whether fields make a form for visitors, who know no members of staff and compute nothing.
pub fn check_open_fields(prefix: &str, fields: &[Field]) -> Vec<Wrong> {
    let mut faults = Faults(check_fields(prefix, fields));
    for (n, field) in fields.iter().enumerate() {
        let inner = matches!(field.shape, FieldShape::Person | FieldShape::File | FieldShape::Formula);
        faults.shape(!inner, format!("{prefix}.{n}.shape"), Shape::Choice);
    }
    faults.0
}

/// Whether choices outside of a field can be as they are; none are fine.
pub(crate) fn check_choices(faults: &mut Faults, at: &str, options: &[Choice]) {
    check_options(faults, at, options, 1, &mut BTreeSet::new());
}

fn check_options<'a>(
    faults: &mut Faults,
    at: &str,
    options: &'a [Choice],
    depth: usize,
    keys: &mut BTreeSet<&'a str>,
) {
    faults.unless(options.len() <= MAX_OPTIONS, at, Fault::TooMany(MAX_OPTIONS));
    if depth > MAX_DEPTH {
        return faults.add(at, Fault::TooMany(MAX_DEPTH));
    }
    for (n, option) in options.iter().enumerate() {
        let fits = !option.key.trim().is_empty() && option.key.chars().count() <= 64;
        faults.shape(fits, format!("{at}.{n}.key"), Shape::Key);
        faults.unless(keys.insert(&option.key), format!("{at}.{n}.key"), Fault::Twice);
        faults.needed_text(&format!("{at}.{n}.label"), &option.label, 100);
        if !option.children.is_empty() {
            check_options(faults, &format!("{at}.{n}.children"), &option.children, depth + 1, keys);
        }
    }
}

pub(crate) fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Whether what was answered fits the fields. An empty answer is no answer, and always fits.
pub fn check_values(fields: &[Field], values: &BTreeMap<String, String>) -> Vec<Wrong> {
    let mut faults = Faults::default();
    for (key, value) in values {
        let Some(field) = fields.iter().find(|field| field.key == *key) else {
            faults.add(format!("values.{key}"), Fault::Unknown);
            continue;
        };
        if !value.is_empty()
            && let Some(fault) = wrong_value(field, value)
        {
            faults.add(format!("values.{key}"), fault);
        }
    }
    faults.0
}

/// What is still owed before the form counts as complete.
pub fn missing(fields: &[Field], values: &BTreeMap<String, String>) -> Vec<Wrong> {
    let mut faults = Faults::default();
    let asked = fields.iter().filter(|field| field.required && applies(field, values));
    for field in asked {
        faults.unless(is_answered(field, values), format!("values.{}", field.key), Fault::Missing);
    }
    faults.0
}

/// Whether the answer to a field is all that it asks for.
pub fn is_answered(field: &Field, values: &BTreeMap<String, String>) -> bool {
    let given = values.get(&field.key).map_or("", |value| value.trim());
    match field.shape {
        FieldShape::Consent => given == "yes",
        // A category counts only when it is chosen down to a leaf.
        FieldShape::Choice => choice(&field.options, given).is_some_and(|option| option.children.is_empty()),
        _ => !given.is_empty(),
    }
}

fn wrong_value(field: &Field, value: &str) -> Option<Fault> {
    let max = if field.shape == FieldShape::Paragraph { 8_000 } else { 500 };
    if value.chars().count() > max {
        return Some(Fault::TooLong(max));
    }
    let (right, shape) = match field.shape {
        FieldShape::Line | FieldShape::Paragraph => return None,
        FieldShape::Address => return None,
        FieldShape::Money => (is_money(value.trim()), Shape::Number),
        FieldShape::Person | FieldShape::File => (value.parse::<i64>().is_ok(), Shape::Id),
        FieldShape::Number | FieldShape::Formula => {
            (value.trim().parse::<f64>().is_ok_and(f64::is_finite), Shape::Number)
        }
        FieldShape::Date => (is_date(value), Shape::Date),
        FieldShape::Choice => (choice(&field.options, value).is_some(), Shape::Choice),
        FieldShape::Phone => (is_phone(value), Shape::Phone),
        FieldShape::Email => (is_email(value), Shape::Email),
        FieldShape::Consent => (value == "yes" || value == "no", Shape::Consent),
    };
    (!right).then_some(Fault::Malformed(shape))
}

/// The option with a key, however deep in the tree.
pub fn choice<'a>(options: &'a [Choice], key: &str) -> Option<&'a Choice> {
    options.iter().find_map(
        |option| {
            if option.key == key { Some(option) } else { choice(&option.children, key) }
        },
    )
}

/// Digits, perhaps a sign, and at most two places behind the point.
fn is_money(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    match text.split_once('.') {
        Some((whole, part)) => digits(whole) && digits(part) && part.len() <= 2 && whole.len() <= 12,
        None => digits(text) && text.len() <= 12,
    }
}

pub fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// Digits with the usual marks between them, five to twenty of them.
pub fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (5..=20).contains(&digits)
        && text
            .chars()
            .enumerate()
            .all(|(n, c)| c.is_ascii_digit() || " -()".contains(c) || (c == '+' && n == 0))
}

pub fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    !name.is_empty()
        && text.len() <= 254
        && host.split('.').count() >= 2
        && host
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-'))
        && text.chars().all(|c| !c.is_whitespace() && !c.is_control() && !"<>\"'".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::FieldWhen, lang::Text};

    fn field(key: &str, shape: FieldShape, required: bool) -> Field {
        Field { key: key.into(), label: Text::new(key, key), shape, required, ..Field::default() }
    }

    fn category() -> Field {
        let leaf = |key: &str| Choice { key: key.into(), label: Text::new(key, key), children: vec![] };
        Field {
            options: vec![
                Choice { children: vec![leaf("broken"), leaf("late")], ..leaf("goods") },
                leaf("praise"),
            ],
            ..field("category", FieldShape::Choice, true)
        }
    }

    fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    fn names(wrong: &[Wrong]) -> Vec<&str> {
        wrong.iter().map(|it| it.field.as_str()).collect()
    }

    #[test]
    fn b_01_a_record_is_complete_when_every_required_field_is_answered() {
        let fields = [
            field("question", FieldShape::Paragraph, true),
            category(),
            field("note", FieldShape::Line, false),
        ];
        assert_eq!(names(&missing(&fields, &values(&[]))), ["values.question", "values.category"]);
        let blank = values(&[("question", "  "), ("category", "goods")]);
        assert_eq!(
            names(&missing(&fields, &blank)),
            ["values.question", "values.category"],
            "half a category"
        );
        assert!(missing(&fields, &values(&[("question", "?"), ("category", "late")])).is_empty());
        assert!(missing(&fields, &values(&[("question", "?"), ("category", "praise")])).is_empty());
    }

    #[test]
    fn values_must_fit_their_fields() {
        let fields = [
            field("n", FieldShape::Number, false),
            field("d", FieldShape::Date, false),
            field("p", FieldShape::Phone, false),
            field("m", FieldShape::Email, false),
            field("ok", FieldShape::Consent, false),
            category(),
        ];
        let right = values(&[
            ("n", "-1.5"),
            ("d", "2026-02-28"),
            ("p", "+86 (021) 5555-0101"),
            ("m", "li.ming@example.com"),
            ("ok", "no"),
            ("category", "goods"),
        ]);
        assert_eq!(check_values(&fields, &right), []);
        let wrong = values(&[
            ("n", "NaN"),
            ("d", "2026-02-30"),
            ("p", "call me"),
            ("m", "<script>@x.y"),
            ("ok", "maybe"),
            ("category", "none"),
            ("other", "?"),
        ]);
        assert_eq!(check_values(&fields, &wrong).len(), 7);
        assert_eq!(check_values(&fields, &values(&[("n", ""), ("d", "")])), [], "no answer is no error");
    }

    #[test]
    fn e1_a_field_is_asked_for_only_where_another_says_so() {
        let mut why = field("why", FieldShape::Line, true);
        why.when = Some(FieldWhen { field: "category".into(), is: vec!["late".into()] });
        let fields = [category(), why];
        assert!(check_fields("fields", &fields).is_empty());
        assert!(missing(&fields, &values(&[("category", "broken")])).is_empty());
        assert_eq!(names(&missing(&fields, &values(&[("category", "late")]))), ["values.why"]);
        let [category, why] = fields;
        assert_eq!(
            names(&check_fields("fields", &[why, category])),
            ["fields.0.when.field"],
            "only from above"
        );
    }

    #[test]
    fn e1_computed_answers_follow_the_others() {
        let mut sum = field("sum", FieldShape::Formula, false);
        sum.formula = "price * count".into();
        let fields =
            [field("price", FieldShape::Money, false), field("count", FieldShape::Number, false), sum];
        assert!(check_fields("fields", &fields).is_empty());
        let mut given = values(&[("price", "19.90"), ("count", "3"), ("sum", "1")]);
        compute(&fields, &mut given);
        assert_eq!(given["sum"], "59.7");
        given.remove("count");
        compute(&fields, &mut given);
        assert_eq!(given.get("sum"), None, "without a count there is no sum");
        let wrong = values(&[("price", "1.999")]);
        assert_eq!(names(&check_values(&fields, &wrong)), ["values.price"]);
    }

    #[test]
    fn a_form_has_distinct_keys_and_choices_have_options() {
        let two = [field("a", FieldShape::Line, false), field("a", FieldShape::Choice, false)];
        assert_eq!(names(&check_fields("fields", &two)), ["fields.1.key", "fields.1.options"]);
        assert_eq!(
            names(&check_fields("fields", &[field("A b", FieldShape::Line, false)])),
            ["fields.0.key"]
        );
        assert!(check_fields("fields", &[category()]).is_empty());
    }
}
