//! Named, versioned formulas over a tally. What is printed here is what is computed here.

use crate::{table::Cell, tally::Tally};
use serde::{Deserialize, Serialize};
use yingda_core::lang::Text;

/// The field's five readings of "service level", on the same facts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Level {
    #[default]
    F1,
    F2,
    F3,
    F4,
    F5,
}

impl Level {
    pub const ALL: [Level; 5] = [Level::F1, Level::F2, Level::F3, Level::F4, Level::F5];
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Metric {
    Contacts,
    Entered,
    Waiting,
    Answered,
    Abandoned,
    ShortAbandoned,
    FlowedOut,
    LeftMessage,
    AnswerRate,
    AbandonmentRate,
    ServiceLevel(Level),
    SpeedOfAnswer,
    WaitMean,
    WaitP90,
    WaitLongest,
    Segments,
    HandlingTime,
    TalkTime,
    WrapUpTime,
    FirstResponse,
    FirstResponseP90,
    AgentMessages,
    CustomerMessages,
    Transferred,
    Satisfaction,
    RatingMean,
    Ratings,
    RatingResponse,
    Offers,
    Missed,
    Declined,
    SignedIn,
    Ready,
    NotReady,
    Occupancy,
    ConcurrencyMean,
    ConcurrencyPeak,
    Invited,
    Accepted,
    Acceptance,
}

/// How a figure is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Text,
    Count,
    Percent,
    Ms,
    Number,
}

/// What is printed about a metric.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    pub key: &'static str,
    /// The indicator of the catalogue that it computes; empty if none.
    pub code: &'static str,
    /// Rises when the formula changes, so that old printed reports can be told apart.
    pub version: u16,
    pub unit: Unit,
    pub name: (&'static str, &'static str),
    pub formula: (&'static str, &'static str),
}

impl Definition {
    pub fn name(&self) -> Text {
        Text::new(self.name.0, self.name.1)
    }

    pub fn formula(&self) -> Text {
        Text::new(self.formula.0, self.formula.1)
    }
}

const fn define(
    key: &'static str,
    code: &'static str,
    unit: Unit,
    name: (&'static str, &'static str),
    formula: (&'static str, &'static str),
) -> Definition {
    Definition { key, code, version: 1, unit, name, formula }
}

