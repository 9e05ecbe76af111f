//! What is in each message: the file, over and over, cut as the mix says.

use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use crate::mix::{LONGEST, Mix};

/// All that is to be sent, in memory once.
#[derive(Debug)]
pub(crate) struct Source {
    /// The file, and as much of it again as a message may run over its end.
    bytes: Vec<u8>,
    /// The file's length in bytes, or how much of it is to be sent, if that is less.
    len: usize,
    pub(crate) mix: Mix,
}

impl Source {
    /// Reads the file, or as much of it as is to be sent. The error names the file.
    pub(crate) fn read(path: &Path, total: u64) -> Result<Source, Box<dyn Error>> {
        let in_file = |error| format!("{}: {error}", path.display());
        let file = File::open(path).map_err(in_file)?;
        let metadata = file.metadata().map_err(in_file)?;
        if !metadata.is_file() {
            return Err(format!("{}: not a file", path.display()).into());
        }
        let mut bytes = Vec::new();
        let expected = usize::try_from(metadata.len().min(total))?;
        bytes.try_reserve(expected + LONGEST)?;
        file.take(total).read_to_end(&mut bytes).map_err(in_file)?;
        let len = bytes.len();
        if len == 0 {
            return Err(format!("{}: the file is empty", path.display()).into());
        }
        for i in 0..LONGEST {
            bytes.push(bytes[i]);
        }
        let mix = Mix::new(total);
        Ok(Source { bytes, len, mix })
    }

    /// The message at this position; `None` after the last.
    pub(crate) fn message(&self, position: u64) -> Option<&[u8]> {
        let from = self.mix.before(position);
        let len = self.mix.before(position + 1) - from;
        if len == 0 {
            return None;
        }
        let from = (from % self.len as u64) as usize;
        Some(&self.bytes[from..from + len as usize])
    }

    /// The hash of all that is to be sent, taken from the file without regard to messages.
    pub(crate) fn hash(&self) -> u64 {
        let mut hash = Xxh3::new();
        let mut left = self.mix.total();
        while left > 0 {
            let len = left.min(self.len as u64);
            hash.update(&self.bytes[..len as usize]);
            left -= len;
        }
        hash.digest()
    }

    /// Flips one bit, in the middle of the file.
    pub(crate) fn flip_bit(&mut self) {
        self.bytes[self.len / 2] ^= 1;
    }
}
