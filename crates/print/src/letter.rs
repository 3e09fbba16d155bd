//! A letter: head, whom it goes to, number and date, text, and who signs. As many A4 pages as it needs.

use crate::{
    font::{Font, Signs},
    lines::broken,
};
use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};
use std::fmt;

/// Points: 72 to an inch.
const PAGE: (f32, f32) = (595.0, 842.0);
const LEFT: f32 = 71.0;
const TOP: f32 = 71.0;
const ROOM: f32 = PAGE.0 - 2.0 * LEFT;
const BOTTOM: f32 = 64.0;
const SIZE: f32 = 11.0;
const STEP: f32 = 19.0;
const FONT: Name<'static> = Name(b"F");
/// What letters are for fits in so many; a whole book is a mistake.
const MOST_PAGES: usize = 50;

#[derive(Clone, Debug, Default)]
pub struct Letter {
    /// The company, on top.
    pub company: String,
    /// Its address, number and so on: the small lines of the head.
    pub head: Vec<String>,
    pub receiver: Vec<String>,
    /// Lines at the right: number and date.
    pub reference: Vec<String>,
    pub subject: String,
    pub body: String,
    /// At the end, at the right.
    pub signed: Vec<String>,
    /// What stands between a page's number and how many there are, such as `1 / 3`.
    pub title: String,
}

/// Why there is no document.
#[derive(Clone, Debug, PartialEq)]
pub enum Unprintable {
    TooLong,
    Font(String),
}

impl fmt::Display for Unprintable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unprintable::TooLong => write!(f, "a letter has at most {MOST_PAGES} pages"),
            Unprintable::Font(why) => write!(f, "the font could not be embedded: {why}"),
        }
    }
}

/// One line at its place.
struct Placed {
    text: String,
    size: f32,
    x: f32,
    y: f32,
}

/// Pages as they fill.
struct Sheet<'a> {
    signs: Signs<'a>,
    pages: Vec<Vec<Placed>>,
    /// From the top of the present page.
    down: f32,
}

impl Sheet<'_> {
    fn wide(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|sign| self.signs.width(sign) * size).sum()
    }

    /// Goes down by a line, to the next page where this one is full.
    fn step(&mut self, by: f32) {
        self.down += by;
        if self.down > PAGE.1 - BOTTOM {
            self.pages.push(vec![]);
            self.down = TOP + by;
        }
    }

    fn put(&mut self, text: &str, size: f32, x: f32) {
        let placed = Placed { text: text.to_owned(), size, x, y: PAGE.1 - self.down };
        if let Some(page) = self.pages.last_mut() {
            page.push(placed);
        }
    }

    fn paragraph(&mut self, text: &str, size: f32, step: f32) {
        for line in broken(text, ROOM / size, |sign| self.signs.width(sign)) {
            self.step(step);
            self.put(&line, size, LEFT);
        }
    }

    fn at_right(&mut self, lines: &[String], size: f32, step: f32) {
        for text in lines {
            for line in broken(text, ROOM / size, |sign| self.signs.width(sign)) {
                self.step(step);
                self.put(&line, size, PAGE.0 - LEFT - self.wide(&line, size));
            }
        }
    }
}

impl Letter {
    /// The letter as a PDF.
    pub fn pdf(&self, font: &Font) -> Result<Vec<u8>, Unprintable> {
        let mut sheet = Sheet { signs: Signs::new(font), pages: vec![vec![]], down: TOP - STEP };
        sheet.paragraph(&self.company, 16.0, 20.0);
        for line in &self.head {
            sheet.paragraph(line, 9.0, 13.0);
        }
        sheet.step(STEP);
        let rule = sheet.down;
        for line in &self.receiver {
            sheet.paragraph(line, SIZE, STEP);
        }
        sheet.at_right(&self.reference, 9.0, 14.0);
        sheet.step(STEP / 2.0);
        if !self.subject.trim().is_empty() {
            sheet.paragraph(&self.subject, 13.0, 22.0);
            sheet.step(STEP / 2.0);
        }
        sheet.paragraph(&self.body, SIZE, STEP);
        sheet.step(STEP);
        sheet.at_right(&self.signed, SIZE, STEP);
        if sheet.pages.len() > MOST_PAGES {
            return Err(Unprintable::TooLong);
        }
        document(sheet, PAGE.1 - rule + 6.0, &self.title)
    }
}

fn document(sheet: Sheet<'_>, rule: f32, title: &str) -> Result<Vec<u8>, Unprintable> {
    let Sheet { mut signs, pages, .. } = sheet;
    let (catalog, tree, info, font) = (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4));
    // The font takes five numbers, each page two.
    let page_at = |n: usize| Ref::new(9 + 2 * n as i32);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(tree);
    pdf.document_info(info).title(TextStr(title));
    let count = pages.len();
    pdf.pages(tree).kids((0..count).map(page_at)).count(count as i32);
    for (n, mut placed) in pages.into_iter().enumerate() {
        if count > 1 {
            let text = format!("{} / {count}", n + 1);
            let wide: f32 = text.chars().map(|sign| signs.width(sign) * 9.0).sum();
            placed.push(Placed { text, size: 9.0, x: (PAGE.0 - wide) / 2.0, y: 36.0 });
        }
        let mut content = Content::new();
        if n == 0 {
            content.set_line_width(0.7).move_to(LEFT, rule).line_to(PAGE.0 - LEFT, rule).stroke();
        }
        for it in placed.iter().filter(|it| !it.text.is_empty()) {
            content.begin_text().set_font(FONT, it.size).next_line(it.x, it.y);
            content.show(Str(&signs.written(&it.text))).end_text();
        }
        let at = page_at(n);
        let stream = Ref::new(at.get() + 1);
        let mut page = pdf.page(at);
        page.media_box(Rect::new(0.0, 0.0, PAGE.0, PAGE.1)).parent(tree).contents(stream);
        page.resources().fonts().pair(FONT, font);
        page.finish();
        pdf.stream(stream, &content.finish());
    }
    signs.embed(&mut pdf, font).map_err(|error| Unprintable::Font(error.to_string()))?;
    Ok(pdf.finish())
}
