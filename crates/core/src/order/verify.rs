//! Whether an order can be sent as it stands (B-15): the goods, how many, to whom, where, and who pays.

use super::{Deed, Order, OrderPayment, edit::next};
use crate::{
    At,
    actor::Actor,
    event::{Fact, OrderVerified},
    fault::{Fault, Refused},
    form::is_phone,
    id::UserId,
    refusal::Refusal,
};
use serde::{Deserialize, Serialize};

/// A line of the checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderItem {
    Goods,
    Quantity,
    Receiver,
    Phone,
    Address,
    Payment,
}

impl OrderItem {
    pub const ALL: [OrderItem; 6] = [
        OrderItem::Goods,
        OrderItem::Quantity,
        OrderItem::Receiver,
        OrderItem::Phone,
        OrderItem::Address,
        OrderItem::Payment,
    ];
}

/// What of a line is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderLack {
    /// No goods at all, or some without a model.
    Model,
    Quantity,
    Name,
    Phone,
    Province,
    City,
    Street,
    /// House, building or room.
    House,
    Payment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    Ok,
    Missing,
    /// The customer said so.
    Confirmed,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct OrderCheck {
    pub item: OrderItem,
    pub state: CheckState,
    pub lacks: Vec<OrderLack>,
    pub confirmed: Option<Confirmation>,
}

/// The customer confirmed something, as somebody took down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Confirmation {
    pub confirmed_at: At,
    pub confirmed_by: Option<UserId>,
    /// How: by telephone, in a chat …
    pub how: String,
}

/// The checklist of an order.
pub fn verify(it: &Order) -> Vec<OrderCheck> {
    let check = |item| {
        let lacks = lacks(it, item);
        let confirmed = it.confirmed.get(&item).cloned();
        let state = match (&confirmed, lacks.is_empty()) {
            (Some(_), _) => CheckState::Confirmed,
            (None, true) => CheckState::Ok,
            (None, false) => CheckState::Missing,
        };
        OrderCheck { item, state, lacks, confirmed }
    };
    OrderItem::ALL.map(check).into()
}

pub fn is_sure(it: &Order) -> bool {
    OrderItem::ALL.into_iter().all(|item| it.confirmed.contains_key(&item) || lacks(it, item).is_empty())
}

fn lacks(it: &Order, item: OrderItem) -> Vec<OrderLack> {
    let order = &it.order;
    let one = |lacks: bool, what| if lacks { vec![what] } else { vec![] };
    match item {
        OrderItem::Goods => {
            let nameless = |line: &super::OrderLine| line.sku.is_empty() || line.name.is_empty();
            one(order.lines.is_empty() || order.lines.iter().any(nameless), OrderLack::Model)
        }
        OrderItem::Quantity => {
            let none = order.lines.is_empty() || order.lines.iter().any(|line| line.quantity == 0);
            one(none, OrderLack::Quantity)
        }
        OrderItem::Receiver => one(order.receiver.name.is_empty(), OrderLack::Name),
        OrderItem::Phone => {
            let digits = order.receiver.phone.chars().filter(char::is_ascii_digit).count();
            one(digits < 7 || !is_phone(&order.receiver.phone), OrderLack::Phone)
        }
        OrderItem::Address => address_lacks(&order.receiver.address),
        OrderItem::Payment => one(order.payment == OrderPayment::Unpaid, OrderLack::Payment),
    }
}

/// Cities that are provinces as well.
const MUNICIPALITIES: [&str; 6] = ["北京", "上海", "天津", "重庆", "香港", "澳门"];
/// Provinces as people write them without what they are.
const PROVINCES: [&str; 29] = [
    "河北",
    "山西",
    "辽宁",
    "吉林",
    "黑龙江",
    "江苏",
    "浙江",
    "安徽",
    "福建",
    "江西",
    "山东",
    "河南",
    "湖北",
    "湖南",
    "广东",
    "海南",
    "四川",
    "贵州",
    "云南",
    "陕西",
    "甘肃",
    "青海",
    "台湾",
    "内蒙古",
    "广西",
    "西藏",
    "宁夏",
    "新疆",
    "兵团",
];
const STREETS: [&str; 18] = [
    "路", "街", "道", "巷", "弄", "胡同", "村", "镇", "乡", "小区", "花园", "公寓", "大厦", "广场", "苑",
    "里", "屯", "园",
];
const HOUSES: [&str; 12] = ["号", "栋", "幢", "室", "单元", "楼", "座", "层", "组", "户", "铺", "柜"];

