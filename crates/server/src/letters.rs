//! Letters that leave on paper (SYS-01c): the font that they are set in, and the page.

use crate::{app::App, problem::Problem};
use std::{fs, path::Path};
use yingda_core::{At, calendar, id::LineId, lang::Lang};
use yingda_print::{Font, Letter};
use yingda_wire::http::NewLetter;

/// What is tried first in a folder of fonts: a regular weight without serifs reads well on every printer.
const WANTED: [&str; 4] =
    ["NotoSansCJK-Regular", "NotoSansSC-Regular", "SourceHanSans", "NotoSerifCJK-Regular"];
/// Folders below the named one that are looked into.
const DEPTH: usize = 3;

/// The letter as a PDF. Reads a large file and sets type: not for a thread that others wait for.
pub fn pdf(folder: &Path, letter: &Letter) -> Result<Vec<u8>, Problem> {
    let font = font(folder).map_err(|why| {
        tracing::warn!(folder = %folder.display(), why, "letters cannot be printed");
        Problem::field(
            "font",
            format!("服务器上没有可用的中文字体，请管理员安装 fonts-noto-cjk，或把配置里的 fonts 指向有字体的文件夹（现在是 {}）。", folder.display()),
            format!(
                "The server has no Chinese font. Ask the administrator to install fonts-noto-cjk, or to let `fonts` in \
                 the configuration name a folder with one (it is {}).",
                folder.display()
            ),
        )
    })?;
    letter.pdf(&font).map_err(|error| match error {
        yingda_print::Unprintable::TooLong => {
            Problem::field("body", "信太长，最多 50 页。", "The letter is too long: at most 50 pages.")
        }
        error => Problem::broken("a letter could not be printed", error),
    })
}

/// The first font below a folder that has Chinese signs; else why there is none.
fn font(folder: &Path) -> Result<Font, String> {
    let mut files = vec![];
    collect(folder, DEPTH, &mut files).map_err(|error| error.to_string())?;
    // Those that are known to be good come first, then by name: the same folder gives the same font.
    let rank = |path: &std::path::PathBuf| {
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        (WANTED.iter().position(|wanted| name.starts_with(wanted)).unwrap_or(WANTED.len()), name)
    };
    files.sort_by_key(rank);
    let mut why = "it holds no font files".to_owned();
    for file in files {
        match fs::read(&file).map_err(|error| error.to_string()).map(Font::new) {
            Ok(Ok(font)) => return Ok(font),
            Ok(Err(unfit)) => why = format!("{}: {unfit}", file.display()),
            Err(error) => why = format!("{}: {error}", file.display()),
        }
    }
    Err(why)
}

fn collect(folder: &Path, depth: usize, files: &mut Vec<std::path::PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() && depth > 0 {
            collect(&path, depth - 1, files)?;
        } else if path
            .extension()
            .is_some_and(|it| ["otf", "ttf", "ttc", "otc"].iter().any(|known| it == *known))
        {
            files.push(path);
        }
    }
    Ok(())
}

/// The page as it is to stand on paper.
pub fn set(app: &App, new: &NewLetter, line: LineId, lang: Lang, serial: &str, now: At) -> Letter {
    let settings = app.settings();
    let directory = app.directory();
    let date = calendar::date_text(directory.zone(line), now);
    let number = match lang {
        Lang::Zh => format!("编号：{serial}"),
        Lang::En => format!("No. {serial}"),
    };
    let rows = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    Letter {
        company: settings.company.get(lang).to_owned(),
        head: rows(settings.letter_head.get(lang)),
        receiver: rows(new.receiver.trim()),
        reference: vec![number, date],
        subject: new.subject.trim().to_owned(),
        body: new.body.trim_end().to_owned(),
        signed: rows(new.signed.trim()),
        title: serial.to_owned(),
    }
}
