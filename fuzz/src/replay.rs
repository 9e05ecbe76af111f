//! Running a target without the fuzzer, on inputs that are there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Runs a target on files. A finding is a panic, or whatever the sanitizer in use does.
pub fn files(run: fn(&[u8]), files: impl IntoIterator<Item = impl AsRef<Path>>) -> io::Result<()> {
    for file in files {
        let file = file.as_ref();
        println!("{}", file.display());
        run(&fs::read(file)?);
    }
    Ok(())
}

/// The files of a folder, sorted by name; none if there is no such folder.
pub fn inputs(folder: &Path) -> io::Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let paths: io::Result<Vec<PathBuf>> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths?;
    paths.sort();
    Ok(paths)
}
