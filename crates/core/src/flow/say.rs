//! Values as they are spoken. Machines that read words aloud know texts; numbers, amounts and dates are put into words
//! here, so that they sound the same whatever reads them.

use crate::lang::Lang;
use std::collections::BTreeMap;

/// How a value is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As one number.
    Number,
    /// Yuan with cents.
    Money,
    /// A day, such as 2026-11-23.
    Date,
    /// Sign by sign.
    Digits,
}

impl Form {
    pub fn parse(name: &str) -> Option<Form> {
        match name {
            "number" => Some(Form::Number),
            "money" => Some(Form::Money),
            "date" => Some(Form::Date),
            "digits" => Some(Form::Digits),
            _ => None,
        }
    }
}

/// The values that a text names, each with its form: `{order_no:digits}`.
pub fn named(text: &str) -> Vec<(&str, &str)> {
    let mut found = vec![];
    parts(text, |_| {}, |key, form| found.push((key, form)));
    found
}

/// A text with its values put in; what is filled in is not filled again.
pub fn fill(text: &str, data: &BTreeMap<String, String>, lang: Lang) -> String {
    let out = std::cell::RefCell::new(String::with_capacity(text.len()));
    parts(
        text,
        |plain| out.borrow_mut().push_str(plain),
        |key, form| {
            let value = data.get(key).map_or("", String::as_str);
            match Form::parse(form) {
                Some(form) => out.borrow_mut().push_str(&words(form, value, lang).join(lang.of("", " "))),
                None => out.borrow_mut().push_str(value),
            }
        },
    );
    out.into_inner()
}

fn parts<'a>(text: &'a str, mut plain: impl FnMut(&'a str), mut value: impl FnMut(&'a str, &'a str)) {
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let (before, behind) = rest.split_at(open);
        plain(before);
        let Some(close) = behind.find('}') else {
            rest = behind;
            break;
        };
        let inner = &behind[1..close];
        value(
            inner.split(':').next().unwrap_or_default().trim(),
            inner.split_once(':').map_or("", |it| it.1.trim()),
        );
        rest = &behind[close + 1..];
    }
    plain(rest);
}

/// The words of a value. What is no number, amount or date is said as it stands.
pub fn words(form: Form, value: &str, lang: Lang) -> Vec<String> {
    let value = value.trim();
    let said = match form {
        Form::Digits => Some(signs(value, lang)),
        Form::Number => number(value, lang),
        Form::Money => money(value, lang),
        Form::Date => date(value, lang),
    };
    said.unwrap_or_else(|| vec![value.to_owned()])
}

const ZH: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
const EN: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];
const TENS: [&str; 10] =
    ["", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];

/// Numbers beyond this are no amounts: they are said sign by sign.
const MOST: u64 = 999_999_999_999;

