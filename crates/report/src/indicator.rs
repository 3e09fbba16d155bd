//! The service desk's indicators (K-04, K-05, K-06, K-07, K-08, K-15, K-16, K-30, K-41, K-42): what counts, what of it is good, and the
//! formula in words. A number and the rows behind it come out of the same pass.

use yingda_core::{
    At,
    config::{Settings, TicketMeasure, TicketType},
    fact::Contact,
    lang::Text,
    medium::Medium,
    promise::Promise,
    survey::SurveyAsk,
    ticket::Ticket,
};

const HOUR_MS: i64 = 3_600_000;

/// Half-open: from an instant on, and before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    pub from: At,
    pub to: At,
}

impl Period {
    pub fn holds(&self, at: At) -> bool {
        (self.from..self.to).contains(&at)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Indicator {
    Satisfaction,
    ComplaintResolution,
    ComplaintTime,
    FeedbackTime,
    CardsChecked,
    FlowResolved,
    OrderRearranged,
    PromiseKept,
    FirstResponse,
    WithinLimit,
}

/// What one case is to an indicator. `took_ms` where the indicator has a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub is_good: bool,
    pub took_ms: Option<i64>,
}

impl Indicator {
    pub const ALL: [Indicator; 10] = [
        Indicator::Satisfaction,
        Indicator::ComplaintResolution,
        Indicator::ComplaintTime,
        Indicator::FeedbackTime,
        Indicator::CardsChecked,
        Indicator::FlowResolved,
        Indicator::OrderRearranged,
        Indicator::PromiseKept,
        Indicator::FirstResponse,
        Indicator::WithinLimit,
    ];

    /// The requirement's row, which is also its name in addresses.
    pub fn key(self) -> &'static str {
        match self {
            Indicator::Satisfaction => "K-04",
            Indicator::ComplaintResolution => "K-05",
            Indicator::ComplaintTime => "K-06",
            Indicator::FeedbackTime => "K-07",
            Indicator::CardsChecked => "K-08",
            Indicator::FlowResolved => "K-15",
            Indicator::OrderRearranged => "K-16",
            Indicator::PromiseKept => "K-30",
            Indicator::FirstResponse => "K-41",
            Indicator::WithinLimit => "K-42",
        }
    }

    pub fn of_key(key: &str) -> Option<Indicator> {
        Self::ALL.into_iter().find(|it| it.key() == key)
    }

    pub fn name(self) -> Text {
        let (zh, en) = match self {
            Indicator::Satisfaction => ("客户满意度", "Customer satisfaction"),
            Indicator::ComplaintResolution => ("投诉解决率", "Complaint resolution rate"),
            Indicator::ComplaintTime => ("投诉 48 小时办结率", "Complaints closed within 48 h"),
            Indicator::FeedbackTime => ("反馈 72 小时处理率", "Feedback handled within 72 h"),
            Indicator::CardsChecked => ("客户信息更新率", "Customers' data kept up to date"),
            Indicator::FlowResolved => ("自动语音办结率", "Calls resolved by the IVR"),
            Indicator::OrderRearranged => ("订单异常 24 小时重新安排率", "Orders rearranged within 24 h"),
            Indicator::PromiseKept => ("承诺兑现率", "Promises kept"),
            Indicator::FirstResponse => ("首次答复及时率", "First answers in time"),
            Indicator::WithinLimit => ("工单按时办结率", "Tickets closed within their limit"),
        };
        Text::new(zh, en)
    }

