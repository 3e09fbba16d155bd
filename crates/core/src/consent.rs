//! What customers agreed to: for which purpose, by which channel, since when, and what shows it. Nothing is overwritten:
//! who takes an agreement back says something new.

use crate::{
    At,
    directory::Directory,
    fault::{Fault, Faults, Wrong},
    id::*,
    medium::Medium,
};
use serde::{Deserialize, Serialize};

/// Of what a customer said, so much is looked at, the last first.
pub const MOST: usize = 500;

/// One thing that a customer said about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Consent {
    pub id: RecordId,
    /// Key of one of the settings' purposes.
    pub purpose: String,
    /// By which way it may be done; absent: by any.
    pub channel: Option<Medium>,
    /// Agreed to, or taken back.
    pub given: bool,
    pub said_at: At,
    /// What shows it: a signed form, a recording.
    pub evidence: String,
    /// The conversation in which it was said.
    pub conversation: Option<ConversationId>,
    /// Who noted it down.
    pub author: Option<UserId>,
    pub noted_at: At,
}

/// What somebody notes down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewConsent {
    pub purpose: String,
    #[serde(default)]
    pub channel: Option<Medium>,
    pub given: bool,
    /// Absent: now.
    #[serde(default)]
    pub said_at: Option<At>,
    pub evidence: String,
    #[serde(default)]
    pub conversation: Option<ConversationId>,
}

/// Decides on what is to be noted down.
pub fn note(
    new: NewConsent,
    id: RecordId,
    author: Option<UserId>,
    directory: &Directory,
    now: At,
) -> Result<Consent, Vec<Wrong>> {
    let mut faults = Faults::default();
    let known = directory.settings.customers.purposes.iter().any(|it| it.key == new.purpose);
    faults.unless(known, "purpose", Fault::Unknown);
    faults.unless(new.said_at.is_none_or(|at| at <= now), "said_at", Fault::Future);
    let evidence = new.evidence.trim();
    faults.unless(!evidence.is_empty(), "evidence", Fault::Missing);
    faults.length("evidence", evidence, 500);
    if !faults.0.is_empty() {
        return Err(faults.0);
    }
    Ok(Consent {
        id,
        purpose: new.purpose,
        channel: new.channel,
        given: new.given,
        said_at: new.said_at.unwrap_or(now),
        evidence: evidence.to_owned(),
        conversation: new.conversation,
        author,
        noted_at: now,
    })
}

/// What holds of all that was said: for each purpose and channel the last word. A word about all channels ends what
/// was said about single ones before.
pub fn standing(all: &[Consent]) -> Vec<&Consent> {
    let later = |it: &Consent, other: &Consent| (other.said_at, other.id) > (it.said_at, it.id);
    let overrules = |it: &Consent, other: &Consent| {
        later(it, other)
            && other.purpose == it.purpose
            && (other.channel.is_none() || other.channel == it.channel)
    };
    all.iter().filter(|it| !all.iter().any(|other| overrules(it, other))).collect()
}

/// The purposes for which a customer agrees, by this channel or, without one, by any.
pub fn given(all: &[Consent], channel: Option<Medium>) -> Vec<String> {
    let standing = standing(all);
    // What was said about the channel itself counts before what was said about all, if it was said later.
    let fits = |it: &&&Consent| match channel {
        None => true,
        Some(_) if it.channel == channel => true,
        Some(_) => {
            let own = |other: &&Consent| other.purpose == it.purpose && other.channel == channel;
            it.channel.is_none() && !standing.iter().any(own)
        }
    };
    standing.iter().filter(fits).filter(|it| it.given).map(|it| it.purpose.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(at: At, channel: Option<Medium>, given: bool) -> Consent {
        Consent {
            id: RecordId(at),
            purpose: "news".into(),
            channel,
            given,
            said_at: at,
            ..Consent::default()
        }
    }

    fn agrees(all: &[Consent], channel: Option<Medium>) -> bool {
        given(all, channel).iter().any(|it| it == "news")
    }

    #[test]
    fn b_38_the_last_word_about_a_purpose_holds() {
        let sms = Some(Medium::Sms);
        assert!(!agrees(&[], None), "who said nothing agrees to nothing");
        let mut all = vec![said(1, None, true)];
        assert!(agrees(&all, sms) && agrees(&all, None));
        all.push(said(2, sms, false));
        assert!(!agrees(&all, sms), "not by SMS");
        assert!(agrees(&all, Some(Medium::Mail)) && agrees(&all, None), "but by mail");
        all.push(said(3, None, false));
        assert!(!agrees(&all, Some(Medium::Mail)));
        assert_eq!(standing(&all).len(), 1, "the last word is about all channels");
        all.push(said(4, sms, true));
        assert!(agrees(&all, sms) && !agrees(&all, Some(Medium::Mail)));
        // What is noted down late counts from when it was said.
        all.push(Consent { id: RecordId(9), ..said(2, None, true) });
        assert!(!agrees(&all, Some(Medium::Mail)));
    }

    #[test]
    fn a_consent_needs_a_purpose_and_what_shows_it() {
        let directory = Directory::default();
        let new = NewConsent { purpose: "gone".into(), said_at: Some(2), ..NewConsent::default() };
        let wrong = note(new, RecordId(1), None, &directory, 1).unwrap_err();
        let names: Vec<&str> = wrong.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(names, ["purpose", "said_at", "evidence"]);
        let purpose = directory.settings.customers.purposes[0].key.clone();
        let new = NewConsent { purpose, evidence: " signed ".into(), given: true, ..NewConsent::default() };
        let noted = note(new, RecordId(1), None, &directory, 1).unwrap();
        assert_eq!((noted.said_at, noted.evidence.as_str()), (1, "signed"));
    }
}
