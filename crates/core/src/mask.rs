//! What a role sees masked. Enough stays readable to recognise a customer, not enough to reach one.

use crate::{
    actor::Actor,
    config::{Field, FieldShape, MaskedField},
    directory::Directory,
};
use std::collections::{BTreeMap, BTreeSet};

/// The fields that the actor sees masked: those that every one of their roles masks, since a further role never
/// takes anything away.
pub fn of(directory: &Directory, actor: Actor) -> BTreeSet<MaskedField> {
    let Some(user) = actor.user().and_then(|id| directory.users.get(&id)) else { return BTreeSet::new() };
    let mut roles = user.roles.iter().filter_map(|role| directory.roles.get(role));
    let Some(first) = roles.next() else { return BTreeSet::new() };
    let mut masked: BTreeSet<_> = first.masks.iter().copied().collect();
    for role in roles {
        masked.retain(|field| role.masks.contains(field));
    }
    masked
}

/// The first three and last two digits: `138******78`.
pub fn phone(text: &str) -> String {
    keep(text, 3, 2, |c| c.is_ascii_digit())
}

/// The first character and the host: `l***@example.com`.
pub fn email(text: &str) -> String {
    match text.split_once('@') {
        Some((name, host)) => format!("{}***@{host}", name.chars().next().unwrap_or('*')),
        None => keep(text, 1, 0, |_| true),
    }
}

/// The first six characters: the province and the city.
pub fn address(text: &str) -> String {
    keep(text, 6, 0, |_| true)
}

/// The first half of an address of the net.
pub fn ip(text: &str) -> String {
    let mark = if text.contains(':') { ':' } else { '.' };
    match text.match_indices(mark).nth(1) {
        Some((at, _)) => format!("{}{mark}***", &text[..at]),
        None => "***".into(),
    }
}

/// Answers to fields as the roles may see them.
pub fn values(
    fields: &[Field],
    values: BTreeMap<String, String>,
    masked: &BTreeSet<MaskedField>,
) -> BTreeMap<String, String> {
    if masked.is_empty() {
        return values;
    }
    let hide = |key: &str, value: String| {
        let field = fields.iter().find(|field| field.key == key);
        match field {
            Some(field) if field.sensitive && masked.contains(&MaskedField::Sensitive) => "***".to_owned(),
            Some(field) if field.shape == FieldShape::Phone && masked.contains(&MaskedField::Phone) => {
                phone(&value)
            }
            Some(field) if field.shape == FieldShape::Email && masked.contains(&MaskedField::Email) => {
                email(&value)
            }
            Some(field) if field.shape == FieldShape::Address && masked.contains(&MaskedField::Address) => {
                address(&value)
            }
            _ => within(&value, masked),
        }
    };
    values.into_iter().map(|(key, value)| (key.clone(), hide(&key, value))).collect()
}

/// Hides what `counts`, apart from a few at the start and the end; what is too short is hidden whole.
fn keep(text: &str, start: usize, end: usize, counts: fn(char) -> bool) -> String {
    let all = text.chars().filter(|c| counts(*c)).count();
    let (start, end) = if all > start + end { (start, end) } else { (0, 0) };
    let mut place = 0;
    text.chars()
        .map(|c| {
            if !counts(c) {
                return c;
            }
            place += 1;
            if place <= start || place > all - end { c } else { '*' }
        })
        .collect()
}

/// Masks telephone numbers and mail addresses that stand in free text, such as a form's answers.
pub fn within(text: &str, masked: &BTreeSet<MaskedField>) -> String {
    let is_edge = |c: char| c.is_whitespace() || "，。；、,;<>()（）\"'".contains(c);
    let mut out = String::with_capacity(text.len());
    for word in text.split_inclusive(is_edge) {
        let edge = word.strip_suffix(is_edge).map_or(word.len(), str::len);
        let (word, edge) = word.split_at(edge);
        if masked.contains(&MaskedField::Email) && crate::form::is_email(word) {
            out += &email(word);
        } else if masked.contains(&MaskedField::Phone) {
            out += &numbers(word);
        } else {
            out += word;
        }
        out += edge;
    }
    out
}

/// Masks each run of seven to fifteen digits; shorter ones are amounts, longer ones ids.
fn numbers(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        out += before;
        if (7..=15).contains(&run.bytes().filter(u8::is_ascii_digit).count()) {
            out += &phone(run)
        } else {
            out += run
        }
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        config::{Record, RecordKind, Role, User},
        id::{RecordId, RoleId, UserId},
    };

    #[test]
    fn sys_42_a_masked_value_is_recognisable_but_not_usable() {
        assert_eq!(phone("13812345678"), "138******78");
        assert_eq!(phone("+86 138-1234-5678"), "+86 1**-****-**78");
        assert_eq!(phone("12345"), "*****", "what is short is hidden whole");
        assert_eq!(phone(""), "");
        assert_eq!(email("li.ming@example.com"), "l***@example.com");
        assert_eq!(address("上海市浦东新区世纪大道100号"), "上海市浦东新*********");
        assert_eq!(ip("203.0.113.9"), "203.0.***");
        assert_eq!(ip("2001:db8::1"), "2001:db8:***");
    }

    #[test]
    fn numbers_in_free_text_are_masked_too() {
        let masked = BTreeSet::from([MaskedField::Phone, MaskedField::Email]);
        assert_eq!(
            within("打13812345678，或 li@example.com, 订单 20456", &masked),
            "打138******78，或 l***@example.com, 订单 20456"
        );
        assert_eq!(within("电话 13812345678。", &masked), "电话 138******78。");
        assert_eq!(within("电话 13812345678。", &BTreeSet::new()), "电话 13812345678。");
    }

    #[test]
    fn a_further_role_never_takes_anything_away() {
        let mut directory = Directory::default();
        let role = |masks: &[MaskedField]| Record::Role(Role { masks: masks.to_vec(), ..Role::default() });
        let agent = role(&[MaskedField::Phone, MaskedField::Email]);
        let lead = role(&[MaskedField::Email]);
        directory.apply(RecordKind::Role, RecordId(1), Some(&agent));
        directory.apply(RecordKind::Role, RecordId(2), Some(&lead));
        let user = |roles: &[i64]| {
            Record::User(User { roles: roles.iter().map(|id| RoleId(*id)).collect(), ..User::default() })
        };
        directory.apply(RecordKind::User, RecordId(7), Some(&user(&[1])));
        directory.apply(RecordKind::User, RecordId(8), Some(&user(&[1, 2])));
        let of = |id| of(&directory, Actor::User { id: UserId(id) });
        assert_eq!(of(7), BTreeSet::from([MaskedField::Phone, MaskedField::Email]));
        assert_eq!(of(8), BTreeSet::from([MaskedField::Email]));
    }
}