    /// In words, with what the site's settings say.
    pub fn formula(self, settings: &Settings) -> Text {
        let (good, days) = (settings.csat_good, settings.customers.check_days);
        let checked = || {
            Text::new(
                format!("期末前 {days} 天内核对或更新过的客户 ÷ 期末已有的客户（按资料现在的核对时间）"),
                format!(
                    "customers whose card was checked or changed in the {days} days before the period's end ÷ customers that there were by then (by when each was last checked)"
                ),
            )
        };
        let satisfied = || {
            Text::new(
                format!(
                    "问卷满意度题打 {good}–5 分的答卷 ÷ 本期收到的、答了满意度题的答卷（满分 5 分；会话后的星级评价不计）"
                ),
                format!(
                    "survey answers that give {good} to 5 of 5 ÷ survey answers of the period that give any (stars after a chat aside)"
                ),
            )
        };
        let (zh, en) = match self {
            Indicator::Satisfaction => return satisfied(),
            Indicator::CardsChecked => return checked(),
            Indicator::ComplaintResolution => (
                "经客户确认结案的投诉 ÷ 期限落在本期的投诉",
                "complaints closed with the customer's confirmation ÷ complaints whose deadline lies in the period",
            ),
            Indicator::ComplaintTime => (
                "从客户首次提出到确认结案不超过 48 小时的投诉 ÷ 本期确认结案的投诉（24×7 计时，不扣除等待）",
                "complaints confirmed within 48 h of being raised ÷ complaints confirmed in the period (day and night, waiting included)",
            ),
            Indicator::FeedbackTime => (
                "从收到到答复不超过 72 小时的反馈 ÷ 本期答复的反馈",
                "feedback answered within 72 h of receipt ÷ feedback answered in the period",
            ),
            Indicator::FlowResolved => (
                "走到标为“已办结”的步骤、且没有经过人工的来电 ÷ 本期打进来并已结束的全部来电",
                "calls that reached a step marked as resolved and met no agent ÷ all calls that came in during the period and are over",
            ),
            Indicator::OrderRearranged => (
                "从发现到重新安排不超过 24 小时的订单异常 ÷ 本期重新安排的订单异常",
                "order exceptions rearranged within 24 h ÷ order exceptions rearranged in the period",
            ),
            Indicator::PromiseKept => (
                "在首次承诺的时间内兑现的承诺 ÷ 首次承诺时间落在本期的承诺（取消的不计）",
                "promises kept by their first instant ÷ promises whose first instant lies in the period (dropped ones aside)",
            ),
            Indicator::FirstResponse => (
                "在时限内首次答复客户的工单 ÷ 首次答复时限落在本期的工单",
                "tickets with a first answer in time ÷ tickets whose limit for it lies in the period",
            ),
            Indicator::WithinLimit => (
                "在时限内办结的工单 ÷ 本期办结的有时限的工单",
                "tickets whose clocks never ran out ÷ tickets with a clock that were closed in the period",
            ),
        };
        Text::new(zh, en)
    }

    /// Percent, unless the settings say otherwise.
    pub fn target(self) -> f64 {
        match self {
            Indicator::ComplaintResolution | Indicator::CardsChecked => 95.0,
            Indicator::FlowResolved => 60.0,
            _ => 90.0,
        }
    }

    /// What a ticket is to the indicator; nothing where it does not count.
    pub fn judge(self, it: &Ticket, of: &TicketType, period: Period, now: At) -> Option<Verdict> {
        // What was written down twice counts once: where it goes on.
        if it.merged.is_some() {
            return None;
        }
        let is = |measure| of.counts_as == Some(measure);
        let within = |until: At, hours: i64| {
            let took_ms = until - it.received_at;
            Verdict { is_good: took_ms <= hours * HOUR_MS, took_ms: Some(took_ms) }
        };
        let confirmed = || it.closed_at.filter(|at| it.confirmed && period.holds(*at));
        let handling = || it.clocks.iter().filter(|clock| !is_reply(of, &clock.key));
        match self {
            Indicator::ComplaintResolution if is(TicketMeasure::Complaint) => {
                let due_at = handling().map(|clock| clock.due_at).max()?;
                let counts = period.holds(due_at) && (due_at <= now || it.closed_at.is_some());
                counts.then_some(Verdict { is_good: it.confirmed, took_ms: None })
            }
            Indicator::ComplaintTime if is(TicketMeasure::Complaint) => Some(within(confirmed()?, 48)),
            Indicator::FeedbackTime if is(TicketMeasure::Feedback) => {
                Some(within(it.solved_at.filter(|at| period.holds(*at))?, 72))
            }
            Indicator::OrderRearranged if is(TicketMeasure::OrderException) => Some(within(confirmed()?, 24)),
            Indicator::FirstResponse => {
                let clock = it.clocks.iter().find(|clock| is_reply(of, &clock.key))?;
                let is_over = clock.due_at <= now || clock.stopped_at.is_some();
                let took_ms = it.replied_at.map(|at| at - clock.started_at);
                (period.holds(clock.due_at) && is_over)
                    .then_some(Verdict { is_good: it.replied_at.is_some() && !clock.late, took_ms })
            }
            Indicator::WithinLimit => {
                let closed_at = it.closed_at.filter(|at| period.holds(*at))?;
                let mut clocks = handling().peekable();
                clocks.peek()?;
                Some(Verdict {
                    is_good: clocks.all(|clock| !clock.late),
                    took_ms: Some(closed_at - it.received_at),
                })
            }
            _ => None,
        }
    }

    /// What an answer to a survey is to the indicator.
    pub fn judge_survey(self, it: &SurveyAsk, period: Period, good: u8) -> Option<Verdict> {
        let score = it.csat.filter(|_| self == Indicator::Satisfaction)?;
        let counts = it.answered_at.is_some_and(|at| period.holds(at));
        counts.then_some(Verdict { is_good: score >= good, took_ms: None })
    }

