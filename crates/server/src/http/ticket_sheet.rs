//! Tickets as a table for spreadsheets, in the words of whoever asks.

use crate::http::transcript::local_time;
use yingda_core::{
    config::{FieldShape, TicketPhase, TicketType},
    directory::Directory,
    form,
    id::UserId,
    lang::Lang,
};
use yingda_wire::http::TicketRow;

const COLUMNS: [(&str, &str); 15] = [
    ("编号", "Number"),
    ("种类", "Kind"),
    ("标题", "Title"),
    ("状态", "State"),
    ("阶段", "Phase"),
    ("级别", "Severity"),
    ("客户", "Customer"),
    ("处理组", "Team"),
    ("负责人", "Owner"),
    ("受理时间", "Received"),
    ("到期", "Due"),
    ("解决时间", "Solved"),
    ("关闭时间", "Closed"),
    ("是否超时", "Late"),
    ("催办次数", "Urged"),
];

/// The fields of `kind` follow.
pub fn head(kind: Option<&TicketType>, lang: Lang) -> Vec<String> {
    let own = COLUMNS.iter().map(|(zh, en)| if lang == Lang::Zh { *zh } else { *en }.to_owned());
    let fields = kind.into_iter().flat_map(|kind| &kind.fields).map(|field| field.label.get(lang).to_owned());
    own.chain(fields).collect()
}

pub fn cells(
    row: &TicketRow,
    of: &TicketType,
    kind: Option<&TicketType>,
    directory: &Directory,
    lang: Lang,
) -> Vec<String> {
    let it = &row.ticket;
    let zone = directory.zone(it.line);
    let time = |at: Option<i64>| at.map(|at| local_time(at, zone)).unwrap_or_default();
    let user = |id: Option<UserId>| id.and_then(|id| directory.users.get(&id)).map(|user| user.name.clone());
    let phase = match (it.phase, lang) {
        (TicketPhase::Open, Lang::Zh) => "处理中",
        (TicketPhase::Waiting, Lang::Zh) => "等待客户",
        (TicketPhase::Solved, Lang::Zh) => "已解决",
        (TicketPhase::Closed, Lang::Zh) => "已关闭",
        (TicketPhase::Open, Lang::En) => "Open",
        (TicketPhase::Waiting, Lang::En) => "Waiting",
        (TicketPhase::Solved, Lang::En) => "Solved",
        (TicketPhase::Closed, Lang::En) => "Closed",
    };
    let late = it.clocks.iter().any(|clock| clock.late);
    let yes = match lang {
        Lang::Zh => "是",
        Lang::En => "yes",
    };
    let own = [
        it.serial.clone(),
        of.name.get(lang).to_owned(),
        it.title.clone(),
        of.state(&it.state).map_or(it.state.clone(), |state| state.name.get(lang).to_owned()),
        phase.to_owned(),
        it.severity.to_string(),
        row.customer_name.clone(),
        it.team
            .and_then(|id| directory.teams.get(&id))
            .map(|it| it.name.get(lang).to_owned())
            .unwrap_or_default(),
        user(it.owner).unwrap_or_default(),
        time(Some(it.received_at)),
        time(row.due_at),
        time(it.solved_at),
        time(it.closed_at),
        if late { yes.to_owned() } else { String::new() },
        it.urged.to_string(),
    ];
    let fields = kind.into_iter().flat_map(|kind| &kind.fields).map(|field| {
        let value = it.values.get(&field.key).cloned().unwrap_or_default();
        match field.shape {
            FieldShape::Choice => {
                form::choice(&field.options, &value).map_or(value, |option| option.label.get(lang).to_owned())
            }
            FieldShape::Person => {
                value.parse().ok().map(UserId).and_then(|id| user(Some(id))).unwrap_or(value)
            }
            _ => value,
        }
    });
    own.into_iter().chain(fields).collect()
}
