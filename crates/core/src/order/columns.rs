//! Orders and goods from the columns of a table that somebody brings: which column is what, and what its cells mean.
//! Empty cells change nothing.

use super::{OrderDraft, OrderLine, OrderPayment, OrderState, Product};
use crate::{
    calendar,
    fault::{Fault, Shape, Wrong},
};
use serde::{Deserialize, Serialize};

/// What a column of a table of orders holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum OrderColumn {
    /// It is left out.
    #[default]
    None,
    Number,
    /// The customer's number at the shop.
    CustomerNo,
    PlacedAt,
    PromisedAt,
    State,
    Payment,
    Amount,
    Sku,
    Goods,
    Quantity,
    Price,
    ReceiverName,
    ReceiverPhone,
    ReceiverAddress,
    Note,
}

/// What a column of a table of goods holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProductColumn {
    #[default]
    None,
    Sku,
    Name,
    Price,
    Stock,
    /// Numbers of what may come instead, with commas between them.
    Substitutes,
    Retired,
    /// What it is like, by this name: colour, size …
    Attribute(String),
}

const ORDER_HEADINGS: [(OrderColumn, &[&str]); 15] = [
    (
        OrderColumn::Number,
        &["订单号", "订单编号", "单号", "编号", "order", "order no", "order number", "number"],
    ),
    (
        OrderColumn::CustomerNo,
        &["客户编号", "会员号", "客户号", "买家编号", "customer no", "customer number"],
    ),
    (OrderColumn::PlacedAt, &["下单时间", "下单日期", "订单时间", "placed", "placed at", "order date"]),
    (
        OrderColumn::PromisedAt,
        &["承诺到货", "预计送达", "交货日期", "承诺时间", "promised", "due", "deliver by"],
    ),
    (OrderColumn::State, &["状态", "订单状态", "state", "status"]),
    (OrderColumn::Payment, &["付款", "付款状态", "支付", "支付状态", "payment"]),
    (OrderColumn::Amount, &["金额", "总金额", "订单金额", "实付", "实付金额", "amount", "total"]),
    (OrderColumn::Sku, &["商品编号", "货号", "sku", "商品编码", "product no"]),
    (OrderColumn::Goods, &["商品", "商品名称", "品名", "货品", "goods", "product", "item"]),
    (OrderColumn::Quantity, &["数量", "件数", "quantity", "qty"]),
    (OrderColumn::Price, &["单价", "价格", "售价", "price", "unit price"]),
    (OrderColumn::ReceiverName, &["收货人", "收件人", "姓名", "receiver", "recipient", "name"]),
    (
        OrderColumn::ReceiverPhone,
        &["电话", "手机", "手机号", "收货电话", "联系电话", "telephone", "phone", "mobile"],
    ),
    (OrderColumn::ReceiverAddress, &["地址", "收货地址", "收件地址", "address"]),
    (OrderColumn::Note, &["备注", "买家留言", "note", "remark"]),
];

const PRODUCT_HEADINGS: [(ProductColumn, &[&str]); 6] = [
    (ProductColumn::Sku, &["编号", "商品编号", "货号", "sku", "商品编码", "product no"]),
    (ProductColumn::Name, &["名称", "商品", "商品名称", "品名", "name", "product", "goods"]),
    (ProductColumn::Price, &["单价", "价格", "售价", "price"]),
    (ProductColumn::Stock, &["库存", "数量", "stock", "quantity", "qty"]),
    (ProductColumn::Substitutes, &["替代商品", "可替代", "替代", "substitutes", "instead"]),
    (ProductColumn::Retired, &["停售", "下架", "retired"]),
];

/// What a column probably holds, by what is written above it.
pub fn guess_order(heading: &str) -> OrderColumn {
    let heading = plain(heading);
    let known = ORDER_HEADINGS.iter().find(|(_, names)| names.contains(&heading.as_str()));
    known.map(|(column, _)| *column).unwrap_or_default()
}

/// What is not known otherwise is what the goods are like.
pub fn guess_product(heading: &str) -> ProductColumn {
    let key = plain(heading);
    let known = PRODUCT_HEADINGS.iter().find(|(_, names)| names.contains(&key.as_str()));
    let own = || (!key.is_empty()).then(|| ProductColumn::Attribute(heading.trim().to_owned()));
    known.map(|(column, _)| column.clone()).or_else(own).unwrap_or_default()
}

