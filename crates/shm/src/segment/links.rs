//! Segments one after the other under one name: the first has the name itself, the others have it
//! with their instances behind it, until they are the first.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::string::{String, ToString};

use rustix::io::Errno;

use super::access::{Access, Rights};
use super::error::PruneError;
use super::mapping::Mapping;
use super::name;
use super::peek::envelope_of;
use super::place::Place;
use super::prune::{Prune, prune};
use crate::envelope::{Identity, Instance};
use crate::file::Directory;

/// What the segments under one name have in common, as one of them has it.
#[derive(Debug)]
pub struct Base<'a> {
    mapping: &'a Mapping,
    directory: &'a Directory,
    path: &'a PathBuf,
    /// The name of the first.
    pub name: String,
    /// Which of them this one is.
    pub instance: Instance,
}

impl Mapping {
    /// What it has in common with the segments that have its name with their instances behind it.
    /// `None`: it has no name.
    pub fn base(&self) -> io::Result<Option<Base<'_>>> {
        let Some(names) = self.names() else { return Ok(None) };
        let identity = Identity::of(&envelope_of(&self.header()?));
        let instance = identity.map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?.instance;
        let name = match name::of_link(&names.main) {
            Some((base, of)) if of == instance => base,
            _ => names.main.to_string(),
        };
        let (directory, path) = (&names.directory, &names.path);
        Ok(Some(Base { mapping: self, directory, path, name, instance }))
    }
}

impl Base<'_> {
    /// The directory that has them.
    pub fn directory(&self) -> &Directory {
        self.directory
    }

    /// Where the first one is, of the user to whom this one belongs.
    pub fn place(&self) -> io::Result<Place> {
        let owner = self.mapping.main_file().metadata()?.uid();
        let place = Place::new(self.name.clone()).directory(self.path.clone());
        Ok(if owner == rustix::process::geteuid().as_raw() { place } else { place.owner(owner) })
    }

    /// The same for the one of that instance, as long as it is not the first.
    pub fn place_of(&self, instance: Instance) -> io::Result<Place> {
        Ok(self.place()?.named(name::link(&self.name, instance)))
    }

    /// Who may open it besides its owner.
    pub fn access(&self) -> io::Result<Access> {
        let rights = |mode: u32| match mode & 0o060 {
            0o060 => Rights::Write,
            0o040 => Rights::Read,
            _ => Rights::None,
        };
        let main = self.mapping.main_file().metadata()?;
        let companion = match self.mapping.companion_file() {
            Some(file) => rights(file.metadata()?.mode()),
            None => Rights::None,
        };
        let (main, group) = (rights(main.mode()), main.gid());
        let group = (main != Rights::None || companion != Rights::None).then_some(group);
        Ok(Access { group, main, companion })
    }

    fn companions(&self) -> [String; 2] {
        let link = name::link(&self.name, self.instance);
        [&self.name, &link].map(|main| name::companion(main, self.instance))
    }
}

/// Gives the name of the first of some segments to the next one. Nothing is left of the first one's
/// names. If that has not the name, or not any more, the next one keeps its own. A process that dies in
/// this leaves a name that is the first one's or the next one's, and companions that have no segment.
pub fn give_name(first: &Mapping, next: &Mapping) -> io::Result<()> {
    let (Some(from), Some(to)) = (first.base()?, next.base()?) else { return Ok(()) };
    let directory = from.directory;
    let [companion, link_companion] = to.companions();
    // Until this is dropped, no process takes the companion for one that has no segment.
    let creating = next.lock_as_creator()?;
    if let Some(file) = next.companion_file() {
        match directory.link(file, &companion) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    let link = name::link(&to.name, to.instance);
    if directory.replace(&link, &from.name, first.main_file())? {
        directory.remove_name(&link_companion)?;
    } else {
        directory.remove_name(&companion)?;
    }
    drop(creating);
    remove_all(first)
}

/// Removes all names that a segment has or may have.
pub fn remove_all(mapping: &Mapping) -> io::Result<()> {
    let Some(base) = mapping.base()? else { return Ok(()) };
    let link = name::link(&base.name, base.instance);
    for main in [&base.name, &link] {
        base.directory.remove(main, mapping.main_file())?;
    }
    for companion in base.companions() {
        base.directory.remove_name(&companion)?;
    }
    Ok(())
}

/// Removes the links of a name whose owners are gone.
pub fn remove_links(place: &Place) -> Result<(), PruneError> {
    let mut prefix = place.name().to_string();
    prefix.push('.');
    let is_link = |name: &str| name::of_link(name).is_some_and(|(base, _)| base == place.name());
    let dead = Prune::prefix(prefix).directory(place.directory_path()).filter(is_link);
    prune(dead).map(drop)
}
