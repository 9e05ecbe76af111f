//! What is in the directory is not what it should be: a typed error each, and it is left as it was.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use ringway::error::{
    CreateError, FileKind, HeaderError, Occupant, OpenError, UnlinkError, Untrusted,
};
use ringway::segment::{Prune, prune, segments_in, unlink};
use ringway::{Options, Producer, Ring, Segment, Start};

use crate::directory::{BYTE_ORDER, CREATIONS, Directory, VERSION, WORD_SIZE, set_word};

#[track_caller]
fn open_refused(directory: &Directory) -> OpenError {
    directory.refused(|| Ring::<u64>::open(directory.segment("ring")))
}

#[track_caller]
fn header_refused(directory: &Directory) -> HeaderError {
    match open_refused(directory) {
        OpenError::Header { why, .. } => why,
        error => panic!("{error:?}"),
    }
}

#[track_caller]
fn untrusted(directory: &Directory) -> Untrusted {
    match open_refused(directory) {
        OpenError::Untrusted { why, .. } => why,
        error => panic!("{error:?}"),
    }
}

#[test]
fn a_segment_of_another_version() {
    let directory = Directory::new();
    directory.ring_without_producer();
    set_word(&directory.file("ring"), VERSION, 9);
    let error = header_refused(&directory);
    assert!(matches!(error, HeaderError::Version { found: 9, .. }), "{error:?}");
}

#[test]
fn a_segment_of_another_word_size_or_byte_order() {
    let directory = Directory::new();
    directory.ring_without_producer();
    let data = directory.file("ring");
    let narrow = size_of::<ringway::Position>() == 4;
    set_word(&data, WORD_SIZE, if narrow { 8 } else { 4 });
    let error = header_refused(&directory);
    assert!(matches!(error, HeaderError::WordSize { .. }), "{error:?}");
    set_word(&data, BYTE_ORDER, 0x0403_0201);
    assert_eq!(header_refused(&directory), HeaderError::ByteOrder);
}

