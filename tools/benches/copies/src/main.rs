//! Ways to copy payload, timed: in one thread, and through a ring between two.
//!
//! ```sh
//! cargo run --release --manifest-path tools/benches/copies/Cargo.toml
//! ```
//!
//! It takes about a minute, and wants a quiet machine with two processors. What it is for are the
//! thresholds in `crates/shm/src/sync/copy`: from which length on which instructions win. Rows are
//! ways, columns are lengths, figures are nanoseconds per message: the median of some rounds, in
//! each of which all ways of a length have their turn. An argument is how many rounds (default 7).

mod forms;
mod memory;
mod one;
mod two;

use forms::Form;

/// Bytes of a message. All are multiples of 64: ends are not what this is about.
const LENGTHS: [usize; 9] =
    [64, 256, 1024, 4096, 16 << 10, 64 << 10, 256 << 10, 512 << 10, 1 << 20];

fn main() {
    let rounds = std::env::args().nth(1).map_or(Ok(7), |rounds| rounds.parse());
    let Ok(rounds @ 1..) = rounds else {
        eprintln!("usage: copies [ROUNDS]");
        std::process::exit(2);
    };
    let forms = forms::all();
    let plain = forms[0];
    let base = forms::shipped();

    let one = |title, run: fn(Form, usize) -> f64| {
        let rows: Vec<_> = forms.iter().map(|&form| (form.name, form)).collect();
        table(title, rounds, &rows, |&form, len| run(form, len));
    };
    one("one thread, copied in", one::copies_in);
    one("one thread, copied out", one::copies_out);

    if !two::can_run() {
        println!("there is one processor: nothing goes between two threads");
        return;
    }
    let both: Vec<_> = [plain, base].map(|form| (form.name, (form, form))).into();
    table("two threads, both sides", rounds, &both, |&(to, from), len| two::time(to, from, len));
    let ins: Vec<_> = forms.iter().map(|&form| (form.name, form)).collect();
    let title = "two threads, copied in so, and out as shipped";
    table(title, rounds, &ins, |&form, len| two::time(form, base, len));
    let outs: Vec<_> = forms.iter().map(|&form| (form.name, form)).collect();
    let title = "two threads, copied out so, and in as shipped";
    table(title, rounds, &outs, |&form, len| two::time(base, form, len));
}

/// Prints the medians of a row for each way.
fn table<T>(title: &str, rounds: usize, rows: &[(&str, T)], run: impl Fn(&T, usize) -> f64) {
    println!("\n{title}: ns per message");
    print!("{:<12}", "");
    LENGTHS.iter().for_each(|len| print!("{len:>10}"));
    println!();
    let columns = LENGTHS.map(|len| {
        let mut times = vec![Vec::new(); rows.len()];
        for _ in 0..rounds {
            for ((_, row), times) in rows.iter().zip(&mut times) {
                times.push(run(row, len));
            }
        }
        times.into_iter().map(median).collect::<Vec<_>>()
    });
    for (at, (name, _)) in rows.iter().enumerate() {
        print!("{name:<12}");
        columns.iter().for_each(|column| print!("{:>10.1}", column[at]));
        println!();
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