fn plain(heading: &str) -> String {
    heading.trim().trim_start_matches('\u{feff}').to_lowercase()
}

/// The order that lines of one number make, upon what is known of it. Each line is a position where a column names
/// goods; of everything else the last word counts. With what of it means nothing here.
pub fn draft(
    columns: &[OrderColumn],
    lines: &[&[String]],
    before: Option<&OrderDraft>,
    zone: &str,
) -> (OrderDraft, Vec<Wrong>) {
    let mut it = before.cloned().unwrap_or_default();
    let mut wrong = vec![];
    let names_goods = |column: &OrderColumn| matches!(column, OrderColumn::Sku | OrderColumn::Goods);
    let old = if columns.iter().any(names_goods) { std::mem::take(&mut it.lines) } else { vec![] };
    for cells in lines {
        let mut line = OrderLine { quantity: 1, ..OrderLine::default() };
        for (column, cell) in columns.iter().zip(*cells) {
            let cell = cell.trim();
            if cell.is_empty() {
                continue;
            }
            let text = cell.to_owned();
            let mut fail = |field: &str, shape| {
                wrong.push(Wrong { field: field.into(), fault: Fault::Malformed(shape) })
            };
            match column {
                OrderColumn::None => {}
                OrderColumn::Number => it.number = text,
                OrderColumn::CustomerNo => it.customer_external_id = text,
                OrderColumn::PlacedAt => match calendar::read_instant(zone, cell) {
                    Some(at) => it.placed_at = at,
                    None => fail("placed_at", Shape::Date),
                },
                OrderColumn::PromisedAt => match calendar::read_instant(zone, cell) {
                    Some(at) => it.promised_at = Some(at),
                    None => fail("promised_at", Shape::Date),
                },
                OrderColumn::State => match OrderState::read(cell) {
                    Some(state) => it.state = state,
                    None => fail("state", Shape::Choice),
                },
                OrderColumn::Payment => match OrderPayment::read(cell) {
                    Some(payment) => it.payment = payment,
                    None => fail("payment", Shape::Choice),
                },
                OrderColumn::Amount => match cents(cell) {
                    Some(amount) => it.amount = amount,
                    None => fail("amount", Shape::Number),
                },
                OrderColumn::Sku => line.sku = text,
                OrderColumn::Goods => line.name = text,
                OrderColumn::Quantity => match cell.parse() {
                    Ok(quantity) => line.quantity = quantity,
                    Err(_) => fail("lines.quantity", Shape::Number),
                },
                OrderColumn::Price => match cents(cell) {
                    Some(price) => line.price = price,
                    None => fail("lines.price", Shape::Number),
                },
                OrderColumn::ReceiverName => it.receiver.name = text,
                OrderColumn::ReceiverPhone => it.receiver.phone = text,
                OrderColumn::ReceiverAddress => it.receiver.address = text,
                OrderColumn::Note => it.note = text,
            }
        }
        if !line.sku.is_empty() || !line.name.is_empty() {
            it.lines.push(line);
        }
    }
    if it.lines.is_empty() && !old.is_empty() {
        it.lines = old;
    }
    if it.amount == 0 {
        it.amount = it.lines.iter().map(|line| line.price * i64::from(line.quantity)).sum();
    }
    (it, wrong)
}

/// The goods that a line holds, upon what is known of them.
pub fn product(
    columns: &[ProductColumn],
    cells: &[String],
    before: Option<&Product>,
) -> (Product, Vec<Wrong>) {
    let mut it = before.cloned().unwrap_or_default();
    let mut wrong = vec![];
    for (column, cell) in columns.iter().zip(cells) {
        let cell = cell.trim();
        if cell.is_empty() {
            continue;
        }
        let text = cell.to_owned();
        let mut fail =
            |field: &str, shape| wrong.push(Wrong { field: field.into(), fault: Fault::Malformed(shape) });
        match column {
            ProductColumn::None => {}
            ProductColumn::Sku => it.sku = text,
            ProductColumn::Name => it.name = text,
            ProductColumn::Price => match cents(cell) {
                Some(price) => it.price = price,
                None => fail("price", Shape::Number),
            },
            ProductColumn::Stock => match cell.parse() {
                Ok(stock) => it.stock = stock,
                Err(_) => fail("stock", Shape::Number),
            },
            ProductColumn::Substitutes => {
                let all = cell.split([',', '，', '、', ';', '；']).map(|it| it.trim().to_owned());
                it.substitutes = all.filter(|it| !it.is_empty()).collect();
            }
            ProductColumn::Retired => match crate::customer::columns::truth(cell) {
                Some(retired) => it.retired = retired,
                None => fail("retired", Shape::Consent),
            },
            ProductColumn::Attribute(name) => drop(it.attributes.insert(name.clone(), text)),
        }
    }
    (it, wrong)
}