#[test]
fn a_segment_of_another_message_type() {
    let directory = Directory::new();
    let segment = directory.segment("ring");
    let _producer = Options::<u64>::new(16).tag(3).create(&segment).unwrap();
    let tagged = segment.expect_tag(3);
    assert!(Ring::<u64>::open(&tagged).is_ok());

    let check = |error: OpenError| {
        let OpenError::Header { why: HeaderError::MessageType { found, .. }, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!((found.size, found.tag, found.variable), (8, 3, false));
    };
    check(directory.refused(|| Ring::<u32>::open(&tagged)));
    check(directory.refused(|| Ring::<[u64; 2]>::open(&tagged)));
    check(directory.refused(|| Ring::<[u8]>::open(&tagged)));
    check(directory.refused(|| Ring::<u64>::open(tagged.clone().expect_tag(4))));
}

#[test]
fn a_segment_that_is_too_small_for_what_it_claims() {
    let directory = Directory::new();
    directory.ring_without_producer();
    for (file, len) in [(directory.control_file(), 500), (directory.file("ring"), 300)] {
        let before = fs::metadata(&file).unwrap().len();
        File::options().write(true).open(&file).unwrap().set_len(len).unwrap();
        let needed = before;
        assert_eq!(header_refused(&directory), HeaderError::TooSmall { len, needed });
    }
}

#[test]
fn a_segment_that_is_too_small_for_a_header() {
    let directory = Directory::new();
    directory.ring_without_producer();
    for (file, len) in [(directory.control_file(), 127), (directory.file("ring"), 0)] {
        File::options().write(true).open(&file).unwrap().set_len(len).unwrap();
        let needed = 128;
        assert_eq!(header_refused(&directory), HeaderError::TooSmall { len, needed });
    }
}

#[test]
fn a_file_that_is_not_a_ring_at_all() {
    let directory = Directory::new();
    let data = directory.file("ring");
    for contents in ["text ".repeat(100), "\0".repeat(4096)] {
        fs::write(&data, contents).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(header_refused(&directory), HeaderError::NotARing);
        let error = directory.refused(|| unlink(directory.segment("ring")));
        assert!(
            matches!(error, UnlinkError::NotARing { why: HeaderError::NotARing, .. }),
            "{error:?}"
        );
    }
    fs::write(&data, "short").unwrap();
    let error = directory.refused(|| unlink(directory.segment("ring")));
    assert!(matches!(error, UnlinkError::NotARing { .. }), "{error:?}");
}

#[test]
fn what_is_not_a_file_is_neither_opened_nor_removed_nor_waited_for() {
    let directory = Directory::new();
    directory.fifo("fifo");
    fs::create_dir(directory.file("directory")).unwrap();
    let _socket = UnixListener::bind(directory.file("socket")).unwrap();
    symlink("socket", directory.file("link")).unwrap();
    let mut kinds = vec![
        ("fifo", FileKind::Fifo, "a FIFO"),
        ("directory", FileKind::Directory, "a directory"),
        ("socket", FileKind::Socket, "a socket"),
        ("link", FileKind::SymbolicLink, "a symbolic link"),
    ];
    let here = File::open(directory.path()).unwrap();
    let mode = rustix::fs::Mode::RUSR;
    let null = rustix::fs::makedev(1, 3);
    let device = rustix::fs::FileType::CharacterDevice;
    match rustix::fs::mknodat(&here, "device", device, mode, null) {
        Ok(()) => kinds.push(("device", FileKind::Device, "a device")),
        Err(error) => println!("no devices here: {error}"),
    }
    for (name, kind, said) in kinds {
        let segment = || directory.segment(name);
        let error = directory.refused(|| Ring::<u64>::open(segment()));
        assert!(
            matches!(&error, OpenError::Untrusted { why: Untrusted::NotAFile { what }, .. } if *what == kind),
            "{name}: {error:?}"
        );
        assert!(error.to_string().contains(said), "{error}");
        let error = directory.refused(|| Producer::<u64>::resume(segment()));
        assert!(error.to_string().contains(said), "{error}");
        let error = directory.refused(|| unlink(segment()));
        assert!(
            matches!(error, UnlinkError::NotAFile { what, .. } if what == kind),
            "{name}: {error:?}"
        );
        assert!(error.to_string().contains(said), "{error}");
        for create in CREATIONS {
            let error = directory.refused(|| create(Options::new(16), segment()));
            let occupant = Occupant::NotAFile { what: kind };
            assert!(
                matches!(error, CreateError::AlreadyExists { what, .. } if what == occupant),
                "{name}: {error:?}"
            );
            assert!(error.to_string().contains(said), "{error}");
        }
    }
    assert_eq!(segments_in(directory.path()).unwrap(), []);
    assert!(prune(Prune::all().directory(directory.path())).unwrap().is_empty());
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let directory = Directory::new();
    let _producer = directory.ring();
    symlink("ring", directory.file("link")).unwrap();
    let error = directory.refused(|| Ring::<u64>::open(directory.segment("link")));
    let link = Untrusted::NotAFile { what: FileKind::SymbolicLink };
    assert!(matches!(&error, OpenError::Untrusted { why, .. } if *why == link), "{error:?}");
    let error = directory.refused(|| unlink(directory.segment("link")));
    assert!(matches!(error, UnlinkError::NotAFile { .. }), "{error:?}");
    assert!(Ring::<u64>::open(directory.segment("ring")).is_ok());
}

#[test]
fn a_control_file_that_is_a_symbolic_link_or_a_directory() {
    let directory = Directory::new();
    directory.ring_without_producer();
    let control = directory.control_file();
    fs::rename(&control, directory.file("elsewhere")).unwrap();
    symlink("elsewhere", &control).unwrap();
    let not_a_file = |what| Untrusted::NotAFile { what };
    assert_eq!(untrusted(&directory), not_a_file(FileKind::SymbolicLink));
    fs::remove_file(&control).unwrap();
    fs::create_dir(&control).unwrap();
    assert_eq!(untrusted(&directory), not_a_file(FileKind::Directory));
}

#[test]
fn a_file_of_another_user() {
    let directory = Directory::new();
    let _producer = directory.ring();
    let me = rustix::process::geteuid().as_raw();
    let segment: Segment = directory.segment("ring").owner(me + 1);
    let error = directory.refused(|| Ring::<u64>::open(segment));
    let owner = Untrusted::Owner { found: me, expected: me + 1 };
    assert!(matches!(&error, OpenError::Untrusted { why, .. } if *why == owner), "{error:?}");
}

#[test]
fn files_that_somebody_else_could_write() {
    let directory = Directory::new();
    directory.ring_without_producer();
    let (data, control) = (directory.file("ring"), directory.control_file());
    let set = |file: &Path, mode| {
        fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
    };
    for (file, good, bad) in
        [(&data, 0o640, &[0o620, 0o602, 0o666][..]), (&control, 0o660, &[0o602, 0o662])]
    {
        for &mode in bad {
            set(file, mode);
            assert_eq!(untrusted(&directory), Untrusted::Writable { mode });
        }
        set(file, good);
        assert!(Ring::<u64>::open(directory.segment("ring")).is_ok());
    }
}

#[test]
fn a_control_file_of_another_ring() {
    let directory = Directory::new();
    let other = directory.segment("other").keep(true);
    drop(Options::<u64>::new(16).create(&other).unwrap());
    let theirs = directory.control_file();
    fs::rename(&theirs, directory.file("theirs")).unwrap();
    directory.ring_without_producer();
    fs::rename(directory.file("theirs"), directory.control_file()).unwrap();
    assert_eq!(header_refused(&directory), HeaderError::Unpaired);
}

#[test]
fn data_without_its_control_file() {
    let directory = Directory::new();
    directory.ring_without_producer();
    fs::remove_file(directory.control_file()).unwrap();
    let error = open_refused(&directory);
    assert!(matches!(error, OpenError::ControlMissing { .. }), "{error:?}");
    // Still in the way of a new ring, until it is removed.
    let create = || Options::<u64>::new(16).create(directory.segment("ring"));
    let error = directory.refused(create);
    assert!(matches!(error, CreateError::ProducerDied { obstacle: Some(_), .. }), "{error:?}");
    assert!(unlink(directory.segment("ring")).unwrap());
    assert!(directory.names().is_empty());
}

#[test]
fn more_than_the_ring_needs_is_no_harm() {
    let directory = Directory::new();
    directory.ring_without_producer();
    for file in [directory.file("ring"), directory.control_file()] {
        File::options().write(true).open(file).unwrap().set_len(1 << 20).unwrap();
    }
    let ring = Ring::<u64>::open(directory.segment("ring")).unwrap();
    assert_eq!(ring.capacity(), 16);
    assert!(ring.subscribe(Start::Next).is_ok());
}
