//! Which process holds a lock, as far as can be found out: for errors alone, nothing relies on it.
//!
//! The kernel does not say who holds an open-file-description lock, as it may be several: a process
//! that asks is told -1. But `/proc/<pid>/fdinfo/<fd>` lists the locks of a descriptor's
//! description. This process sees those of its user's processes, or all if it is privileged.

use core::fmt;
use std::format;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::string::String;

use super::lock::OWNER;

/// The process that has a segment, as far as it could be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// Its number, in this process's pid namespace.
    pub pid: u32,
    /// It does not run: a signal or a debugger has stopped it.
    pub stopped: bool,
}

impl Holder {
    /// The process that holds the owner's lock on a segment's file, or one of those that share it, of
    /// those that have it mapped for writing. `None`: not found, which does not mean that there is none.
    pub fn of_owner(file: &File) -> Option<Holder> {
        find(file, OWNER)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stopped = if self.stopped { ", which is stopped" } else { "" };
        write!(f, "process {}{stopped}", self.pid)
    }
}

/// The most processes that are looked at: an error is no reason to work for long.
const MOST: usize = 16_384;

/// Who holds a lock on that byte of a file, of those that have it mapped for writing, as an owner
/// has. `None`: not found, which does not mean that there is none.
fn find(file: &File, byte: u64) -> Option<Holder> {
    let metadata = file.metadata().ok()?;
    let (major, minor) = (rustix::fs::major(metadata.dev()), rustix::fs::minor(metadata.dev()));
    let (device, number) = (format!("{major:02x}:{minor:02x}"), format!("{}", metadata.ino()));
    for process in fs::read_dir("/proc").ok()?.flatten().take(MOST) {
        let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // One read for each process, where its descriptors would take one each.
        let maps = fs::read_to_string(process.path().join("maps")).unwrap_or_default();
        let mapped = maps.lines().any(|line| {
            // As `7f0…-7f1… rw-s 00000000 00:1b 42   /dev/shm/name`.
            let mut words = line.split_ascii_whitespace().skip(1);
            words.next() == Some("rw-s")
                && words.nth(1) == Some(device.as_str())
                && words.next() == Some(number.as_str())
        });
        if mapped && locks(&process.path(), &format!("{device}:{number}"), byte) {
            return Some(Holder { pid, stopped: is_stopped(&process.path()) });
        }
    }
    None
}

/// Whether a process has that lock on the file.
fn locks(process: &Path, place: &str, byte: u64) -> bool {
    let Ok(descriptors) = fs::read_dir(process.join("fdinfo")) else { return false };
    let byte = format!("{byte}");
    descriptors.flatten().any(|descriptor| {
        let info = fs::read_to_string(descriptor.path()).unwrap_or_default();
        info.lines().filter_map(|line| line.strip_prefix("lock:")).any(|line| {
            // As `1: OFDLCK ADVISORY  WRITE -1 00:1b:42 0 0`.
            let mut words = line.split_ascii_whitespace().skip(1);
            words.next() == Some("OFDLCK")
                && words.nth(1).is_some_and(|kind| ["READ", "WRITE"].contains(&kind))
                && words.nth(1) == Some(place)
                && [words.next(), words.next()] == [Some(byte.as_str()); 2]
        })
    })
}

fn is_stopped(process: &Path) -> bool {
    let stat: String = fs::read_to_string(process.join("stat")).unwrap_or_default();
    // The state comes after the name, which is in brackets and can have any in it.
    let state = stat.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
    matches!(state, Some('T' | 't'))
}
