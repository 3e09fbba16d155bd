//! What a fresh installation begins with, so that the first administrator can serve at once.

use yingda_core::{
    config::*,
    id::{LineId, QueueId, RecordId},
    lang::Text,
    roles,
};

/// The records of an empty store, each with its id.
pub fn records(mut next_id: impl FnMut() -> i64) -> Vec<(RecordId, Record)> {
    let [line, queue, form, widget, settings] = std::array::from_fn(|_| RecordId(next_id()));
    let (line_id, queue_id) = (LineId::from(line), QueueId::from(queue));
    let mut records: Vec<_> =
        roles::default_roles().into_iter().map(|role| (RecordId(next_id()), Record::Role(role))).collect();
    records.extend([
        (settings, Record::Settings(Box::default())),
        (
            line,
            Record::Line(Line {
                name: Text::new("默认业务", "Default line"), zone: "Asia/Shanghai".into()
            }),
        ),
        (form, Record::Form(consultation_record())),
        (
            queue,
            Record::Queue(Queue {
                name: Text::new("在线咨询", "Online enquiries"),
                line: line_id,
                form: Some(form.into()),
                greeting: Text::new("您好，请问有什么可以帮您？", "Hello, how can we help you?"),
                waiting_text: Text::new(
                    "客服正忙，您前面还有 {position} 位，预计等待 {wait}。",
                    "All agents are busy. Your place is {position}, and the wait about {wait}.",
                ),
                ..Queue::default()
            }),
        ),
        (
            widget,
            Record::Widget(Widget {
                name: Text::new("网站客服", "Website"),
                line: line_id,
                queue: queue_id,
                welcome: Text::new("您好！请直接输入您的问题。", "Hello! Write your question here."),
                offline_form: offline_form(),
                ..Widget::default()
            }),
        ),
    ]);
    records
}

fn field(key: &str, zh: &str, en: &str, shape: FieldShape, required: bool) -> Field {
    Field { key: key.into(), label: Text::new(zh, en), shape, required, ..Field::default() }
}

/// What an offline message asks for.
fn offline_form() -> Vec<Field> {
    vec![
        field("name", "姓名", "Name", FieldShape::Line, true),
        field("phone", "电话", "Telephone", FieldShape::Phone, false),
        field("email", "邮箱", "E-mail", FieldShape::Email, false),
        field("message", "留言", "Message", FieldShape::Paragraph, true),
    ]
}

/// The consultation record (咨询记录表, B-01): who asked, what, and what became of it.
fn consultation_record() -> Form {
    let choice = |key: &str, zh: &str, en: &str, children| Choice {
        key: key.into(),
        label: Text::new(zh, en),
        children,
    };
    let leaf = |key: &str, zh: &str, en: &str| choice(key, zh, en, vec![]);
    let category = vec![
        choice(
            "product",
            "产品咨询",
            "Product",
            vec![
                leaf("use", "使用方法", "How to use it"),
                leaf("price", "价格与优惠", "Price and offers"),
                leaf("stock", "库存与型号", "Stock and models"),
            ],
        ),
        choice(
            "order",
            "订单",
            "Order",
            vec![
                leaf("delivery", "物流配送", "Delivery"),
                leaf("payment", "支付与发票", "Payment and invoice"),
                leaf("return", "退换货", "Return and exchange"),
            ],
        ),
        choice(
            "service",
            "售后服务",
            "After-sales service",
            vec![
                leaf("fault", "故障报修", "Fault"),
                leaf("complaint", "投诉", "Complaint"),
                leaf("suggestion", "建议", "Suggestion"),
            ],
        ),
        leaf("other", "其他", "Other"),
    ];
    let outcome = vec![
        leaf("solved", "已解决", "Solved"),
        leaf("follow_up", "需跟进", "Needs follow-up"),
        leaf("handed_over", "已转交", "Handed over"),
    ];
    let with = |field: Field, options| Field { options, ..field };
    Form {
        name: Text::new("咨询记录表", "Consultation record"),
        fields: vec![
            field("name", "客户姓名", "Customer's name", FieldShape::Line, false),
            field("phone", "联系电话", "Telephone", FieldShape::Phone, false),
            with(field("category", "咨询类别", "Category", FieldShape::Choice, true), category),
            field("question", "咨询内容", "Question", FieldShape::Paragraph, true),
            field("answer", "答复内容", "Answer", FieldShape::Paragraph, true),
            with(field("outcome", "处理结果", "Outcome", FieldShape::Choice, true), outcome),
            field("due", "跟进日期", "Follow-up date", FieldShape::Date, false),
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use yingda_core::{directory::Directory, record};

    #[test]
    fn every_default_record_would_pass_the_checks_of_an_administrators() {
        let mut next = 0;
        let records = records(|| {
            next += 1;
            next
        });
        let mut directory = Directory::default();
        for (id, record) in &records {
            directory.apply(record.kind(), *id, Some(record));
        }
        for (id, it) in &records {
            assert_eq!(record::check(it, Some(*id), &directory), vec![], "{it:?}");
        }
    }
}
