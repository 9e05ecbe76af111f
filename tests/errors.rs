//! What errors say, and what they leave to their sources.
#![cfg(all(feature = "std", not(ringway_loom)))]

use std::error::Error;
use std::iter::successors;

use ringway::error::{
    BatchError, FlushError, LivenessError, RecvError, RecvTimeoutError, SendError, SendSyncError,
    SendTimeoutError, TryRecvError, TrySendError, WaitError,
};

/// An error and its sources, one after the other.
fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    successors(Some(error), |&error| error.source()).map(|error| error.to_string()).collect()
}

/// `EACCES`.
const NOT_ASKED: LivenessError = LivenessError::new(13);

fn that_have_a_source() -> Vec<Box<dyn Error>> {
    let batch = BatchError { sent: 3, error: SendError::Liveness(NOT_ASKED) };
    vec![
        Box::new(TrySendError::Liveness(NOT_ASKED)),
        Box::new(SendError::Liveness(NOT_ASKED)),
        Box::new(SendTimeoutError::Liveness(NOT_ASKED)),
        Box::new(FlushError::Liveness(NOT_ASKED)),
        Box::new(WaitError::Liveness(NOT_ASKED)),
        Box::new(SendSyncError::NotSent(SendTimeoutError::Liveness(NOT_ASKED))),
        Box::new(SendSyncError::NotReleased(FlushError::Liveness(NOT_ASKED))),
        Box::new(batch),
        Box::new(TryRecvError::Liveness(NOT_ASKED)),
        Box::new(RecvError::Liveness(NOT_ASKED)),
        Box::new(RecvTimeoutError::Liveness(NOT_ASKED)),
    ]
}

#[test]
fn an_error_and_its_sources_say_each_thing_once() {
    for error in that_have_a_source() {
        let said = chain(&*error);
        assert_eq!(said.len(), 2, "{said:?}");
        assert_eq!(said[1], NOT_ASKED.to_string());
        assert!(!said[0].contains(&said[1]), "{said:?}");
    }
}

#[test]
fn the_alternate_form_is_the_text_and_its_sources() {
    for error in that_have_a_source() {
        assert_eq!(format!("{error:#}"), chain(&*error).join(": "));
    }
    assert_eq!(format!("{:#}", TryRecvError::Empty), TryRecvError::Empty.to_string());
}

#[test]
fn an_error_that_holds_another_has_its_text() {
    let held = SendError::TooLarge { len: 9, max: 8 };
    let error = BatchError { sent: 3, error: held };
    assert!(error.to_string().ends_with(&held.to_string()));
    assert!(error.source().is_none());
}

#[test]
fn an_error_has_one_text_whichever_call_returned_it() {
    for (one, other) in [
        (RecvError::Closed.to_string(), TryRecvError::Closed.to_string()),
        (RecvError::Lagged(7).to_string(), RecvTimeoutError::Lagged(7).to_string()),
        (RecvError::ProducerDied.to_string(), TryRecvError::ProducerDied.to_string()),
    ] {
        assert_eq!(one, other);
    }
}
