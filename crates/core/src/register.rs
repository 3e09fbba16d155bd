//! Registers (登记簿): lists of what comes in and goes out, with its number, who has it, and when it was done.

use crate::{
    At,
    directory::Directory,
    fault::{Fault, Faults, Shape, Wrong},
    form::is_phone,
    id::*,
    phone,
};
use serde::{Deserialize, Serialize};

/// Which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Book {
    /// Letters, parcels, newspapers and copies, in and out (B-57).
    Post,
    /// Who came to see whom (B-59).
    Visit,
    /// Who is not let in, or only after a word with somebody (B-59).
    Barred,
    /// Customers' groups and communities (B-93).
    Group,
}

impl Book {
    /// What its serial numbers begin with.
    pub fn prefix(self) -> &'static str {
        match self {
            Book::Post => "P",
            Book::Visit => "G",
            Book::Barred => "B",
            Book::Group => "Q",
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Book::Post => "post",
            Book::Visit => "visit",
            Book::Barred => "barred",
            Book::Group => "group",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = RegisterEntry))]
#[serde(tag = "book", rename_all = "snake_case")]
pub enum Entry {
    Post(Post),
    Visit(Visit),
    Barred(Barred),
    Group(Group),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PostKind {
    #[default]
    Letter,
    Parcel,
    Newspaper,
    Fax,
    Copy,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = PostEntry))]
#[serde(default, deny_unknown_fields)]
pub struct Post {
    /// It leaves the house.
    pub outward: bool,
    pub kind: PostKind,
    pub sender: String,
    pub receiver: String,
    pub courier: String,
    pub tracking: String,
    /// The colleague for whom it is, who is told of it.
    pub recipient: Option<UserId>,
    /// Came, or left.
    pub happened_at: At,
    pub handed_to: String,
    pub handed_at: Option<At>,
    pub signed_at: Option<At>,
    /// The letter that it answers, and its file.
    pub conversation: Option<ConversationId>,
    pub file: Option<FileId>,
    pub note: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = VisitEntry))]
#[serde(default, deny_unknown_fields)]
pub struct Visit {
    pub name: String,
    pub phone: String,
    pub company: String,
    pub purpose: String,
    /// The colleague who is visited, and told of it.
    pub host: Option<UserId>,
    pub badge: String,
    /// Announced beforehand.
    pub expected_at: Option<At>,
    pub came_at: Option<At>,
    pub left_at: Option<At>,
    /// The serial number of the contact at the counter, where there is one.
    pub arrival: String,
    pub note: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = BarredEntry))]
#[serde(default, deny_unknown_fields)]
pub struct Barred {
    pub name: String,
    pub phone: String,
    pub reason: String,
    pub until_at: Option<At>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = GroupEntry))]
#[serde(default, deny_unknown_fields)]
pub struct Group {
    pub name: String,
    /// Where it is: 微信群, QQ群, a forum.
    pub platform: String,
    /// Its number or address there.
    pub address: String,
    /// The colleague who looks after it.
    pub owner: Option<UserId>,
    pub members: u32,
    pub closed: bool,
    pub note: String,
}

impl Entry {
    pub fn book(&self) -> Book {
        match self {
            Entry::Post(_) => Book::Post,
            Entry::Visit(_) => Book::Visit,
            Entry::Barred(_) => Book::Barred,
            Entry::Group(_) => Book::Group,
        }
    }

    /// Something is still to be done: to be signed for, to come or to leave, to be looked after.
    pub fn is_open(&self, now: At) -> bool {
        match self {
            Entry::Post(it) => it.signed_at.is_none(),
            Entry::Visit(it) => it.left_at.is_none(),
            Entry::Barred(it) => it.until_at.is_none_or(|until| until > now),
            Entry::Group(it) => !it.closed,
        }
    }

    /// When it happened, or will.
    pub fn happened_at(&self, now: At) -> At {
        match self {
            Entry::Post(it) if it.happened_at > 0 => it.happened_at,
            Entry::Visit(it) => it.came_at.or(it.expected_at).unwrap_or(now),
            _ => now,
        }
    }

