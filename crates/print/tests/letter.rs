//! A letter is read back by a program that is not ours (SYS-01c).

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};
use yingda_print::{Font, Letter, NoFont};

const NOTO: &str = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc";

fn noto() -> Font {
    Font::new(fs::read(NOTO).unwrap_or_else(|error| panic!("{NOTO}: {error}"))).unwrap()
}

/// The words on the pages, by poppler.
fn words(pdf: &[u8]) -> String {
    let mut child = Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("pdftotext is installed (poppler-utils)");
    child.stdin.take().unwrap().write_all(pdf).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    String::from_utf8(output.stdout).unwrap()
}

fn letter(body: &str) -> Letter {
    Letter {
        company: "上海浦江商贸有限公司".into(),
        head: vec!["上海市浦东新区世纪大道100号 · 021-55550101".into()],
        receiver: vec!["王芳女士".into(), "杭州市西湖区文三路8号".into()],
        reference: vec!["编号：XF20261122-0001".into(), "2026-11-22".into()],
        subject: "关于您的来函".into(),
        body: body.into(),
        signed: vec!["客户服务部".into(), "李敏".into()],
        title: "XF20261122-0001".into(),
    }
}

#[test]
fn sys_01c_the_words_of_a_letter_are_really_in_it() {
    let pdf = letter("您好！\n您十一月二十日的来函收悉。Order No. 20261122 has been refunded: ¥128.00。")
        .pdf(&noto());
    let pdf = pdf.unwrap();
    assert!(pdf.starts_with(b"%PDF-1."));
    assert!(pdf.len() < 120_000, "only the signs that are used are embedded: {} bytes", pdf.len());
    let read = words(&pdf);
    for part in [
        "上海浦江商贸有限公司",
        "世纪大道100号",
        "王芳女士",
        "编号：XF20261122-0001",
        "关于您的来函",
        "来函收悉",
        "Order No. 20261122 has been",
        "¥128.00",
        "客户服务部",
    ] {
        assert!(read.contains(part), "{part} is not in:\n{read}");
    }
    assert_eq!(letter("同").pdf(&noto()), letter("同").pdf(&noto()), "the same letter is the same file");
}

#[test]
fn a_long_letter_goes_on_and_an_endless_one_is_refused() {
    let long: String = (1..=120).map(|n| format!("第{n}条，按规定办理。\n")).collect();
    let read = words(&letter(&long).pdf(&noto()).unwrap());
    let read = read.replace(' ', "");
    assert!(read.contains("第1条") && read.contains("第120条") && read.contains("4/4"), "{read}");
    assert!(letter(&"一\n".repeat(3_000)).pdf(&noto()).is_err());
}

#[test]
fn what_is_no_font_is_told_so() {
    assert_eq!(Font::new(b"no font".to_vec()).unwrap_err(), NoFont::Unreadable);
}