/// An amount as people write it, in cents: `¥1,299.50`.
fn cents(cell: &str) -> Option<i64> {
    let bare: String = cell.chars().filter(|c| !matches!(c, '¥' | '￥' | '元' | ',' | '，' | ' ')).collect();
    let (whole, part) = bare.split_once('.').unwrap_or((&bare, ""));
    let is_number =
        !whole.is_empty() && [whole, part].iter().all(|it| it.bytes().all(|byte| byte.is_ascii_digit()));
    // A spreadsheet that computed gives more places, which are nothing.
    let cents: String = part.chars().chain("00".chars()).take(2).collect();
    if !is_number || part.bytes().skip(2).any(|byte| byte != b'0') {
        return None;
    }
    whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents.parse::<i64>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(line: &str) -> Vec<String> {
        line.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn b_15_lines_of_one_number_are_one_order() {
        let headings =
            ["订单号", "下单时间", "状态", "付款", "货号", "商品名称", "数量", "单价", "收货人", "不知道"];
        let columns: Vec<OrderColumn> = headings.iter().map(|it| guess_order(it)).collect();
        assert_eq!(columns.last(), Some(&OrderColumn::None));
        let first = cells("YQ-1|2026/2/8 14:03|已发货|paid|A-1|杯子|2|¥1,299.50|王芳|x");
        let second = cells("YQ-1|||||勺子||3|||");
        let lines = [first.as_slice(), second.as_slice()];
        let (it, wrong) = draft(&columns, &lines, None, "Asia/Shanghai");
        assert_eq!(wrong, []);
        assert_eq!(
            (it.number.as_str(), it.state, it.payment),
            ("YQ-1", OrderState::Shipped, OrderPayment::Paid)
        );
        assert_eq!(it.placed_at, 1_770_530_580_000);
        assert_eq!(it.lines.len(), 2, "{:?}", it.lines);
        assert_eq!((it.lines[0].quantity, it.lines[0].price, it.lines[1].quantity), (2, 129_950, 1));
        assert_eq!(it.amount, 259_900 + 300, "nothing says what is to be paid: what the goods cost");
        // Upon what is known: a table of states changes states.
        let columns = [OrderColumn::Number, OrderColumn::State, OrderColumn::Amount];
        let line = cells("YQ-1|送到了|1.234");
        let (after, wrong) = draft(&columns, &[line.as_slice()], Some(&it), "Asia/Shanghai");
        let names: Vec<&str> = wrong.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(names, ["state", "amount"]);
        assert_eq!(after, it);
    }

    #[test]
    fn b_17_goods_are_read_with_what_they_are_like() {
        let headings = ["货号", "名称", "售价", "库存", "替代商品", "颜色", "下架", ""];
        let columns: Vec<ProductColumn> = headings.iter().map(|it| guess_product(it)).collect();
        assert_eq!(columns[5], ProductColumn::Attribute("颜色".into()));
        assert_eq!(columns[7], ProductColumn::None);
        let known = Product { sku: "A".into(), name: "杯子".into(), stock: 7, ..Product::default() };
        let (it, wrong) = product(&columns, &cells("A||12.5|-1|B，C|白|是|"), Some(&known));
        assert_eq!(wrong, []);
        assert_eq!((it.name.as_str(), it.price, it.stock, it.retired), ("杯子", 1_250, -1, true));
        assert_eq!(
            (it.substitutes, it.attributes["颜色"].as_str()),
            (vec!["B".to_owned(), "C".into()], "白")
        );
        let (_, wrong) = product(&columns, &cells("A|x|twelve|many||||"), None);
        assert_eq!(wrong.len(), 2);
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, is) in [
            ("299", Some(29_900)),
            ("￥29.9", Some(2_990)),
            ("1,000.500", Some(100_050)),
            ("0.001", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(cents(text), is, "{text}");
        }
    }
}
