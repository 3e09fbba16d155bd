//! What customers are told of their orders, and in which words.

use super::{CheckState, Order, OrderLack, verify};
use crate::{
    At,
    event::{Fact, OrderNoticed},
    id::*,
    lang::{Lang, Text},
};
use serde::{Deserialize, Serialize};

/// So much of what was said is kept on an order.
const MOST: usize = 200;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderNews {
    #[default]
    Shipped,
    OutForDelivery,
    Delivered,
    Delayed,
    /// Something has to be settled before it can go.
    Question,
    /// A substitute for what cannot be had.
    Offer,
    Arranged,
}

impl OrderNews {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            OrderNews::Shipped => "shipped",
            OrderNews::OutForDelivery => "out_for_delivery",
            OrderNews::Delivered => "delivered",
            OrderNews::Delayed => "delayed",
            OrderNews::Question => "question",
            OrderNews::Offer => "offer",
            OrderNews::Arranged => "arranged",
        }
    }
}

/// Words for a customer: they wait, have left, or could not leave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct OrderNotice {
    pub key: String,
    pub what: OrderNews,
    /// As it was written; empty while the site's words for it still have to be filled in.
    pub text: String,
    pub planned_at: At,
    pub sent_at: Option<At>,
    /// By which channel it left; absent for the product's own chat.
    pub channel: Option<ChannelId>,
    pub conversation: Option<ConversationId>,
    /// No door to the customer was open, or they want none of it.
    pub undeliverable: bool,
}

impl OrderNotice {
    pub fn is_waiting(&self) -> bool {
        self.sent_at.is_none() && !self.undeliverable
    }
}

/// Words that are said by themselves, unless they are switched off. They may name `{number}`, `{goods}`, `{carrier}`,
/// `{tracking}` and `{date}`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct NoticeText {
    pub on: bool,
    pub text: Text,
}

/// How the site deals with orders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OrderSettings {
    /// The kind of ticket that an exception opens; absent: the first kind that counts as one.
    pub exception: Option<TicketTypeId>,
    pub shipped: NoticeText,
    pub out_for_delivery: NoticeText,
    pub delivered: NoticeText,
    pub delayed: NoticeText,
}

impl Default for OrderSettings {
    fn default() -> Self {
        let on = |zh: &str, en: &str| NoticeText { on: true, text: Text::new(zh, en) };
        Self {
            exception: None,
            shipped: on(
                "您的订单 {number} 已发货：{carrier} {tracking}，预计 {date} 送达。",
                "Your order {number} is on its way: {carrier} {tracking}, expected on {date}.",
            ),
            out_for_delivery: on(
                "您的订单 {number} 正在派送，请留意电话。",
                "Your order {number} is out for delivery today.",
            ),
            delivered: on(
                "您的订单 {number} 已送达，感谢您的购买。",
                "Your order {number} has been delivered. Thank you.",
            ),
            delayed: on(
                "很抱歉，您的订单 {number} 不能按时送达，我们正在处理并会尽快与您联系。",
                "We are sorry: your order {number} is late. We are on it and will contact you soon.",
            ),
        }
    }
}

impl OrderSettings {
    pub fn notices(&self) -> [(&'static str, &NoticeText); 4] {
        let OrderSettings { shipped, out_for_delivery, delivered, delayed, .. } = self;
        [
            ("shipped", shipped),
            ("out_for_delivery", out_for_delivery),
            ("delivered", delivered),
            ("delayed", delayed),
        ]
    }

    /// The words for news that are told by themselves.
    pub fn text(&self, what: OrderNews) -> Option<&NoticeText> {
        match what {
            OrderNews::Shipped => Some(&self.shipped),
            OrderNews::OutForDelivery => Some(&self.out_for_delivery),
            OrderNews::Delivered => Some(&self.delivered),
            OrderNews::Delayed => Some(&self.delayed),
            OrderNews::Question | OrderNews::Offer | OrderNews::Arranged => None,
        }
    }
}

/// Plans words for the customer, once by their key; where nobody is named as one there is nobody to tell.
pub(super) fn plan(
    after: &mut Order,
    key: String,
    what: OrderNews,
    text: String,
    settings: &OrderSettings,
    now: At,
) {
    let is_wanted = settings.text(what).is_none_or(|it| it.on && !it.text.is_empty());
    let is_known = after.notices.iter().any(|it| it.key == key);
    if after.order.customer.is_none() || !is_wanted || is_known || after.notices.len() >= MOST {
        return;
    }
    after.notices.push(OrderNotice { key, what, text, planned_at: now, ..OrderNotice::default() });
}

/// The site's words with what they name; `date` makes a day of an instant.
pub fn words(it: &Order, template: &str, lang: Lang, date: impl Fn(At) -> String) -> String {
    let last = it.shipments.last();
    let eta = last.and_then(|it| it.eta).or(it.order.promised_at);
    let goods = it.order.lines.first().map_or("", |line| line.name.as_str());
    let parts = [
        ("{number}", it.order.number.clone()),
        ("{goods}", goods.to_owned()),
        ("{carrier}", last.map(|it| it.carrier.clone()).unwrap_or_default()),
        ("{tracking}", last.map(|it| it.tracking.clone()).unwrap_or_default()),
        ("{date}", eta.map_or_else(|| lang.of("近日", "one of the next days").to_owned(), date)),
    ];
    // What is filled in is not filled again.
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        match parts.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, value)) => {
                out.push_str(value);
                rest = &rest[name.len()..];
            }
            None => {
                out.push('{');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// What the customer is asked where something is missing; nothing where nothing is.
pub fn question(it: &Order, lang: Lang) -> Option<String> {
    let missing = verify::verify(it).into_iter().filter(|check| check.state == CheckState::Missing);
    let lacks: Vec<&str> = missing.flat_map(|check| check.lacks).map(|lack| lack_name(lack, lang)).collect();
    if lacks.is_empty() {
        return None;
    }
    let number = &it.order.number;
    Some(match lang {
        Lang::Zh => format!("您好，您的订单 {number} 还需要您确认：{}。请回复补充，谢谢。", lacks.join("、")),
        Lang::En => {
            format!(
                "Hello, about your order {number} we still need: {}. Please answer this message.",
                lacks.join(", ")
            )
        }
    })
}

fn lack_name(lack: OrderLack, lang: Lang) -> &'static str {
    let (zh, en) = match lack {
        OrderLack::Model => ("商品型号", "which model"),
        OrderLack::Quantity => ("数量", "how many"),
        OrderLack::Name => ("收货人姓名", "the receiver's name"),
        OrderLack::Phone => ("收货人电话", "a telephone number"),
        OrderLack::Province => ("省份", "the province"),
        OrderLack::City => ("城市", "the city"),
        OrderLack::Street => ("街道", "the street"),
        OrderLack::House => ("门牌号", "the house number"),
        OrderLack::Payment => ("付款", "the payment"),
    };
    lang.of(zh, en)
}

/// What became of words that waited.
pub fn told(before: &Order, after: OrderNotice, now: At) -> Option<(Order, super::Deed)> {
    let place = before.notices.iter().position(|it| it.key == after.key && it.is_waiting())?;
    let mut order = super::edit::next(before, now);
    let fact = Fact::OrderNoticed(OrderNoticed {
        order: order.id,
        what: after.what,
        text: after.text.clone(),
        channel: after.channel,
        conversation: after.conversation,
        sent: after.sent_at.is_some(),
    });
    order.notices[place] = after;
    Some((order, (fact, None)))
}
