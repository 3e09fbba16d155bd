//! Rows as bytes: see the words at the head of this module's parent.

use super::failed;
use crate::ReadError;

pub(super) fn begin(out: &mut Vec<u8>, fields: usize) {
    out.extend((fields as i16).to_be_bytes());
}

pub(super) fn field(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => out.extend((-1_i32).to_be_bytes()),
        Some(bytes) => {
            out.extend((bytes.len() as i32).to_be_bytes());
            out.extend(bytes);
        }
    }
}

/// Rows in bytes, one after another.
pub(super) struct Rows<'a>(pub &'a [u8]);

impl<'a> Rows<'a> {
    /// Puts the next row's fields in place of those of the one before; false when there is none.
    pub fn next(&mut self, fields: &mut Vec<Option<&'a [u8]>>) -> Result<bool, ReadError> {
        fields.clear();
        if self.0.is_empty() {
            return Ok(false);
        }
        let broken = || failed("a piece of rows ends in the middle of one");
        let count = i16::from_be_bytes(self.take().ok_or_else(broken)?);
        for _ in 0..count {
            let length = i32::from_be_bytes(self.take().ok_or_else(broken)?);
            if length < 0 {
                fields.push(None);
                continue;
            }
            let (field, rest) = self.0.split_at_checked(length as usize).ok_or_else(broken)?;
            fields.push(Some(field));
            self.0 = rest;
        }
        Ok(true)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*head)
    }
}

/// How long the row is that these bytes begin with; nothing when not all of it is there.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let count = i16::from_be_bytes(*bytes.first_chunk()?);
    let mut at = 2;
    for _ in 0..count {
        let length = i32::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
        at += 4 + length.max(0) as usize;
    }
    (at <= bytes.len()).then_some(at)
}

/// How many rows there are.
pub fn count(bytes: &[u8]) -> Result<u64, ReadError> {
    let (mut rows, mut fields, mut count) = (Rows(bytes), vec![], 0);
    while rows.next(&mut fields)? {
        count += 1;
    }
    Ok(count)
}

pub(super) fn int(field: &[u8]) -> Result<i64, ReadError> {
    let bytes = field.try_into().map_err(|_| failed("a number has not 8 bytes"))?;
    Ok(i64::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written_and_half_of_it_is_told() {
        let mut bytes = vec![];
        for number in [1_i64, i64::MIN] {
            begin(&mut bytes, 3);
            field(&mut bytes, Some(&number.to_be_bytes()));
            field(&mut bytes, None);
            field(&mut bytes, Some(b""));
        }
        assert_eq!(count(&bytes), Ok(2));
        let (mut rows, mut fields) = (Rows(&bytes), vec![]);
        assert!(rows.next(&mut fields).unwrap());
        assert_eq!((int(fields[0].unwrap()), fields[1], fields[2]), (Ok(1), None, Some(&b""[..])));
        let whole = bytes.len() / 2;
        for cut in 0..whole {
            assert_eq!(length(&bytes[..cut]), None);
            assert_eq!(count(&bytes[..cut]).is_err(), cut > 0);
        }
        assert_eq!(length(&bytes), Some(whole));
    }
}