    /// What a search looks through.
    pub fn words(&self, serial: &str) -> String {
        let parts: Vec<&str> = match self {
            Entry::Post(it) => {
                vec![&it.sender, &it.receiver, &it.courier, &it.tracking, &it.handed_to, &it.note]
            }
            Entry::Visit(it) => {
                vec![&it.name, &it.phone, &it.company, &it.purpose, &it.badge, &it.arrival, &it.note]
            }
            Entry::Barred(it) => vec![&it.name, &it.phone, &it.reason],
            Entry::Group(it) => vec![&it.name, &it.platform, &it.address, &it.note],
        };
        let parts = std::iter::once(serial).chain(parts).filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" ").to_lowercase()
    }

    /// Whom to tell, after this change of it: the recipient of something that came, the host of somebody who is here.
    pub fn tells(&self, before: Option<&Entry>) -> Option<UserId> {
        match (self, before) {
            (Entry::Post(now), None) => now.recipient.filter(|_| !now.outward),
            (Entry::Post(now), Some(Entry::Post(before))) => {
                now.recipient.filter(|it| !now.outward && before.recipient != Some(*it))
            }
            (Entry::Visit(now), before) => {
                let was_here =
                    matches!(before, Some(Entry::Visit(it)) if it.came_at.is_some() && it.host == now.host);
                now.host.filter(|_| now.came_at.is_some() && now.left_at.is_none() && !was_here)
            }
            _ => None,
        }
    }

    /// In few words: from whom, or who.
    pub fn gist(&self) -> &str {
        match self {
            Entry::Post(it) if it.outward => &it.receiver,
            Entry::Post(it) if it.sender.is_empty() => &it.courier,
            Entry::Post(it) => &it.sender,
            Entry::Visit(it) => &it.name,
            Entry::Barred(it) => &it.name,
            Entry::Group(it) => &it.name,
        }
    }

    pub fn check(&self, directory: &Directory) -> Vec<Wrong> {
        let mut faults = Faults::default();
        let user = |field: &str, id: Option<UserId>, faults: &mut Faults| {
            let known = id.is_none_or(|id| directory.users.contains_key(&id));
            faults.unless(known, field, Fault::Unknown);
        };
        match self {
            Entry::Post(it) => {
                let named = if it.outward { ("receiver", &it.receiver) } else { ("sender", &it.sender) };
                faults.unless(!named.1.trim().is_empty(), named.0, Fault::Missing);
                for (field, text, most) in [
                    ("sender", &it.sender, 200),
                    ("receiver", &it.receiver, 200),
                    ("courier", &it.courier, 100),
                    ("tracking", &it.tracking, 100),
                    ("handed_to", &it.handed_to, 100),
                    ("note", &it.note, 1_000),
                ] {
                    faults.length(field, text, most);
                }
                user("recipient", it.recipient, &mut faults);
            }
            Entry::Visit(it) => {
                faults.unless(!it.name.trim().is_empty(), "name", Fault::Missing);
                faults.unless(!it.purpose.trim().is_empty(), "purpose", Fault::Missing);
                faults.shape(it.phone.is_empty() || is_phone(&it.phone), "phone", Shape::Phone);
                for (field, text, most) in [
                    ("name", &it.name, 100),
                    ("company", &it.company, 200),
                    ("purpose", &it.purpose, 500),
                    ("badge", &it.badge, 40),
                    ("arrival", &it.arrival, 60),
                    ("note", &it.note, 1_000),
                ] {
                    faults.length(field, text, most);
                }
                let leaves_first = it.left_at.is_some_and(|left| it.came_at.is_none_or(|came| left < came));
                faults.shape(!leaves_first, "left_at", Shape::Rising);
                user("host", it.host, &mut faults);
            }
            Entry::Barred(it) => {
                let is_named = !it.name.trim().is_empty() || !it.phone.trim().is_empty();
                faults.unless(is_named, "name", Fault::Missing);
                faults.shape(it.phone.is_empty() || is_phone(&it.phone), "phone", Shape::Phone);
                faults.length("name", &it.name, 100);
                faults.length("reason", &it.reason, 500);
            }
            Entry::Group(it) => {
                faults.unless(!it.name.trim().is_empty(), "name", Fault::Missing);
                faults.length("name", &it.name, 100);
                faults.length("platform", &it.platform, 100);
                faults.length("address", &it.address, 300);
                faults.length("note", &it.note, 1_000);
                user("owner", it.owner, &mut faults);
            }
        }
        faults.0
    }
}

impl Barred {
    /// Whether this is about somebody of this name and number. A name alone is only a hint, and enough for one.
    pub fn names(&self, name: &str, number: &str, now: At) -> bool {
        if self.until_at.is_some_and(|until| until <= now) {
            return false;
        }
        let (mine, theirs) = (phone::normal(&self.phone), phone::normal(number));
        if !mine.is_empty() && !theirs.is_empty() {
            return mine == theirs;
        }
        !self.name.trim().is_empty() && self.name.trim().to_lowercase() == name.trim().to_lowercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn b_59_the_host_is_told_once_when_somebody_is_here() {
        let host = Some(UserId(7));
        let announced = Entry::Visit(Visit { host, expected_at: Some(9), ..Visit::default() });
        assert_eq!(announced.tells(None), None, "not before they come");
        let here = Entry::Visit(Visit { host, came_at: Some(10), ..Visit::default() });
        assert_eq!((here.tells(None), here.tells(Some(&announced))), (host, host));
        assert_eq!(here.tells(Some(&here)), None);
        let gone = Entry::Visit(Visit { host, came_at: Some(10), left_at: Some(11), ..Visit::default() });
        assert_eq!(gone.tells(Some(&here)), None);
    }

    #[test]
    fn b_57_the_recipient_is_told_of_what_comes_and_not_of_what_leaves() {
        let recipient = Some(UserId(7));
        let came = Entry::Post(Post { recipient, ..Post::default() });
        assert_eq!((came.tells(None), came.tells(Some(&came))), (recipient, None));
        let moved = Entry::Post(Post { recipient: Some(UserId(8)), ..Post::default() });
        assert_eq!(moved.tells(Some(&came)), Some(UserId(8)));
        let left = Entry::Post(Post { recipient, outward: true, ..Post::default() });
        assert_eq!(left.tells(None), None);
    }

    #[test]
    fn b_59_a_barred_visitor_is_known_by_number_else_by_name_while_it_lasts() {
        let barred = Barred { name: "赵六".into(), phone: "13800138000".into(), ..Barred::default() };
        assert!(barred.names("别人", "+86 138-0013-8000", 5));
        assert!(!barred.names("赵六", "13900000000", 5), "another number is another person");
        assert!(barred.names(" 赵六 ", "", 5));
        assert!(!Barred { until_at: Some(5), ..barred }.names("赵六", "", 5));
    }
}
