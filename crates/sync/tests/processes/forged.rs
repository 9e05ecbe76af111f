//! Files that no creator writes.

use std::fs;

use ringway_sync::{Plan, Region};

use crate::child::Directory;

fn uses(directory: &Directory) -> bool {
    let place = directory.place("region");
    if let Ok(look) = Region::look(&place) {
        for object in look.objects() {
            let _ = look.peek::<[u64; 8]>(&object.name);
        }
    }
    let opened = Region::open(&place);
    if let Ok(region) = &opened {
        for object in region.objects() {
            let _ = region.mutex::<[u64; 8]>(&object.name).map(|mutex| drop(mutex.try_lock()));
            let _ = region.lock(&object.name).map(|lock| drop(lock.try_lock()));
        }
    }
    opened.is_ok()
}

#[test]
fn a_file_whose_bytes_or_length_were_changed_is_an_error_or_does_no_harm() {
    let directory = Directory::new();
    let plan = Plan::new().seats(3).mutex("pair", [5u64; 8]).lock("lock");
    drop(plan.create(directory.place("region")).unwrap());
    let path = directory.0.join("region");
    let good = fs::read(&path).unwrap();
    let (mut opened, mut refused) = (0, 0);
    for at in 0..good.len() {
        for change in [1, 0x80, 0xff] {
            let mut bytes = good.clone();
            bytes[at] ^= change;
            fs::write(&path, bytes).unwrap();
            match uses(&directory) {
                true => opened += 1,
                false => refused += 1,
            }
        }
    }
    assert!(opened > 100 && refused > 100, "{opened} opened, {refused} refused");
    for len in [0, 1, 63, 64, 127, 128, 191, 192, 500, good.len() - 1] {
        fs::write(&path, &good[..len]).unwrap();
        assert!(!uses(&directory), "{len} bytes");
    }
    fs::write(&path, [good, vec![1; 5000]].concat()).unwrap();
    assert!(uses(&directory), "a file may be longer");
}