impl Metric {
    pub fn definition(self) -> Definition {
        use Unit::*;
        match self {
            Metric::Contacts => define(
                "contacts",
                "",
                Count,
                ("会话数", "Contacts"),
                ("不同会话的个数；一个会话只计一次", "Distinct conversations; each counts once"),
            ),
            Metric::Entered => define(
                "entered",
                "",
                Count,
                ("进入队列", "Entered"),
                (
                    "进入队列的次数；振铃未答退回原位不另计",
                    "Entries into a queue; going back to its place after an unanswered offer is no new entry",
                ),
            ),
            Metric::Waiting => define(
                "waiting",
                "",
                Count,
                ("等待中", "Waiting"),
                ("尚未离开队列的次数", "Entries that have not left the queue"),
            ),
            Metric::Answered => define(
                "answered",
                "K-02",
                Count,
                ("已接入", "Answered"),
                ("由座席接入而离开队列的次数", "Entries that left the queue to an agent"),
            ),
            Metric::Abandoned => define(
                "abandoned",
                "",
                Count,
                ("放弃", "Abandoned"),
                (
                    "客户在接入前离开的次数；转队列、溢出、留言不算放弃",
                    "Entries the customer left before an answer; transfer, overflow and an offline message are no abandons",
                ),
            ),
            Metric::ShortAbandoned => define(
                "abandoned_short",
                "",
                Count,
                ("短时放弃", "Short abandons"),
                ("等待不足 5 秒的放弃", "Abandons after less than 5 s"),
            ),
            Metric::FlowedOut => define(
                "flowed_out",
                "",
                Count,
                ("流出", "Flowed out"),
                (
                    "溢出或转到别处的次数，既非接入也非放弃",
                    "Entries that overflowed or were transferred: neither answered nor abandoned",
                ),
            ),
            Metric::LeftMessage => define(
                "left_message",
                "",
                Count,
                ("转留言", "To message"),
                ("变成离线留言的次数", "Entries that became an offline message"),
            ),
            Metric::AnswerRate => define(
                "answer_rate",
                "K-01",
                Percent,
                ("接听率", "Answer rate"),
                ("接入的会话数 ÷ 进入过队列的会话数", "Contacts answered ÷ contacts that entered a queue"),
            ),
            Metric::AbandonmentRate => define(
                "abandonment_rate",
                "",
                Percent,
                ("放弃率", "Abandonment"),
                ("放弃 ÷ 进入队列", "Abandoned ÷ entered"),
            ),
            Metric::ServiceLevel(level) => level.definition(),
            Metric::SpeedOfAnswer => define(
                "asa",
                "",
                Ms,
                ("平均应答速度", "Average speed of answer"),
                ("已接入者的等待时间之和 ÷ 已接入", "Wait of the answered ÷ answered"),
            ),
            Metric::WaitMean => define(
                "wait_mean",
                "K-39",
                Ms,
                ("平均等待", "Mean wait"),
                (
                    "所有进入者的等待时间之和 ÷ 进入队列（等待中的计到此刻）",
                    "Wait of all entries ÷ entered; those still waiting count up to now",
                ),
            ),
            Metric::WaitP90 => define(
                "wait_p90",
                "K-39",
                Ms,
                ("等待 P90", "Wait p90"),
                (
                    "九成进入者的等待不超过此值（最近秩）",
                    "Nine in ten entries waited no longer (nearest rank)",
                ),
            ),
            Metric::WaitLongest => define(
                "wait_longest",
                "K-39",
                Ms,
                ("最长等待", "Longest wait"),
                ("等待时间的最大值", "The greatest wait"),
            ),
            Metric::Segments => define(
                "segments",
                "K-02",
                Count,
                ("接待次数", "Handled"),
                (
                    "座席接手的会话段数；同一会话转给两人各计一次",
                    "Segments taken by agents; a contact passed on counts once for each agent",
                ),
            ),
            Metric::HandlingTime => define(
                "aht",
                "",
                Ms,
                ("平均处理时长", "Average handling time"),
                ("（会话 + 保持 + 话后）÷ 已结束的会话段", "(Talk + hold + wrap-up) ÷ segments that ended"),
            ),
            Metric::TalkTime => define(
                "talk",
                "",
                Ms,
                ("会话时长", "Contact time"),
                ("已结束会话段的会话时间之和", "Sum of contact time of ended segments"),
            ),
            Metric::WrapUpTime => define(
                "wrap_up",
                "",
                Ms,
                ("话后时长", "Wrap-up time"),
                ("话后处理时间之和", "Sum of wrap-up time"),
            ),
            Metric::FirstResponse => define(
                "first_response",
                "K-41",
                Ms,
                ("平均首次响应", "Mean first response"),
                (
                    "从接入到座席第一条消息的平均时间",
                    "Mean time from assignment to the agent's first message",
                ),
            ),
            Metric::FirstResponseP90 => define(
                "first_response_p90",
                "K-41",
                Ms,
                ("首次响应 P90", "First response p90"),
                (
                    "九成会话段的首次响应不超过此值（最近秩）",
                    "Nine in ten first responses took no longer (nearest rank)",
                ),
            ),
            Metric::AgentMessages => define(
                "agent_messages",
                "",
                Count,
                ("座席消息", "Agent messages"),
                ("座席在其会话段内发出的消息数", "Messages by the agent within the segment"),
            ),
            Metric::CustomerMessages => define(
                "customer_messages",
                "",
                Count,
                ("客户消息", "Customer messages"),
                ("客户在会话段内发出的消息数", "Messages by the customer within the segment"),
            ),
            Metric::Transferred => define(
                "transferred",
                "",
                Count,
                ("转出", "Transferred"),
                ("以转接结束的会话段数", "Segments that ended by a transfer"),
            ),
            Metric::Satisfaction => define(
                "csat",
                "K-04",
                Percent,
                ("满意度", "CSAT"),
                ("4 分和 5 分的评价 ÷ 全部评价", "Ratings of 4 and 5 ÷ all ratings"),
            ),
            Metric::RatingMean => define(
                "rating_mean",
                "K-04",
                Number,
                ("平均评分", "Mean rating"),
                ("评分之和 ÷ 评价数", "Sum of scores ÷ ratings"),
            ),
            Metric::Ratings => {
                define("ratings", "", Count, ("评价数", "Ratings"), ("收到的评价数", "Ratings received"))
            }
            Metric::RatingResponse => define(
                "rating_response",
                "K-04",
                Percent,
                ("评价率", "Response rate"),
                ("评价数 ÷ 邀请评价或已评价的会话段", "Ratings ÷ segments asked for a rating or rated"),
            ),
            Metric::Offers => define(
                "offers",
                "",
                Count,
                ("接入请求", "Offers"),
                ("向座席发出、已有结果的接入请求数", "Offers to agents that have ended"),
            ),
            Metric::Missed => define(
                "missed",
                "",
                Count,
                ("未接听", "Missed"),
                ("超时未应答的接入请求", "Offers that timed out"),
            ),
            Metric::Declined => {
                define("declined", "", Count, ("拒绝", "Declined"), ("被拒绝的接入请求", "Offers declined"))
            }
            Metric::SignedIn => define(
                "signed_in",
                "",
                Ms,
                ("签入时长", "Signed in"),
                ("就绪与忙碌时间之和", "Time ready and busy"),
            ),
            Metric::Ready => define(
                "ready",
                "",
                Ms,
                ("就绪时长", "Ready"),
                ("处于就绪状态的时间", "Time in the state ready"),
            ),
            Metric::NotReady => define(
                "not_ready",
                "",
                Ms,
                ("忙碌时长", "Busy"),
                ("处于忙碌状态的时间", "Time in the state busy (not ready)"),
            ),
            Metric::Occupancy => define(
                "occupancy",
                "",
                Percent,
                ("占用率", "Occupancy"),
                (
                    "服务时间（并行会话按占用容量加权，合计最多为 1）÷ 就绪或有会话的时间",
                    "Contact and wrap-up time, parallel contacts by capacity weight and together at most 1 ÷ time ready or on contact",
                ),
            ),
            Metric::ConcurrencyMean => define(
                "concurrency_mean",
                "K-40",
                Number,
                ("平均同时接待", "Mean concurrency"),
                (
                    "各会话时间之和 ÷ 至少有一个会话的时间",
                    "Sum of contact time ÷ time with at least one contact",
                ),
            ),
            Metric::ConcurrencyPeak => define(
                "concurrency_peak",
                "K-40",
                Count,
                ("最多同时接待", "Peak concurrency"),
                ("一名座席同时打开的会话数的最大值", "Most contacts open at once with one agent"),
            ),
            Metric::Invited => define(
                "invited",
                "",
                Count,
                ("展示次数", "Shown"),
                ("邀请展示给访客的次数", "Invitations shown to visitors"),
            ),
            Metric::Accepted => define(
                "accepted",
                "",
                Count,
                ("接受次数", "Accepted"),
                ("被访客接受的邀请", "Invitations accepted"),
            ),
            Metric::Acceptance => define(
                "acceptance",
                "",
                Percent,
                ("接受率", "Acceptance"),
                ("接受次数 ÷ 展示次数", "Accepted ÷ shown"),
            ),
        }
    }