    /// What a call is to the indicator: one that is over.
    pub fn judge_call(self, it: &Contact, period: Period) -> Option<Verdict> {
        let counts = self == Indicator::FlowResolved
            && it.medium == Medium::Voice
            && period.holds(it.started_at)
            && it.closed_at.is_some();
        let is_good = it.resolved && it.answered_at.is_none();
        counts.then_some(Verdict { is_good, took_ms: it.closed_at.map(|at| at - it.started_at) })
    }

    /// What a promise is to the indicator.
    pub fn judge_promise(self, it: &Promise, period: Period, now: At) -> Option<Verdict> {
        let counts = self == Indicator::PromiseKept
            && it.dropped_at.is_none()
            && period.holds(it.first_due_at)
            && (it.kept_at.is_some() || it.first_due_at <= now);
        let took_ms = it.kept_at.map(|at| at - it.made_at);
        counts.then_some(Verdict { is_good: it.is_kept_in_time(), took_ms })
    }
}

fn is_reply(of: &TicketType, key: &str) -> bool {
    of.clocks.iter().any(|clock| clock.key == key && clock.first_reply)
}

/// A figure over verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figure {
    pub good: u64,
    pub all: u64,
    /// Nothing where nothing counts.
    pub percent: Option<f64>,
    pub mean_ms: Option<i64>,
    pub p90_ms: Option<i64>,
}

impl Figure {
    /// Of so many, so many are good.
    pub fn counted(good: u64, all: u64) -> Figure {
        let percent = (all > 0).then(|| good as f64 * 100.0 / all as f64);
        Figure { good, all, percent, ..Figure::default() }
    }