/// What an address lacks. One that is not written in Chinese is only asked for a street and a number, since its parts
/// stand in no fixed order.
pub fn address_lacks(address: &str) -> Vec<OrderLack> {
    let text: String = address.split_whitespace().collect();
    let is_chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let is_digit = |c: char| c.is_numeric() || "零一二三四五六七八九十百".contains(c);
    let has_digit = |text: &str| text.chars().any(char::is_numeric);
    if !is_chinese {
        let has_words =
            address.split_whitespace().filter(|it| it.chars().any(char::is_alphabetic)).count() >= 2;
        let lacks = [(!has_words, OrderLack::Street), (!has_digit(&text), OrderLack::House)];
        return lacks.into_iter().filter(|(lacks, _)| *lacks).map(|(_, what)| what).collect();
    }
    let mut lacks = vec![];
    let mut rest = text.strip_prefix("中国").unwrap_or(&text);
    let municipality = MUNICIPALITIES.into_iter().find(|name| rest.starts_with(name));
    if let Some(name) = municipality {
        rest = &rest[name.len()..];
        for tail in ["特别行政区", "市"] {
            rest = rest.strip_prefix(tail).unwrap_or(rest);
        }
        // The municipality is named twice where a form asks for province and city.
        rest = rest.strip_prefix(name).map_or(rest, |it| it.strip_prefix('市').unwrap_or(it));
    } else {
        match PROVINCES.into_iter().find(|name| rest.starts_with(name)) {
            Some(name) => {
                rest = &rest[name.len()..];
                let tails = ["省", "壮族自治区", "回族自治区", "维吾尔自治区", "自治区"];
                rest = tails.into_iter().find_map(|tail| rest.strip_prefix(tail)).unwrap_or(rest);
            }
            None => lacks.push(OrderLack::Province),
        }
        match cut(rest, &["市", "自治州", "州", "盟", "地区"]) {
            Some(after) => rest = after,
            None => lacks.push(OrderLack::City),
        }
    }
    // What follows is a district, which is no street: 街道 is one as well.
    rest = cut(rest, &["区", "县", "旗", "市"]).unwrap_or(rest);
    let rest = rest.replace("街道", "");
    let ends = STREETS.into_iter().filter_map(|end| rest.find(end).filter(|at| *at > 0));
    if ends.min().is_none() {
        lacks.push(OrderLack::Street);
    }
    let numbered = |house: &str| {
        rest.match_indices(house).any(|(at, _)| {
            let before = rest[..at].chars().next_back();
            before.is_some_and(|c| is_digit(c) || c.is_ascii_alphabetic() || "甲乙丙丁".contains(c))
        })
    };
    if !has_digit(&rest) && !HOUSES.into_iter().any(numbered) {
        lacks.push(OrderLack::House);
    }
    lacks
}

/// What stands behind the first of these words, where it comes early enough to be the name of a place.
fn cut<'a>(text: &'a str, ends: &[&str]) -> Option<&'a str> {
    let found = ends.iter().filter_map(|end| {
        let at = text.find(end)?;
        // 小区 is where people live, no district.
        let is_estate = text[..at].ends_with('小');
        (at > 0 && !is_estate && text[..at].chars().count() <= 10).then_some(at + end.len())
    });
    found.min().map(|at| &text[at..])
}

/// Takes down that the customer confirmed a line of the checklist, or takes it back.
pub fn confirm(
    before: &Order,
    item: OrderItem,
    yes: bool,
    how: &str,
    by: Actor,
    now: At,
) -> Result<(Order, Vec<Deed>), Refused> {
    if how.chars().count() > 500 {
        return Err(Refused::field("how", Fault::TooLong(500)));
    }
    if before.confirmed.contains_key(&item) == yes {
        return Err(Refusal::Empty.into());
    }
    let mut after = next(before, now);
    if yes {
        let how = how.trim().to_owned();
        let said = Confirmation { confirmed_at: now, confirmed_by: by.user(), how };
        after.confirmed.insert(item, said);
    } else {
        after.confirmed.remove(&item);
    }
    let fact = Fact::OrderVerified(OrderVerified {
        order: after.id,
        item,
        confirmed: yes,
        how: how.trim().to_owned(),
    });
    Ok((after, vec![(fact, None)]))
}
