//! A region's bytes as a file: to look at, mapped for reading alone, and to share, with seats that
//! the kernel tells of.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;

use ringway_sync::{Anonymous, Look, Place, Plan, Region};

use super::calls::Told;
use super::value::{Key, Large, Odd, Small, Value, WideKey};

/// A file that goes away with this.
struct Named(PathBuf);

impl Drop for Named {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Looks at a file with those bytes. Storing a byte there would end the process.
pub(super) fn look(bytes: &[u8], told: Told<'_>) -> io::Result<()> {
    let name = format!("ringway-fuzz-{}-{:?}", std::process::id(), std::thread::current().id());
    let place = Place::new(name.replace(['(', ')'], "-")).directory(std::env::temp_dir());
    let path = place.path();
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    let _named = Named(path);
    file.write_all(bytes)?;
    match Region::look(place) {
        Ok(look) => see(&look, told),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    Ok(())
}

fn see(look: &Look, told: Told<'_>) {
    for object in look.objects() {
        let name = object.name.as_str();
        assert!(!format!("{object:?}").is_empty());
        see_values::<()>(look, name, told);
        see_values::<Small>(look, name, told);
        see_values::<Large>(look, name, told);
        see_values::<Odd>(look, name, told);
    }
}

fn see_values<T: Value>(look: &Look, name: &str, told: Told<'_>) {
    if let Ok(Ok(_)) = look.peek::<T>(name) {
        told("look:mutex".into());
    }
    if let Ok(cell) = look.cell::<T>(name) {
        let mut value = T::of(0);
        let _ = (cell.read(), cell.read_into(&mut value), cell.version(), cell.writer());
        told("look:cell".into());
    }
    see_rows::<Key, T>(look, name, told);
    see_rows::<WideKey, T>(look, name, told);
}

fn see_rows<K: Value, T: Value>(look: &Look, name: &str, told: Told<'_>) {
    if let Ok(table) = look.table::<K, T>(name) {
        let _ = (table.get(&K::of(0)), table.get(&K::of(1)));
        if let Ok(entries) = table.entries() {
            told(format!("look:rows:{}", entries.len().min(3)));
        }
    }
}

/// A region in a memory file with those bytes, if it is one.
pub(super) fn shared(bytes: &[u8]) -> io::Result<Option<Region>> {
    // The smallest one that is as long.
    let plan = |words: usize| Plan::new().seats(1).table::<[u8; 96], ()>("fill", words.max(1));
    let long_enough = |rows: &usize| plan(*rows).bytes().is_ok_and(|len| len >= bytes.len());
    let Some(rows) = (0..64).find(long_enough) else { return Ok(None) };
    let (region, file) = plan(rows).anonymous().map_err(io::Error::other)?;
    drop(region);
    let file = File::from(file.into_fd());
    file.write_all_at(bytes, 0)?;
    let shared = Anonymous::from_fd(file.into()).map_err(io::Error::other)?;
    Ok(shared.open().ok())
}
