//! Looking does not act: what is no file is not opened, so that nothing happens to who waits there.

use std::fs::{self, File};
use std::process::Child;
use std::time::{Duration, Instant};

use ringway::segment::{Prune, prune, segments, segments_in, unlink};
use ringway::{Options, Producer, Ring};

use crate::children::part;
use crate::directory::Directory;

const FIFO: &str = "RINGWAY_TEST_FIFO";

/// A process that opens the FIFO for writing, which waits for a reader.
struct Writer(Child);

impl Writer {
    fn start(directory: &Directory, name: &str) -> Writer {
        let child = part("writer").env(FIFO, directory.file(name)).spawn().unwrap();
        let writer = Writer(child);
        let deadline = Instant::now() + Duration::from_secs(60);
        while !directory.file("opening").exists() || !writer.is_asleep() {
            assert!(Instant::now() < deadline, "it does not get to open the FIFO");
            std::thread::sleep(Duration::from_millis(1));
        }
        writer
    }

    /// Whether all its threads sleep: the one that opens the FIFO, and the one that waits for that.
    fn is_asleep(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.0.id())).unwrap();
        threads.flatten().all(|thread| {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_some_and(|(_, state)| state.starts_with('S'))
        })
    }

    fn still_waits(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn writer() {
    let path = std::path::PathBuf::from(std::env::var_os(FIFO).unwrap());
    fs::write(path.with_file_name("opening"), "").unwrap();
    drop(File::options().write(true).open(path).unwrap());
}

#[test]
fn whatever_is_asked_about_a_fifo_its_writer_goes_on_waiting() {
    let directory = Directory::new();
    directory.fifo("ring");
    let mut writer = Writer::start(&directory, "ring");
    let segment = || directory.segment("ring");
    let asks: [(&str, &dyn Fn()); 8] = [
        ("segments_in", &|| drop(segments_in(directory.path()))),
        ("prune", &|| drop(prune(Prune::all().directory(directory.path())))),
        ("open", &|| drop(Ring::<u64>::open(segment()).unwrap_err())),
        ("open_wait", &|| {
            drop(Ring::<u64>::open_wait(segment(), Duration::from_millis(5)).unwrap_err());
        }),
        ("create", &|| drop(Options::<u64>::new(8).create(segment()).unwrap_err())),
        ("create_or_resume", &|| {
            drop(Options::<u64>::new(8).create_or_resume(segment()).unwrap_err());
        }),
        ("resume", &|| drop(Producer::<u64>::resume(segment()).unwrap_err())),
        ("unlink", &|| drop(unlink(segment()).unwrap_err())),
    ];
    for (name, ask) in asks {
        ask();
        std::thread::sleep(Duration::from_millis(20));
        assert!(writer.still_waits(), "{name} let it go");
    }
    // A reader does, so that it was not that nothing could.
    drop(File::open(directory.file("ring")).unwrap());
    assert!(writer.0.wait().unwrap().success());
}

/// The same where a control file should be, and of the ring that has none.
#[test]
fn a_fifo_in_place_of_a_control_file_is_not_opened() {
    let directory = Directory::new();
    directory.orphan(directory.segment("ring"));
    let control = directory.control_file();
    fs::remove_file(&control).unwrap();
    directory.fifo(control.file_name().unwrap().to_str().unwrap());
    let mut writer = Writer::start(&directory, control.file_name().unwrap().to_str().unwrap());
    let segment = || directory.segment("ring");
    assert!(Ring::<u64>::open(segment()).is_err());
    assert!(Producer::<u64>::resume(segment()).is_err());
    assert!(Options::<u64>::new(16).create(segment()).is_err());
    assert!(Options::<u64>::new(16).create_or_resume(segment()).is_err());
    drop((segments(), segments_in(directory.path())));
    assert_eq!(
        prune(Prune::all().directory(directory.path()).dry_run(true)).unwrap().rings,
        ["ring"]
    );
    std::thread::sleep(Duration::from_millis(20));
    assert!(writer.still_waits());
}