    pub fn of(self, tally: &Tally) -> Cell {
        let t = tally;
        match self {
            Metric::Contacts => Cell::count(t.contacts.len() as u64),
            Metric::Entered => Cell::count(t.entered),
            Metric::Waiting => Cell::count(t.waiting),
            Metric::Answered => Cell::count(t.answered),
            Metric::Abandoned => Cell::count(t.abandoned),
            Metric::ShortAbandoned => Cell::count(t.abandoned_short),
            Metric::FlowedOut => Cell::count(t.flowed_out),
            Metric::LeftMessage => Cell::count(t.left_message),
            Metric::AnswerRate => {
                Cell::ratio(t.answered_contacts.len() as u64, t.queued_contacts.len() as u64)
            }
            Metric::AbandonmentRate => Cell::ratio(t.abandoned, t.entered),
            Metric::ServiceLevel(level) => {
                let (good, all) = level.parts(t);
                Cell::ratio(good, all)
            }
            Metric::SpeedOfAnswer => mean(&t.answered_wait_ms),
            Metric::WaitMean => mean(&t.all_wait_ms),
            Metric::WaitP90 => p90(&t.all_wait_ms),
            Metric::WaitLongest => t.all_wait_ms.iter().max().map_or(Cell::Empty, |ms| Cell::Whole(*ms)),
            Metric::Segments => Cell::count(t.segments),
            Metric::HandlingTime => Cell::mean_ms(t.talk_ms + t.wrap_ms, t.handled),
            Metric::TalkTime => Cell::Whole(t.talk_ms),
            Metric::WrapUpTime => Cell::Whole(t.wrap_ms),
            Metric::FirstResponse => mean(&t.first_response_ms),
            Metric::FirstResponseP90 => p90(&t.first_response_ms),
            Metric::AgentMessages => Cell::count(t.agent_messages),
            Metric::CustomerMessages => Cell::count(t.customer_messages),
            Metric::Transferred => Cell::count(t.transferred),
            Metric::Satisfaction => Cell::ratio(t.satisfied, t.ratings),
            Metric::RatingMean => Cell::ratio(t.rating_sum, t.ratings),
            Metric::Ratings => Cell::count(t.ratings),
            Metric::RatingResponse => Cell::ratio(t.ratings, t.rating_asked),
            Metric::Offers => Cell::count(t.offers),
            Metric::Missed => Cell::count(t.missed),
            Metric::Declined => Cell::count(t.declined),
            Metric::SignedIn => Cell::Whole(t.signed_in_ms),
            Metric::Ready => Cell::Whole(t.ready_ms),
            Metric::NotReady => Cell::Whole(t.not_ready_ms),
            Metric::Occupancy => Cell::ratio_ms(t.load.weighted_ms, t.load.working_ms),
            Metric::ConcurrencyMean => Cell::ratio_ms(t.load.contact_ms, t.load.busy_ms),
            Metric::ConcurrencyPeak => Cell::count(u64::from(t.load.peak)),
            Metric::Invited => Cell::count(t.invited),
            Metric::Accepted => Cell::count(t.accepted),
            Metric::Acceptance => Cell::ratio(t.accepted, t.invited),
        }
    }
}