    pub fn of(verdicts: &[Verdict]) -> Figure {
        let good = verdicts.iter().filter(|it| it.is_good).count() as u64;
        let all = verdicts.len() as u64;
        let mut took: Vec<i64> = verdicts.iter().filter_map(|it| it.took_ms).collect();
        took.sort_unstable();
        // The nearest rank: the smallest value that nine tenths do not exceed.
        let rank = (took.len() * 9).div_ceil(10);
        Figure {
            mean_ms: (!took.is_empty()).then(|| took.iter().sum::<i64>() / took.len() as i64),
            p90_ms: rank.checked_sub(1).map(|place| took[place]),
            ..Figure::counted(good, all)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yingda_core::{config::TicketClock, ticket::RunningClock};

    const PERIOD: Period = Period { from: 0, to: 1_000 * HOUR_MS };
    const NOW: At = 900 * HOUR_MS;

    fn kind(counts_as: TicketMeasure) -> TicketType {
        let clock =
            |key: &str, first_reply| TicketClock { key: key.into(), first_reply, ..TicketClock::default() };
        TicketType {
            counts_as: Some(counts_as),
            clocks: vec![clock("reply", true), clock("handling", false)],
            ..TicketType::default()
        }
    }

    fn clock(key: &str, due_h: i64, late: bool) -> RunningClock {
        RunningClock { key: key.into(), due_at: due_h * HOUR_MS, late, ..RunningClock::default() }
    }

    fn closed(hours: i64, confirmed: bool) -> Ticket {
        Ticket {
            received_at: 10 * HOUR_MS,
            closed_at: Some((10 + hours) * HOUR_MS),
            solved_at: Some((10 + hours) * HOUR_MS),
            confirmed,
            clocks: vec![clock("reply", 11, false), clock("handling", 58, hours > 48)],
            ..Ticket::default()
        }
    }

    #[test]
    fn k_05_k_06_an_unconfirmed_closure_is_no_resolution_and_has_no_handling_time() {
        let of = kind(TicketMeasure::Complaint);
        let judge = |it: Indicator, ticket: &Ticket| it.judge(ticket, &of, PERIOD, NOW);
        let resolved = |ticket: &Ticket| judge(Indicator::ComplaintResolution, ticket).map(|it| it.is_good);
        assert_eq!(resolved(&closed(40, true)), Some(true));
        assert_eq!(resolved(&closed(40, false)), Some(false), "closed as unreachable");
        let open = Ticket { closed_at: None, confirmed: false, ..closed(0, false) };
        assert_eq!(resolved(&open), Some(false), "its deadline has passed");
        let later = Ticket { clocks: vec![clock("handling", 950, false)], ..open.clone() };
        assert_eq!(resolved(&later), None, "its deadline is still to come");
        let in_time = |ticket: &Ticket| judge(Indicator::ComplaintTime, ticket).map(|it| it.is_good);
        assert_eq!(in_time(&closed(48, true)), Some(true), "the last instant counts");
        assert_eq!(in_time(&closed(49, true)), Some(false));
        assert_eq!(in_time(&closed(40, false)), None);
        assert_eq!(
            Indicator::ComplaintTime.judge(&closed(1, true), &kind(TicketMeasure::Feedback), PERIOD, NOW),
            None
        );
    }

    #[test]
    fn k_07_k_16_k_42_each_has_its_own_limit() {
        let feedback = kind(TicketMeasure::Feedback);
        let order = kind(TicketMeasure::OrderException);
        let good = |it: Indicator, ticket: &Ticket, of: &TicketType| {
            it.judge(ticket, of, PERIOD, NOW).map(|it| it.is_good)
        };
        assert_eq!(good(Indicator::FeedbackTime, &closed(72, false), &feedback), Some(true));
        assert_eq!(good(Indicator::FeedbackTime, &closed(73, true), &feedback), Some(false));
        assert_eq!(good(Indicator::OrderRearranged, &closed(24, true), &order), Some(true));
        assert_eq!(good(Indicator::OrderRearranged, &closed(25, true), &order), Some(false));
        assert_eq!(good(Indicator::WithinLimit, &closed(48, false), &order), Some(true));
        assert_eq!(good(Indicator::WithinLimit, &closed(49, true), &order), Some(false));
        let outside = Period { from: 0, to: 20 * HOUR_MS };
        assert_eq!(Indicator::WithinLimit.judge(&closed(48, true), &order, outside, NOW), None);
    }

    #[test]
    fn k_41_k_30_what_was_never_answered_is_late() {
        let of = kind(TicketMeasure::Complaint);
        let silent = closed(40, true);
        let answered = Ticket { replied_at: Some(10 * HOUR_MS + 1), ..silent.clone() };
        let good =
            |ticket: &Ticket| Indicator::FirstResponse.judge(ticket, &of, PERIOD, NOW).map(|it| it.is_good);
        assert_eq!((good(&silent), good(&answered)), (Some(false), Some(true)));
        let promise = Promise { first_due_at: 5 * HOUR_MS, due_at: 50 * HOUR_MS, ..Promise::default() };
        let judge = |it: &Promise| Indicator::PromiseKept.judge_promise(it, PERIOD, NOW).map(|it| it.is_good);
        assert_eq!(judge(&promise), Some(false));
        assert_eq!(judge(&Promise { kept_at: Some(5 * HOUR_MS), ..promise.clone() }), Some(true));
        assert_eq!(
            judge(&Promise { kept_at: Some(6 * HOUR_MS), ..promise.clone() }),
            Some(false),
            "moved, but first due before"
        );
        assert_eq!(judge(&Promise { dropped_at: Some(1), ..promise }), None);
    }

    #[test]
    fn k_04_four_and_five_of_five_are_satisfied() {
        let said = |score| SurveyAsk { csat: score, answered_at: Some(5), ..SurveyAsk::default() };
        let judge = |it: &SurveyAsk, good| {
            Indicator::Satisfaction.judge_survey(it, PERIOD, good).map(|it| it.is_good)
        };
        let four = [3, 4, 5].map(|score| judge(&said(Some(score)), 4));
        assert_eq!(four, [Some(false), Some(true), Some(true)]);
        assert_eq!(
            (judge(&said(Some(4)), 5), judge(&said(None), 4)),
            (Some(false), None),
            "without a score it is no answer"
        );
        assert_eq!(judge(&SurveyAsk { answered_at: Some(-1), ..said(Some(5)) }, 4), None);
    }

    #[test]
    fn k_15_a_call_is_resolved_where_a_machine_gave_what_was_wanted_and_nobody_had_to_answer() {
        let call = Contact {
            medium: Medium::Voice,
            started_at: 5,
            closed_at: Some(65),
            resolved: true,
            ..Contact::default()
        };
        let judge = |it: &Contact| Indicator::FlowResolved.judge_call(it, PERIOD);
        assert_eq!(judge(&call), Some(Verdict { is_good: true, took_ms: Some(60) }));
        let good = |it: Contact| judge(&it).map(|it| it.is_good);
        assert_eq!(good(Contact { answered_at: Some(9), ..call.clone() }), Some(false));
        assert_eq!(good(Contact { resolved: false, ..call.clone() }), Some(false));
        assert_eq!(good(Contact { closed_at: None, ..call.clone() }), None, "it goes on");
        assert_eq!(good(Contact { medium: Medium::Chat, ..call }), None);
    }

    #[test]
    fn a_figure_has_its_parts() {
        let verdict = |hours: i64| Verdict { is_good: hours <= 3, took_ms: Some(hours * HOUR_MS) };
        let figure = Figure::of(&[1, 2, 3, 10].map(verdict));
        assert_eq!((figure.good, figure.all, figure.percent), (3, 4, Some(75.0)));
        assert_eq!((figure.mean_ms, figure.p90_ms), (Some(4 * HOUR_MS), Some(10 * HOUR_MS)));
        assert_eq!(Figure::of(&[]), Figure::default());
    }
}
