//! A font's bytes, which signs it has, and the part of it that goes into a document.

use pdf_writer::{
    Finish, Name, Pdf, Rect, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use std::{collections::BTreeMap, fmt};
use subsetter::GlyphRemapper;
use ttf_parser::{Face, GlyphId, RawFace, Tag, name_id};

const SYSTEM: SystemInfo = SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

/// A font that has Chinese and Latin signs.
#[derive(Clone)]
pub struct Font {
    data: Vec<u8>,
    /// Which one of a collection.
    index: u32,
}

/// Why bytes are no font that letters can be written with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFont {
    Unreadable,
    /// It has no Chinese signs.
    NotChinese,
    /// Its maker does not let it be embedded.
    NotEmbeddable,
}

impl fmt::Display for NoFont {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoFont::Unreadable => "it is no font",
            NoFont::NotChinese => "it has no Chinese signs",
            NoFont::NotEmbeddable => "its maker does not let it be embedded",
        })
    }
}

impl fmt::Debug for Font {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Font({} bytes, {})", self.data.len(), self.index)
    }
}

impl Font {
    /// Of a collection the one with simplified Chinese shapes, where a name says which that is.
    pub fn new(data: Vec<u8>) -> Result<Self, NoFont> {
        let count = ttf_parser::fonts_in_collection(&data).unwrap_or(1);
        let index = (0..count).find(|index| is_simplified(&data, *index)).unwrap_or(0);
        let face = Face::parse(&data, index).map_err(|_| NoFont::Unreadable)?;
        if !['中', '客', 'A', '1'].into_iter().all(|sign| face.glyph_index(sign).is_some()) {
            return Err(NoFont::NotChinese);
        }
        if !face.is_subsetting_allowed() || !face.is_outline_embedding_allowed() {
            return Err(NoFont::NotEmbeddable);
        }
        Ok(Self { data, index })
    }

    pub(crate) fn face(&self) -> Face<'_> {
        Face::parse(&self.data, self.index).expect("it was parsed when it was made")
    }
}

fn is_simplified(data: &[u8], index: u32) -> bool {
    let Ok(face) = Face::parse(data, index) else { return false };
    let names = face.names().into_iter().filter(|name| name.name_id == name_id::FAMILY);
    let mut names = names.filter_map(|name| name.to_string());
    names.any(|name| name.ends_with(" SC") || name.ends_with(" GB") || name.contains("CN"))
}

/// The signs of one document, each with its number there and its width.
pub(crate) struct Signs<'a> {
    font: &'a Font,
    face: Face<'a>,
    numbers: GlyphRemapper,
    /// By number in the document.
    used: BTreeMap<u16, (char, f32)>,
}

impl<'a> Signs<'a> {
    pub fn new(font: &'a Font) -> Self {
        Self { font, face: font.face(), numbers: GlyphRemapper::new(), used: BTreeMap::new() }
    }

    /// In thousandths of the size.
    fn thousandths(&self, units: f32) -> f32 {
        units * 1_000.0 / f32::from(self.face.units_per_em())
    }

    fn glyph(&self, sign: char) -> GlyphId {
        // What the font lacks stands as its box.
        self.face.glyph_index(sign).unwrap_or_default()
    }

    /// How wide a sign is at size 1.
    pub fn width(&self, sign: char) -> f32 {
        let advance = self.face.glyph_hor_advance(self.glyph(sign)).unwrap_or(self.face.units_per_em());
        self.thousandths(f32::from(advance)) / 1_000.0
    }

    /// A line as the document's numbers.
    pub fn written(&mut self, line: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(line.len());
        for sign in line.chars() {
            let number = self.numbers.remap(self.glyph(sign).0);
            let width = self.width(sign) * 1_000.0;
            self.used.entry(number).or_insert((sign, width));
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
    }

    /// Writes the used part of the font into the document, at `font` and the four numbers after it.
    pub fn embed(&self, pdf: &mut Pdf, font: Ref) -> Result<(), subsetter::Error> {
        let at = |n: i32| Ref::new(font.get() + n);
        let (cid, descriptor, cmap, file) = (at(1), at(2), at(3), at(4));
        let subset = subsetter::subset(&self.font.data, self.font.index, &self.numbers)?;
        // Of a font with cubic outlines only they are embedded.
        let outlines = RawFace::parse(&subset, 0).ok().and_then(|face| face.table(Tag::from_bytes(b"CFF ")));
        let name: &[u8] = b"YINGDA+Letter";
        pdf.type0_font(font)
            .base_font(Name(name))
            .encoding_predefined(Name(b"Identity-H"))
            .descendant_font(cid)
            .to_unicode(cmap);
        let mut cid_font = pdf.cid_font(cid);
        cid_font
            .subtype(if outlines.is_some() { CidFontType::Type0 } else { CidFontType::Type2 })
            .base_font(Name(name))
            .system_info(SYSTEM)
            .font_descriptor(descriptor)
            .default_width(1_000.0);
        if outlines.is_none() {
            cid_font.cid_to_gid_map_predefined(Name(b"Identity"));
        }
        let mut widths = cid_font.widths();
        for (number, (_, width)) in &self.used {
            widths.consecutive(*number, [*width]);
        }
        widths.finish();
        cid_font.finish();
        let bounds = self.face.global_bounding_box();
        let bounds = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max]
            .map(|it| self.thousandths(f32::from(it)));
        let mut described = pdf.font_descriptor(descriptor);
        described
            .name(Name(name))
            .flags(FontFlags::SYMBOLIC)
            .bbox(Rect::new(bounds[0], bounds[1], bounds[2], bounds[3]))
            .italic_angle(0.0)
            .ascent(self.thousandths(f32::from(self.face.ascender())))
            .descent(self.thousandths(f32::from(self.face.descender())))
            .cap_height(
                self.thousandths(f32::from(self.face.capital_height().unwrap_or(self.face.ascender()))),
            )
            .stem_v(80.0);
        if outlines.is_some() {
            described.font_file3(file);
        } else {
            described.font_file2(file);
        }
        described.finish();
        let mut told = UnicodeCmap::<u16>::new(Name(b"Letter-Signs"), SYSTEM);
        for (number, (sign, _)) in &self.used {
            told.pair(*number, *sign);
        }
        let told = told.finish();
        pdf.cmap(cmap, &told).system_info(SYSTEM);
        match outlines {
            Some(outlines) => {
                pdf.stream(file, outlines).pair(Name(b"Subtype"), Name(b"CIDFontType0C"));
            }
            None => {
                pdf.stream(file, &subset).pair(Name(b"Length1"), subset.len() as i32);
            }
        }
        Ok(())
    }
}
