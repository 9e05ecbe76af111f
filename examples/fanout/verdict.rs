//! What has to hold of the reports, and how they are shown.

use comfy_table::{CellAlignment, Table, presets::UTF8_FULL_CONDENSED};
use indicatif::HumanCount;

use crate::mix::{LONGEST, Mix};
use crate::report::Report;

const PRODUCER: &str = "producer";
const OBSERVER: &str = "observer";

type Named = (String, Report);

/// Whatever is not as it has to be, one line each.
pub(crate) fn faults(reports: &[Named], mix: &Mix, hash: u64) -> Vec<String> {
    let (messages, bytes) = (mix.messages(), mix.total());
    let mut faults = Vec::new();
    for (name, report) in reports {
        let mut must = |holds: bool, fault: String| {
            if !holds {
                faults.push(format!("{name}: {fault}"));
            }
        };
        let got = report.messages;
        match name.as_str() {
            PRODUCER => must(
                got == messages && report.bytes == bytes,
                format!("{got} messages sent instead of {messages}"),
            ),
            OBSERVER => {
                let lagged = report.lagged;
                must(
                    got + lagged == messages,
                    format!("{got} received + {lagged} lagged is not {messages} sent"),
                );
                let wrong = report.wrong;
                must(wrong == 0, format!("{wrong} messages were not what the file has there"));
            }
            _ => {
                must(
                    got == messages && report.bytes == bytes && report.lagged == 0,
                    format!("{got} messages received instead of {messages}"),
                );
                must(
                    report.hash == hash,
                    format!("the hash is {:016x}, the file's is {hash:016x}", report.hash),
                );
            }
        }
    }
    faults
}

/// What was to be sent.
pub(crate) fn sent(mix: &Mix) -> String {
    format!(
        "{} bytes in {} messages of 1 to {} bytes",
        HumanCount(mix.total()),
        HumanCount(mix.messages()),
        HumanCount(LONGEST as u64)
    )
}

/// One line per process. Each has measured its own time, from its first message to its last.
pub(crate) fn table(reports: &[Named], hash: u64) -> Table {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED).set_header([
        "",
        "sent",
        "received",
        "lagged",
        "messages/s",
        "GB/s",
        "content",
    ]);
    for (name, report) in reports {
        let messages = HumanCount(report.messages).to_string();
        let lagged = HumanCount(report.lagged).to_string();
        let none = String::new;
        let (sent, received, lagged, content) = match name.as_str() {
            PRODUCER => (messages, none(), none(), ""),
            OBSERVER if report.wrong == 0 => (none(), messages, lagged, "each message ok"),
            OBSERVER => (none(), messages, lagged, "DIFFERS"),
            _ if report.hash == hash => (none(), messages, lagged, "hash ok"),
            _ => (none(), messages, lagged, "hash DIFFERS"),
        };
        let seconds = report.time.as_secs_f64();
        let rate = HumanCount((report.messages as f64 / seconds) as u64).to_string();
        let speed = format!("{:.3}", report.bytes as f64 / 1e9 / seconds);
        table.add_row([name, &sent, &received, &lagged, &rate, &speed, content]);
    }
    for column in table.column_iter_mut().skip(1).take(5) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// The observer's account.
pub(crate) fn sums(reports: &[Named]) -> Vec<String> {
    let account = |(name, report): &Named| {
        let (received, lagged) = (report.messages, report.lagged);
        (name == OBSERVER).then(|| {
            format!(
                "{name}: received {} + lagged {} = {}",
                HumanCount(received),
                HumanCount(lagged),
                HumanCount(received + lagged)
            )
        })
    };
    reports.iter().filter_map(account).collect()
}
