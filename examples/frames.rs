//! Video frames, written where they are read: nothing is copied on the way.
//!
//! ```text
//! frames [COUNT]
//! ```
//!
//! A camera sends `COUNT` frames (300 by default) of 1920 by 1080 pixels with a byte and a half
//! each, through a ring of four, to two processes of their own: one that looks at every frame, and
//! one that shows the newest of those that have come.

use std::error::Error;
use std::process::ExitCode;

type Outcome = Result<String, Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        [] => sides::camera(300),
        ["keeper", name] => sides::keeper(name),
        ["viewer", name] => sides::viewer(name),
        [count] => match count.parse() {
            Ok(count) => sides::camera(count),
            Err(_) => Err("usage: frames [COUNT]".into()),
        },
        _ => Err("usage: frames [COUNT]".into()),
    };
    match outcome {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(all(feature = "std", target_os = "linux"))]
mod sides {
    use std::process::{Child, Command};
    use std::time::{Duration, Instant};

    use ringway::error::RecvError;
    use ringway::{Options, Ring, Start, Subscriber};
    use zerocopy::{FromBytes, Immutable, IntoBytes};

    use super::Outcome;

    const PIXELS: usize = 1920 * 1080;
    /// How long each side waits for the others to be there.
    const PATIENCE: Duration = Duration::from_secs(10);

    /// A frame as a camera gives it: a byte of brightness for each pixel, and half a byte of
    /// colour.
    #[derive(FromBytes, IntoBytes, Immutable)]
    #[repr(C)]
    struct Frame {
        number: u64,
        picture: [u64; PIXELS * 3 / 2 / 8],
    }

    /// What the picture of a frame is made of.
    fn shade(number: u64) -> u64 {
        number.wrapping_mul(0x0101_0101_0101_0101)
    }

    pub(super) fn camera(count: u64) -> Outcome {
        let name = format!("ringway-frames-{}", std::process::id());
        let options = Options::<Frame>::new(4).subscribers(2).observers(false);
        let mut producer = options.create(name.as_str())?;
        let mut crew = [start("keeper", &name)?, start("viewer", &name)?];
        producer.wait_for_consumers(crew.len(), PATIENCE)?;
        let begun = Instant::now();
        for number in 0..count {
            let mut loan = producer.reserve()?;
            let frame =
                loan.get_mut().ok_or("no consumer may look at a frame before it is sent")?;
            frame.number = number;
            frame.picture.fill(shade(number));
            loan.commit();
        }
        producer.flush(PATIENCE)?;
        let time = begun.elapsed();
        producer.close().unwrap();
        for child in &mut crew {
            if !child.wait()?.success() {
                return Err("a consumer has seen a picture that was not sent".into());
            }
        }
        let rate = count as f64 / time.as_secs_f64();
        let bytes = rate * size_of::<Frame>() as f64 / 1e9;
        Ok(format!("camera: {count} frames, {rate:.0}/s, {bytes:.1} GB/s to each"))
    }

    fn start(role: &str, name: &str) -> std::io::Result<Child> {
        Command::new(std::env::current_exe()?).args([role, name]).spawn()
    }

    /// Joins, to read frames where they lie.
    fn subscribe(ring: &Ring<Frame>) -> Result<Subscriber<Frame>, Box<dyn std::error::Error>> {
        let subscriber = ring.subscribe(Start::Next)?;
        // SAFETY: the processes that have the ring's name run this program, which follows the
        // protocol.
        Ok(unsafe { subscriber.assume_protocol() })
    }

    fn check(frame: &Frame) -> Result<(), Box<dyn std::error::Error>> {
        let whole = frame.picture.iter().all(|&pixels| pixels == shade(frame.number));
        if whole { Ok(()) } else { Err(format!("frame {} is torn", frame.number).into()) }
    }

    pub(super) fn keeper(name: &str) -> Outcome {
        let mut subscriber = subscribe(&Ring::open_wait(name, PATIENCE)?)?;
        let mut frames = 0;
        loop {
            match subscriber.recv_ref() {
                Ok(frame) => {
                    check(&frame)?;
                    if frame.number != frames {
                        return Err(format!("frame {} came, not {frames}", frame.number).into());
                    }
                }
                Err(RecvError::Closed) => return Ok(format!("keeper: {frames} frames, all whole")),
                Err(error) => return Err(error.into()),
            }
            frames += 1;
        }
    }

    pub(super) fn viewer(name: &str) -> Outcome {
        let mut subscriber = subscribe(&Ring::open_wait(name, PATIENCE)?)?;
        let (mut shown, mut skipped) = (0, 0);
        loop {
            // Of all that has come meanwhile only the newest is shown.
            let frames = match subscriber.recv_refs(4) {
                Ok(frames) => frames,
                Err(RecvError::Closed) => {
                    return Ok(format!("viewer: {shown} frames shown, {skipped} skipped"));
                }
                Err(error) => return Err(error.into()),
            };
            skipped += frames.len() - 1;
            if let Some(newest) = frames.iter().last() {
                check(newest)?;
                shown += 1;
            }
        }
    }
}

/// Elsewhere there are no segments.
#[cfg(not(all(feature = "std", target_os = "linux")))]
mod sides {
    use super::Outcome;

    pub(super) fn camera(_count: u64) -> Outcome {
        Err("shared-memory segments take Linux and the feature `std`".into())
    }

    pub(super) fn keeper(_name: &str) -> Outcome {
        camera(0)
    }

    pub(super) fn viewer(_name: &str) -> Outcome {
        camera(0)
    }
}
