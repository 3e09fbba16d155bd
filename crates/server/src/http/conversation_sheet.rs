//! Conversations as a table for spreadsheets, in the words of whoever asks.

use crate::http::transcript::local_time;
use yingda_core::{config::Colour, conversation::Phase, directory::Directory, lang::Lang, medium::Medium};
use yingda_wire::http::ConversationRow;

/// Each column's heading in Chinese and English.
const COLUMNS: [(&str, &str); 14] = [
    ("会话编号", "Conversation"),
    ("渠道", "Medium"),
    ("状态", "State"),
    ("客户", "Customer"),
    ("队列", "Queue"),
    ("座席", "Agent"),
    ("开始时间", "Started"),
    ("结束时间", "Closed"),
    ("评分", "Rating"),
    ("标签", "Tags"),
    ("旗标", "Flag"),
    ("VIP", "VIP"),
    ("待补记录", "Record due"),
    ("最后一句", "Last words"),
];

pub fn head(lang: Lang) -> Vec<&'static str> {
    COLUMNS.into_iter().map(|(zh, en)| lang.of(zh, en)).collect()
}

pub fn cells(row: ConversationRow, directory: &Directory, lang: Lang) -> Vec<String> {
    let yes = |is: bool| if is { lang.of("是", "yes") } else { "" }.to_owned();
    let tags = row.tags.iter().filter_map(|tag| directory.tags.get(tag)).map(|tag| tag.name.get(lang));
    let queue = row.queue.and_then(|id| directory.queues.get(&id)).map(|it| it.name.get(lang).to_owned());
    let agent = row.agent.and_then(|id| directory.users.get(&id)).map(|it| it.name.clone());
    let zone = directory.zone(row.line);
    vec![
        row.id.to_string(),
        medium(row.medium, lang).to_owned(),
        phase(row.phase, lang).to_owned(),
        row.customer_name,
        queue.unwrap_or_default(),
        agent.unwrap_or_default(),
        local_time(row.started_at, zone),
        row.closed_at.map(|at| local_time(at, zone)).unwrap_or_default(),
        row.rating.map(|score| score.to_string()).unwrap_or_default(),
        tags.collect::<Vec<_>>().join(" "),
        row.flag.map(|it| colour(it, lang).to_owned()).unwrap_or_default(),
        yes(row.vip),
        yes(row.record_due),
        row.preview,
    ]
}

fn medium(medium: Medium, lang: Lang) -> &'static str {
    let (zh, en) = match medium {
        Medium::Chat => ("在线聊天", "Chat"),
        Medium::Voice => ("电话", "Telephone"),
        Medium::Mail => ("邮件", "E-mail"),
        Medium::Sms => ("短信", "SMS"),
        Medium::Wechat => ("微信", "WeChat"),
        Medium::Fax => ("传真", "Fax"),
        Medium::Letter => ("信函", "Letter"),
        Medium::Walkin => ("来访", "Walk-in"),
        Medium::Video => ("视频", "Video"),
        Medium::SiteMail => ("站内信", "Site mail"),
    };
    lang.of(zh, en)
}

fn phase(phase: Phase, lang: Lang) -> &'static str {
    let (zh, en) = match phase {
        Phase::Bot => ("机器人接待", "With the bot"),
        Phase::Waiting => ("等待中", "Waiting"),
        Phase::Offered => ("待接入", "Offered"),
        Phase::Active => ("会话中", "In conversation"),
        Phase::WrapUp => ("话后处理", "Wrap-up"),
        Phase::Closed => ("已结束", "Closed"),
    };
    lang.of(zh, en)
}

fn colour(colour: Colour, lang: Lang) -> &'static str {
    let (zh, en) = match colour {
        Colour::Grey => ("灰", "Grey"),
        Colour::Red => ("红", "Red"),
        Colour::Amber => ("黄", "Amber"),
        Colour::Green => ("绿", "Green"),
        Colour::Blue => ("蓝", "Blue"),
        Colour::Violet => ("紫", "Violet"),
    };
    lang.of(zh, en)
}