fn signs(value: &str, lang: Lang) -> Vec<String> {
    let word = |sign: char| match (sign.to_digit(10), lang) {
        // On the telephone 一 and 七 sound alike.
        (Some(1), Lang::Zh) => "幺".to_owned(),
        (Some(digit), Lang::Zh) => ZH[digit as usize].to_owned(),
        (Some(digit), Lang::En) => EN[digit as usize].to_owned(),
        (None, _) => sign.to_uppercase().to_string(),
    };
    value.chars().filter(|sign| sign.is_alphanumeric()).map(word).collect()
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

/// Sign, whole part and what stands behind the point.
fn split(value: &str) -> Option<(bool, u64, &str)> {
    let (negative, value) = value.strip_prefix('-').map_or((false, value), |rest| (true, rest));
    let (whole, part) = value.split_once('.').unwrap_or((value, ""));
    let fits = digits(whole) && (part.is_empty() || digits(part));
    let whole: u64 = whole.parse().ok().filter(|it| *it <= MOST)?;
    fits.then_some((negative, whole, part))
}

fn number(value: &str, lang: Lang) -> Option<Vec<String>> {
    let (negative, whole, part) = split(value)?;
    let mut said = vec![];
    if negative {
        said.push(lang.of("负", "minus").to_owned());
    }
    said.extend(cardinal(whole, lang));
    if !part.is_empty() {
        said.push(lang.of("点", "point").to_owned());
        let digit = |it: u8| lang.of(ZH[usize::from(it)], EN[usize::from(it)]).to_owned();
        said.extend(part.bytes().map(|it| digit(it - b'0')));
    }
    Some(said)
}

fn cardinal(value: u64, lang: Lang) -> Vec<String> {
    match lang {
        Lang::Zh => cardinal_zh(value),
        Lang::En => cardinal_en(value),
    }
}

/// Groups of four, each with its name; a gap is one 零.
fn cardinal_zh(value: u64) -> Vec<String> {
    if value == 0 {
        return strings(&["零"]);
    }
    let mut said: Vec<&str> = vec![];
    let mut gap = false;
    for (scale, name) in [(100_000_000, "亿"), (10_000, "万"), (1, "")] {
        let group = value / scale % 10_000;
        if group == 0 {
            gap = !said.is_empty();
            continue;
        }
        if !said.is_empty() && (gap || group < 1_000) {
            said.push("零");
        }
        gap = false;
        if group == 2 && !name.is_empty() {
            said.push("两");
        } else {
            group_zh(group, &mut said);
        }
        if !name.is_empty() {
            said.push(name);
        }
    }
    strings(&said)
}

fn group_zh(group: u64, said: &mut Vec<&'static str>) {
    let (is_first, mut begun, mut gap) = (said.is_empty(), false, false);
    for (scale, name) in [(1_000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let digit = group / scale % 10;
        if digit == 0 {
            gap = begun;
            continue;
        }
        if gap {
            said.push("零");
        }
        gap = false;
        // 十二, not 一十二; 两千 at the beginning, 二百 always.
        let is_bare_ten = scale == 10 && digit == 1 && is_first && !begun;
        if !is_bare_ten {
            said.push(if digit == 2 && scale == 1_000 && is_first { "两" } else { ZH[digit as usize] });
        }
        if !name.is_empty() {
            said.push(name);
        }
        begun = true;
    }
}

fn cardinal_en(value: u64) -> Vec<String> {
    if value == 0 {
        return strings(&["zero"]);
    }
    let mut said = vec![];
    for (scale, name) in [(1_000_000_000, "billion"), (1_000_000, "million"), (1_000, "thousand"), (1, "")] {
        let group = value / scale % 1_000;
        if group == 0 {
            continue;
        }
        if scale == 1 && group < 100 && !said.is_empty() {
            said.push("and".to_owned());
        }
        if group >= 100 {
            said.extend(strings(&[EN[(group / 100) as usize], "hundred"]));
            if !group.is_multiple_of(100) {
                said.push("and".to_owned());
            }
        }
        if !group.is_multiple_of(100) {
            said.push(two_en(group % 100));
        }
        if !name.is_empty() {
            said.push(name.to_owned());
        }
    }
    said
}

fn two_en(value: u64) -> String {
    let (tens, ones) = ((value / 10) as usize, (value % 10) as usize);
    match (value < 20, ones) {
        (true, _) => EN[value as usize].to_owned(),
        (false, 0) => TENS[tens].to_owned(),
        (false, _) => format!("{}-{}", TENS[tens], EN[ones]),
    }
}

fn money(value: &str, lang: Lang) -> Option<Vec<String>> {
    let (negative, whole, part) = split(value)?;
    let cents: u64 = match part.len() {
        0 => 0,
        1 => part.parse::<u64>().ok()? * 10,
        2 => part.parse().ok()?,
        _ => return None,
    };
    let mut said = vec![];
    if negative {
        said.push(lang.of("负", "minus").to_owned());
    }
    let (jiao, fen) = (cents / 10, cents % 10);
    match lang {
        Lang::Zh => {
            let few = |it: u64| if it == 2 { "两" } else { ZH[it as usize] };
            if whole > 0 || cents == 0 {
                if whole == 2 {
                    said.push("两".into())
                } else {
                    said.extend(cardinal_zh(whole))
                }
                said.push("元".into());
            }
            if jiao > 0 {
                said.extend(strings(&[if whole == 0 { few(jiao) } else { ZH[jiao as usize] }, "角"]));
            } else if fen > 0 && whole > 0 {
                said.push("零".into());
            }
            if fen > 0 {
                said.extend(strings(&[if cents == 2 && whole == 0 { "两" } else { ZH[fen as usize] }, "分"]));
            }
        }
        Lang::En => {
            if whole > 0 || cents == 0 {
                said.extend(cardinal_en(whole));
                said.push("yuan".into());
            }
            if cents > 0 {
                if whole > 0 {
                    said.push("and".into());
                }
                said.extend([two_en(cents), "fen".into()]);
            }
        }
    }
    Some(said)
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

fn date(value: &str, lang: Lang) -> Option<Vec<String>> {
    let date: jiff::civil::Date = value.parse().ok()?;
    let (year, month, day) = (date.year(), date.month(), date.day());
    // Before and after these nobody reads years so.
    if !(1_000..=9_999).contains(&year) {
        return None;
    }
    let year = u64::try_from(year).ok()?;
    Some(match lang {
        Lang::Zh => {
            let mut said: Vec<String> =
                year.to_string().bytes().map(|it| ZH[usize::from(it - b'0')].to_owned()).collect();
            said.push("年".into());
            said.extend(cardinal_zh(u64::try_from(month).ok()?));
            said.push("月".into());
            said.extend(cardinal_zh(u64::try_from(day).ok()?));
            said.push("日".into());
            said
        }
        Lang::En => {
            let mut said =
                vec![MONTHS[usize::try_from(month).ok()? - 1].to_owned(), ordinal(u64::try_from(day).ok()?)];
            said.extend(year_en(year));
            said
        }
    })
}

fn year_en(year: u64) -> Vec<String> {
    let (century, rest) = (year / 100, year % 100);
    match rest {
        _ if year % 1_000 < 10 => cardinal_en(year),
        0 => vec![two_en(century), "hundred".into()],
        1..=9 => vec![two_en(century), "oh".into(), two_en(rest)],
        _ => vec![two_en(century), two_en(rest)],
    }
}

fn ordinal(day: u64) -> String {
    let one = |it: u64| match it {
        1 => "first".to_owned(),
        2 => "second".into(),
        3 => "third".into(),
        5 => "fifth".into(),
        8 => "eighth".into(),
        9 => "ninth".into(),
        12 => "twelfth".into(),
        it => format!("{}th", EN[it as usize]),
    };
    match day {
        1..=19 => one(day),
        20 => "twentieth".into(),
        30 => "thirtieth".into(),
        it => format!("{}-{}", TENS[(it / 10) as usize], one(it % 10)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(form: Form, value: &str) -> [String; 2] {
        [Lang::Zh, Lang::En].map(|lang| words(form, value, lang).join(lang.of("", " ")))
    }

    #[test]
    fn sys_07_numbers_are_said_as_people_say_them() {
        for (value, zh, en) in [
            ("0", "零", "zero"),
            ("2", "二", "two"),
            ("10", "十", "ten"),
            ("12", "十二", "twelve"),
            ("20", "二十", "twenty"),
            ("21", "二十一", "twenty-one"),
            ("100", "一百", "one hundred"),
            ("101", "一百零一", "one hundred and one"),
            ("110", "一百一十", "one hundred and ten"),
            ("222", "二百二十二", "two hundred and twenty-two"),
            ("1001", "一千零一", "one thousand and one"),
            ("1010", "一千零一十", "one thousand and ten"),
            ("2000", "两千", "two thousand"),
            ("10000", "一万", "ten thousand"),
            ("10001", "一万零一", "ten thousand and one"),
            ("12000", "一万二千", "twelve thousand"),
            ("20500", "两万零五百", "twenty thousand five hundred"),
            ("100000", "十万", "one hundred thousand"),
            ("110000", "十一万", "one hundred and ten thousand"),
            ("1000010", "一百万零一十", "one million and ten"),
            ("100000001", "一亿零一", "one hundred million and one"),
            ("2000000000", "二十亿", "two billion"),
            ("-3.05", "负三点零五", "minus three point zero five"),
        ] {
            assert_eq!(said(Form::Number, value), [zh, en], "{value}");
        }
        assert_eq!(said(Form::Number, "soon"), ["soon", "soon"], "what is no number is said as it stands");
    }

    #[test]
    fn sys_07_amounts_dates_and_numbers_sign_by_sign() {
        for (value, zh, en) in [
            ("0.00", "零元", "zero yuan"),
            ("2", "两元", "two yuan"),
            ("0.05", "五分", "five fen"),
            ("0.20", "两角", "twenty fen"),
            ("12.05", "十二元零五分", "twelve yuan and five fen"),
            ("1280.50", "一千二百八十元五角", "one thousand two hundred and eighty yuan and fifty fen"),
            (
                "-199.99",
                "负一百九十九元九角九分",
                "minus one hundred and ninety-nine yuan and ninety-nine fen",
            ),
        ] {
            assert_eq!(said(Form::Money, value), [zh, en], "{value}");
        }
        for (value, zh, en) in [
            ("2026-11-23", "二零二六年十一月二十三日", "November twenty-third twenty twenty-six"),
            ("2005-01-01", "二零零五年一月一日", "January first two thousand and five"),
            ("1900-02-12", "一九零零年二月十二日", "February twelfth nineteen hundred"),
            ("2110-10-30", "二一一零年十月三十日", "October thirtieth twenty-one ten"),
        ] {
            assert_eq!(said(Form::Date, value), [zh, en], "{value}");
        }
        assert_eq!(said(Form::Date, "2026-02-30"), ["2026-02-30", "2026-02-30"], "there is no such day");
        assert_eq!(said(Form::Digits, "SO-1107"), ["SO幺幺零七", "S O one one zero seven"]);
    }

    #[test]
    fn sys_07_a_text_names_its_values() {
        let data = BTreeMap::from([("no".to_owned(), "17".to_owned()), ("it".to_owned(), "{no}".to_owned())]);
        assert_eq!(
            fill("第 {no:number} 单 {no:digits} {it} {none}。{", &data, Lang::Zh),
            "第 十七 单 幺七 {no} 。{"
        );
        assert_eq!(named("{a} {b:money} {"), [("a", ""), ("b", "money")]);
    }

    #[test]
    fn sys_07_every_number_has_words_of_its_own() {
        let mut met = std::collections::BTreeSet::new();
        for value in (0..12_000u64).chain((0..200).map(|it| 99_990_000 + it * 97)) {
            for lang in [Lang::Zh, Lang::En] {
                let said = words(Form::Number, &value.to_string(), lang).join(lang.of("", " "));
                assert!(met.insert(said.clone()), "{value}: {said}");
            }
        }
    }
}
