//! mmap-sync: one value in two files, which its readers get in place. They copy it here, so that all
//! do the same; it is read without a check of its bytes, which numbers do not need.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, anyhow};
use mmap_sync::synchronizer::Synchronizer;

use crate::peers::ringway::fresh_name;
use crate::sync::work::{Board, Latest};
use crate::transport::Message;

pub struct Files;

pub struct Ends<const W: usize> {
    writer: Synchronizer,
    reader: Synchronizer,
    directory: PathBuf,
}

impl<const W: usize> Drop for Ends<W> {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl<const W: usize> Latest<W> for Files {
    type Board = Ends<W>;

    fn board() -> Result<Ends<W>> {
        let directory = PathBuf::from(format!("/dev/shm/{}-mmap-sync", fresh_name()));
        std::fs::create_dir(&directory)?;
        let prefix = directory.join("it");
        let (writer, reader) =
            (Synchronizer::new(prefix.as_os_str()), Synchronizer::new(prefix.as_os_str()));
        let mut ends = Ends { writer, reader, directory };
        let wrote = ends.writer.write(&[0u64; W], Duration::from_secs(1));
        wrote.map_err(|error| anyhow!("{error}"))?;
        Ok(ends)
    }
}

impl<const W: usize> Board<W> for Ends<W> {
    #[inline(always)]
    fn set(&mut self, value: &Message<W>) {
        self.writer.write(value, Duration::from_secs(1)).expect("no reader is in the way");
    }

    #[inline(always)]
    fn read<R>(&mut self, look: impl FnOnce(&Message<W>) -> R) -> R {
        // SAFETY: the file has a value of that type, which the writer has written.
        let value = unsafe { self.reader.read::<Message<W>>(false) }.expect("a value");
        let copy: Message<W> = *value;
        look(&copy)
    }
}
