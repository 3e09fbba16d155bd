//! Registers as tables for spreadsheets, in the words of whoever asks.

use crate::http::transcript::local_time;
use yingda_core::{
    At,
    directory::Directory,
    id::{LineId, UserId},
    lang::Lang,
    register::{Book, Entry, PostKind},
};
use yingda_store::register::Stored;

type Column = (&'static str, &'static str);

const POST: [Column; 13] = [
    ("编号", "Number"),
    ("方向", "Direction"),
    ("种类", "Kind"),
    ("寄件人", "From"),
    ("收件人", "To"),
    ("快递公司", "Courier"),
    ("单号", "Tracking"),
    ("通知同事", "Colleague"),
    ("时间", "Time"),
    ("交给", "Handed to"),
    ("交接时间", "Handed over"),
    ("签收时间", "Signed for"),
    ("备注", "Note"),
];
const VISIT: [Column; 12] = [
    ("编号", "Number"),
    ("姓名", "Name"),
    ("电话", "Phone"),
    ("单位", "Company"),
    ("事由", "Purpose"),
    ("被访人", "Host"),
    ("胸卡号", "Badge"),
    ("预约时间", "Expected"),
    ("到访时间", "Came"),
    ("离开时间", "Left"),
    ("来访编号", "Contact"),
    ("备注", "Note"),
];
const BARRED: [Column; 5] =
    [("编号", "Number"), ("姓名", "Name"), ("电话", "Phone"), ("原因", "Reason"), ("有效到", "Until")];
const GROUP: [Column; 8] = [
    ("编号", "Number"),
    ("名称", "Name"),
    ("平台", "Platform"),
    ("群号或地址", "Address"),
    ("负责人", "Owner"),
    ("人数", "Members"),
    ("状态", "State"),
    ("备注", "Note"),
];

pub fn head(book: Book, lang: Lang) -> Vec<&'static str> {
    let columns: &[Column] = match book {
        Book::Post => &POST,
        Book::Visit => &VISIT,
        Book::Barred => &BARRED,
        Book::Group => &GROUP,
    };
    columns.iter().map(|(zh, en)| lang.of(*zh, *en)).collect()
}

pub fn cells(row: Stored, directory: &Directory, lang: Lang) -> Vec<String> {
    let line = directory.lines.keys().next().copied().unwrap_or(LineId(0));
    let zone = directory.zone(line);
    let at = |at: Option<At>| at.filter(|at| *at > 0).map(|at| local_time(at, zone)).unwrap_or_default();
    let who = |id: Option<UserId>| {
        id.and_then(|id| directory.users.get(&id)).map(|it| it.name.clone()).unwrap_or_default()
    };
    match row.entry {
        Entry::Post(it) => vec![
            row.serial,
            if it.outward { lang.of("寄出", "Out") } else { lang.of("收到", "In") }.to_owned(),
            kind(it.kind, lang).to_owned(),
            it.sender,
            it.receiver,
            it.courier,
            it.tracking,
            who(it.recipient),
            at(Some(it.happened_at)),
            it.handed_to,
            at(it.handed_at),
            at(it.signed_at),
            it.note,
        ],
        Entry::Visit(it) => vec![
            row.serial,
            it.name,
            it.phone,
            it.company,
            it.purpose,
            who(it.host),
            it.badge,
            at(it.expected_at),
            at(it.came_at),
            at(it.left_at),
            it.arrival,
            it.note,
        ],
        Entry::Barred(it) => vec![row.serial, it.name, it.phone, it.reason, at(it.until_at)],
        Entry::Group(it) => vec![
            row.serial,
            it.name,
            it.platform,
            it.address,
            who(it.owner),
            it.members.to_string(),
            if it.closed { lang.of("已停用", "Closed") } else { "" }.to_owned(),
            it.note,
        ],
    }
}

fn kind(kind: PostKind, lang: Lang) -> &'static str {
    let (zh, en) = match kind {
        PostKind::Letter => ("信函", "Letter"),
        PostKind::Parcel => ("包裹", "Parcel"),
        PostKind::Newspaper => ("报刊", "Newspaper"),
        PostKind::Fax => ("传真", "Fax"),
        PostKind::Copy => ("复印件", "Copies"),
    };
    lang.of(zh, en)
}
