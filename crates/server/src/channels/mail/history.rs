//! Where a mail's own words end and the history that its program quoted begins. Only what is recognised without doubt
//! is cut, and never everything.

/// The words without the history below them.
pub fn without(text: &str) -> &str {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut at = 0;
    for (n, line) in text.split_inclusive('\n').enumerate() {
        let is_own = lines[..n].iter().any(|line| !line.is_empty() && !line.starts_with('>'));
        if is_own && begins(&lines[n..]) {
            return text[..at].trim_end();
        }
        at += line.len();
    }
    text.trim_end()
}

/// Whether history begins at the first of these lines and goes on to the end.
fn begins(rest: &[&str]) -> bool {
    is_rule(rest[0])
        || is_header_block(rest)
        || (is_attribution(rest) && is_quoted(&rest[attribution_length(rest)..]))
        || (rest[0].starts_with('>') && is_quoted(rest))
}

/// `-----Original Message-----` of Outlook, `---原始邮件---` of QQ and Foxmail. What is forwarded is no history.
fn is_rule(line: &str) -> bool {
    let words = line.trim_matches(|c: char| c == '-' || c == '_' || c.is_whitespace());
    line.starts_with("--")
        && line.ends_with("--")
        && ["original message", "原始邮件", "原邮件", "回复的原邮件", "reply message"]
            .contains(&words.to_lowercase().as_str())
}

/// `From: … Sent: … To: … Subject: …` in any order, as Outlook and Foxmail write it.
fn is_header_block(rest: &[&str]) -> bool {
    const FROM: [&str; 3] = ["from:", "发件人:", "寄件者:"];
    const MORE: [&str; 12] = [
        "sent:",
        "date:",
        "to:",
        "subject:",
        "发送时间:",
        "发送日期:",
        "日期:",
        "时间:",
        "收件人:",
        "主题:",
        "收件者:",
        "主旨:",
    ];
    let begins = |line: &str, names: &[&str]| {
        let line =
            line.trim_matches('*').to_lowercase().replace('：', ":").replace("*:", ":").replace(' ', "");
        names.iter().any(|name| line.starts_with(name))
    };
    begins(rest[0], &FROM)
        && rest.iter().skip(1).filter(|it| !it.is_empty()).take(4).filter(|it| begins(it, &MORE)).count() >= 2
}

/// `On … wrote:` and `在 … 写道：`, over at most three lines.
fn is_attribution(rest: &[&str]) -> bool {
    attribution_length(rest) > 0
}

fn attribution_length(rest: &[&str]) -> usize {
    let starts = ["On ", "At ", "Am ", "Le ", "在", "于"].iter().any(|it| rest[0].starts_with(it));
    let ends = |line: &str| {
        let line = line.trim_end_matches([':', '：']);
        line.ends_with("wrote") || line.ends_with("写道") || line.ends_with("寫道")
    };
    // A name and an address may stand before `于 … 写道：` as well.
    let is_one_line = ends(rest[0]) && rest[0].contains('@') | rest[0].chars().any(|c| c.is_ascii_digit());
    match rest.iter().take(3).position(|line| ends(line)) {
        Some(last) if starts || (last == 0 && is_one_line) => last + 1,
        _ => 0,
    }
}

/// Nothing of one's own stands below, or nothing is marked as quoted, as programs do that quote below a line.
fn is_quoted(rest: &[&str]) -> bool {
    let mut said = rest.iter().filter(|line| !line.is_empty());
    let marked = said.clone().filter(|line| line.starts_with('>')).count();
    marked == 0 || said.all(|line| line.starts_with('>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(without(text), expected);
    }

    #[test]
    fn history_is_cut_where_programs_mark_it() {
        check(
            "好的，谢谢\n\n在 2026-11-20 10:00:00，\"应答\" <help@example.com> 写道：\n> 您好\n> 已发货\n",
            "好的，谢谢",
        );
        check(
            "Thanks\n\nOn Fri, Nov 20, 2026 at 10:00 AM Help <help@example.com>\nwrote:\n\n> Hello\n>\n> Sent.\n",
            "Thanks",
        );
        check(
            "收到\n\n------------------ 原始邮件 ------------------\n发件人: \"应答\";\n发送时间: 2026\n\n您好",
            "收到",
        );
        check("Yes\n-----Original Message-----\nFrom: Help\n\nHello", "Yes");
        check("行\n\n发件人： 应答\n发送时间： 2026-11-20\n收件人： 王\n主题： 订单\n\n您好", "行");
        check("OK\n\nFrom: Help <help@example.com>\nSent: Friday\nTo: Wang\nSubject: Order\n\nHello", "OK");
        check("Fine.\n\n> Hello\n> Sent.\n", "Fine.");
        check("可以\n\n应答 <help@example.com> 于2026年11月20日周五 10:00写道：\n\n> 您好", "可以");
    }

    #[test]
    fn what_is_in_doubt_stays() {
        check("On Monday I wrote:\nnothing new", "On Monday I wrote:\nnothing new");
        let between = "On Fri, Help wrote:\n> Which size?\nL\n> Which colour?\nRed";
        check(between, between);
        let forwarded =
            "---------- Forwarded message ---------\nFrom: A <a@example.com>\nDate: Fri\nSubject: x\n\nLook";
        check(&format!("看这个\n{forwarded}"), "看这个\n---------- Forwarded message ---------");
        let only = "> all of it\n> is quoted";
        check(only, only);
        check("", "");
    }
}