impl Level {
    fn definition(self) -> Definition {
        let (key, formula) = match self {
            Level::F1 => (
                "service_level_f1",
                (
                    "F1 =（时限内接入 + 时限内放弃）÷（接入 + 放弃）",
                    "F1 = (answered in time + abandoned in time) ÷ (answered + abandoned)",
                ),
            ),
            Level::F2 => ("service_level_f2", ("F2 = 时限内接入 ÷ 接入", "F2 = answered in time ÷ answered")),
            Level::F3 => (
                "service_level_f3",
                ("F3 = 时限内接入 ÷（接入 + 放弃）", "F3 = answered in time ÷ (answered + abandoned)"),
            ),
            Level::F4 => (
                "service_level_f4",
                (
                    "F4 = 时限内接入 ÷（接入 + 超时后放弃）",
                    "F4 = answered in time ÷ (answered + abandoned after the threshold)",
                ),
            ),
            Level::F5 => (
                "service_level_f5",
                (
                    "F5 =（时限内接入 + 短时放弃）÷（接入 + 放弃）",
                    "F5 = (answered in time + short abandons) ÷ (answered + abandoned)",
                ),
            ),
        };
        define(key, "", Unit::Percent, ("服务水平", "Service level"), formula)
    }

    fn parts(self, t: &Tally) -> (u64, u64) {
        match self {
            Level::F1 => (t.answered_in_time + t.abandoned_in_time, t.answered + t.abandoned),
            Level::F2 => (t.answered_in_time, t.answered),
            Level::F3 => (t.answered_in_time, t.answered + t.abandoned),
            Level::F4 => (t.answered_in_time, t.answered + t.abandoned - t.abandoned_in_time),
            Level::F5 => (t.answered_in_time + t.abandoned_short, t.answered + t.abandoned),
        }
    }
}

fn mean(values: &[i64]) -> Cell {
    Cell::mean_ms(values.iter().sum(), values.len() as u64)
}

fn p90(values: &[i64]) -> Cell {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    // Nearest rank: the smallest value that nine in ten do not exceed.
    let rank = (sorted.len() * 9).div_ceil(10);
    rank.checked_sub(1).map_or(Cell::Empty, |at| Cell::Whole(sorted[at]))
}
