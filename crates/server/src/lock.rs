//! One process owns a data folder at a time. The lock file says where that one can be reached.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::Path,
};

/// Held as long as the process uses the folder.
pub struct Lock {
    file: File,
}

pub enum Taken {
    Ours(Lock),
    /// Another process has it, and listens at this address.
    Theirs(String),
}

/// Takes the lock, or tells who has it.
pub fn take(data: &Path) -> io::Result<Taken> {
    let path = data.join("yingda.lock");
    let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Taken::Ours(Lock { file })),
        Err(TryLockError::WouldBlock) => {
            let mut address = String::new();
            file.read_to_string(&mut address)?;
            Ok(Taken::Theirs(address.trim().to_owned()))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

impl Lock {
    /// Leaves the address for those who find the lock taken.
    pub fn write(&mut self, address: &str) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        writeln!(self.file, "{address}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_one_learns_where_the_first_one_is() {
        let folder = std::env::temp_dir().join(format!("yingda-lock-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let Taken::Ours(mut first) = take(&folder).unwrap() else { panic!("nobody else has it") };
        first.write("http://127.0.0.1:1").unwrap();
        assert!(matches!(take(&folder).unwrap(), Taken::Theirs(address) if address == "http://127.0.0.1:1"));
        drop(first);
        assert!(matches!(take(&folder).unwrap(), Taken::Ours(_)));
        std::fs::remove_dir_all(folder).unwrap();
    }
}
