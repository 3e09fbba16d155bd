//! Where pieces of rows end: by the rows alone, so that those that did not change are the same pieces again.

use super::{Piece, Table, rows::Rows};
use crate::ReadError;

/// A piece ends behind about every so many rows …
const MEAN: u64 = 2_048;
/// … and at this size, whatever the rows say.
const MOST: usize = 4 << 20;

/// Gathers a table's rows into pieces.
pub(super) struct Cutter<'a> {
    key: &'a [usize],
    /// Rows are written to its end.
    pub bytes: Vec<u8>,
    from: usize,
    in_piece: u64,
    in_all: u64,
}

impl<'a> Cutter<'a> {
    pub fn new(table: &'a Table) -> Self {
        Self { key: &table.key, bytes: vec![], from: 0, in_piece: 0, in_all: 0 }
    }

    /// A row was written; gives the piece that ends with it.
    pub fn row(&mut self) -> Result<Option<Piece>, ReadError> {
        (self.in_piece, self.in_all) = (self.in_piece + 1, self.in_all + 1);
        let mut fields = vec![];
        Rows(&self.bytes[self.from..]).next(&mut fields)?;
        let ends = self.bytes.len() >= MOST || is_border(self.key.iter().map(|column| fields[*column]));
        self.from = self.bytes.len();
        Ok(if ends { self.piece() } else { None })
    }

    /// What is left, and the number of all rows.
    pub fn end(mut self) -> (Option<Piece>, Piece) {
        (self.piece(), Piece::End { rows: self.in_all })
    }

    fn piece(&mut self) -> Option<Piece> {
        let bytes = std::mem::take(&mut self.bytes);
        self.from = 0;
        let rows = std::mem::take(&mut self.in_piece);
        (rows > 0).then_some(Piece::Rows { rows, bytes })
    }
}

/// FNV-1a over the key, mixed once more since keys often differ only in their last byte.
fn is_border<'a>(key: impl Iterator<Item = Option<&'a [u8]>>) -> bool {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in key.flatten().flatten() {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (hash ^ (hash >> 32)).is_multiple_of(MEAN)
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};

    fn pieces(ids: impl Iterator<Item = i64>) -> Vec<Vec<u8>> {
        let column = Column { name: "id".into(), kind: Kind::Int };
        let table = Table { name: "t".into(), columns: vec![column], key: vec![0] };
        let mut cutter = Cutter::new(&table);
        let mut found = vec![];
        for id in ids {
            rows::begin(&mut cutter.bytes, 1);
            rows::field(&mut cutter.bytes, Some(&id.to_be_bytes()));
            found.extend(cutter.row().unwrap());
        }
        found.extend(cutter.end().0);
        let bytes = |piece| match piece {
            Piece::Rows { bytes, .. } => bytes,
            other => panic!("{other:?} is no rows"),
        };
        found.into_iter().map(bytes).collect()
    }

    #[test]
    fn rows_that_come_or_go_change_only_the_pieces_they_are_in() {
        let before = pieces(1..=100_000);
        assert!((25..=100).contains(&before.len()), "about one border in 2,048 rows: {}", before.len());
        let after = pieces((1..=100_000).filter(|id| *id != 50_000).chain(100_001..=100_100));
        let new = after.iter().filter(|piece| !before.contains(piece)).count();
        assert!(new <= 3, "{new} of {} pieces are new", after.len());
    }
}
