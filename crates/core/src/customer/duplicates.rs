//! When two cards are perhaps one person's: what they share, and whether that says enough.

use super::{Customer, CustomerSettings, PointKind, sameness};
use crate::config::FieldShape;
use std::collections::BTreeSet;

/// Shorter answers to own fields are shared by chance.
const SAYS_SOMETHING: usize = 4;
/// What alone is enough: numbers, addresses and ids belong to one person as a rule.
const STRONG: [&str; 4] = ["phone", "email", "external_id", "points"];

/// What of two cards is the same, by the names of fields. `sounds_alike` says that of the names.
pub fn shared(a: &Customer, b: &Customer, sounds_alike: bool, settings: &CustomerSettings) -> Vec<String> {
    let mut all = vec![];
    let mut add = |is: bool, what: &str| {
        if is {
            all.push(what.to_owned());
        }
    };
    let meet = |of: &dyn Fn(&Customer) -> BTreeSet<String>| !of(a).is_disjoint(&of(b));
    let points = |card: &Customer, main: &str, kind: PointKind| {
        let further = card.points.iter().filter(|it| it.kind == kind).map(|it| it.value.as_str());
        let all = further.chain([main]).map(sameness);
        all.filter(|it| !it.is_empty()).collect::<BTreeSet<String>>()
    };
    add(meet(&|it| points(it, &it.phone, PointKind::Phone)), "phone");
    add(meet(&|it| points(it, &it.email, PointKind::Email)), "email");
    let same = |a: &str, b: &str| !a.trim().is_empty() && plain(a) == plain(b);
    add(same(&a.external_id, &b.external_id), "external_id");
    add(meet(&|it| points(it, "", PointKind::Other)), "points");
    add(sounds_alike && !a.name.is_empty(), "name");
    add(same(&a.company, &b.company), "company");
    let addresses = |it: &Customer| points(it, &it.address, PointKind::Address);
    add(meet(&addresses), "address");
    for field in settings.fields.iter().filter(|field| tells(field.shape)) {
        let (mine, theirs) = (a.values.get(&field.key), b.values.get(&field.key));
        let is = mine.zip(theirs).is_some_and(|(a, b)| a.chars().count() >= SAYS_SOMETHING && same(a, b));
        add(is, &format!("values.{}", field.key));
    }
    all
}

/// Answers that few give.
fn tells(shape: FieldShape) -> bool {
    matches!(
        shape,
        FieldShape::Line | FieldShape::Phone | FieldShape::Email | FieldShape::Date | FieldShape::Address
    )
}

/// Whether it is worth a look: one strong sign, or a name that sounds the same and another sign.
pub fn is_likely(shares: &[String]) -> bool {
    let has = |what: &str| shares.iter().any(|it| it == what);
    STRONG.iter().any(|it| has(it)) || (has("name") && shares.len() > 1)
}

/// By what those whose names sound alike are compared: each with a word for what it is.
pub fn weak_keys(card: &Customer, settings: &CustomerSettings) -> BTreeSet<(String, String)> {
    let mut all = BTreeSet::from([("company".to_owned(), plain(&card.company))]);
    let further = card.points.iter().filter(|it| it.kind == PointKind::Address).map(|it| &it.value);
    all.extend(further.chain([&card.address]).map(|it| ("address".to_owned(), plain(it))));
    for field in settings.fields.iter().filter(|field| tells(field.shape)) {
        let value = card.values.get(&field.key).filter(|it| it.chars().count() >= SAYS_SOMETHING);
        all.extend(value.map(|it| (field.key.clone(), plain(it))));
    }
    all.retain(|(_, value)| !value.is_empty());
    all
}

fn plain(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::Field, customer::ContactPoint};

    fn card(name: &str) -> Customer {
        Customer { name: name.into(), ..Customer::default() }
    }

    #[test]
    fn b_36_two_cards_share_what_is_written_in_other_ways() {
        let id = Field { key: "id_no".into(), ..Field::default() };
        let settings = CustomerSettings { fields: vec![id], ..CustomerSettings::default() };
        let point = |kind, value: &str| ContactPoint { kind, value: value.into(), ..ContactPoint::default() };
        let mut a =
            Customer { phone: "+86 138 0013 8000".into(), company: "应答公司".into(), ..card("张伟") };
        let mut b = Customer { company: " 应答公司 ".into(), ..card("章伟") };
        assert_eq!(shared(&a, &b, false, &settings), ["company"]);
        assert!(!is_likely(&shared(&a, &b, false, &settings)), "colleagues are not one person");
        assert!(is_likely(&shared(&a, &b, true, &settings)), "who sounds the same perhaps is");
        b.points = vec![point(PointKind::Relay, "13800138000")];
        assert_eq!(shared(&a, &b, true, &settings), ["name", "company"], "a lent number says nothing");
        b.points = vec![point(PointKind::Phone, "138-0013-8000"), point(PointKind::Other, "oX1")];
        a.points = vec![point(PointKind::Other, "oX1")];
        a.values.insert("id_no".into(), "44010619".into());
        b.values.insert("id_no".into(), "44010619".into());
        assert_eq!(shared(&a, &b, true, &settings), ["phone", "points", "name", "company", "values.id_no"]);
        assert_eq!(weak_keys(&a, &settings).len(), 2);
        assert!(
            !is_likely(&shared(&card("张伟"), &card("张伟"), true, &settings)),
            "a name alone is not enough"
        );
        assert_eq!(shared(&Customer::default(), &Customer::default(), true, &settings), Vec::<String>::new());
    }
}
